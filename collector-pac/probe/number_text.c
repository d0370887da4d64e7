#include "collector-pac/probe/number_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS_MAXIMUM 3
#define FLOAT32_DIGITS	 7

static int limited(double decimals)
{
	return (int)fmax(0, fmin(decimals, DECIMALS_MAXIMUM));
}

/* A float32 has some seven digits; an integer has steps of its scale. */
static int decimals_of(const struct register_value *value, double number)
{
	if (value->type == VALUE_FLOAT64 || value->scale_by[0] != '\0')
		return DECIMALS_MAXIMUM;
	if (value->type == VALUE_FLOAT32)
		return number == 0 ? 0 : limited(FLOAT32_DIGITS - 1 - floor(log10(fabs(number))));
	return limited(ceil(-log10(fabs(value->scale)) - 1e-9));
}

void rounded_text(char text[NUMBER_TEXT_SIZE], double number, int decimals)
{
	double unit = pow(10, decimals);
	char *end;

	/* Without a sign if it is rounded to 0. */
	number = fabs(number) * unit < 0.5 ? 0 : number;
	snprintf(text, NUMBER_TEXT_SIZE, "%.*f", decimals, number);
	if (strchr(text, '.') == NULL)
		return;
	end = text + strlen(text);
	while (end[-1] == '0')
		end--;
	*(end[-1] == '.' ? end - 1 : end) = '\0';
}

void number_text(char text[NUMBER_TEXT_SIZE], const struct register_value *value, double number)
{
	if (strcmp(value->unit, "bits") == 0)
		snprintf(text, NUMBER_TEXT_SIZE, "0x%08llX", (unsigned long long)number);
	else
		rounded_text(text, number, decimals_of(value, number));
}
