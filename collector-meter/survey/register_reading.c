#include "collector-meter/survey/register_reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX   15
#define DECIMALS_MAX 6
#define PULSES_MAX   9e15

bool register_reading_parse(struct register_reading *reading, const char *text, struct fail *fail)
{
	size_t digits = strspn(text, "0123456789");
	size_t mark = strspn(text + digits, ".,");
	size_t decimals = strspn(text + digits + mark, "0123456789");
	char plain[DIGITS_MAX + 2] = "";

	if (mark > 1 || text[digits + mark + decimals] || !digits || (mark && !decimals))
		return fail_set(fail,
				"\"%.40s\" is not a register reading, expected one like 812345.6",
				text);
	if (digits + decimals > DIGITS_MAX || decimals > DECIMALS_MAX)
		return fail_set(fail,
				"\"%.40s\" has too many digits, expected up to %d, %d of "
				"them decimals",
				text, DIGITS_MAX, DECIMALS_MAX);
	strncpy(plain, text, sizeof(plain) - 1);
	if (mark)
		plain[digits] = '.';
	reading->value = strtod(plain, NULL);
	reading->decimals = (int)decimals;
	return true;
}

bool register_reading_pulses(const struct register_reading *reading, double unit_per_pulse,
			     int64_t *pulses, struct fail *fail)
{
	double count = reading->value / unit_per_pulse;

	if (!(count <= PULSES_MAX))
		return fail_set(fail, "%.15g is too many pulses, expected up to 9e15", count);
	*pulses = llround(count);
	return true;
}
