#include "collector-pac/meter/decimal.h"

#include <math.h>
#include <stdbool.h>

/* Products of decimal fractions differ from whole numbers by some units in the last place. */
#define NEAR 1e-12

static bool is_whole(double number)
{
	return fabs(number - rint(number)) <= NEAR * fabs(number);
}

struct decimal decimal_of(double scale)
{
	if (is_whole(scale))
		return (struct decimal){rint(scale), 1};
	if (is_whole(1 / scale))
		return (struct decimal){1, rint(1 / scale)};
	return (struct decimal){scale, 1};
}

double decimal_apply(struct decimal decimal, double number)
{
	return number * decimal.multiply / decimal.divide;
}
