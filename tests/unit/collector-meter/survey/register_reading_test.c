#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "collector-meter/survey/register_reading.h"

static void a_register_is_read_with_a_point_or_a_comma(void **state)
{
	struct register_reading reading;

	(void)state;
	assert_true(register_reading_parse(&reading, "812345.6", NULL));
	assert_true(reading.value == 812345.6);
	assert_int_equal(reading.decimals, 1);
	assert_true(register_reading_parse(&reading, "0812345,60", NULL));
	assert_true(reading.value == 812345.6);
	assert_int_equal(reading.decimals, 2);
	assert_true(register_reading_parse(&reading, "0", NULL));
	assert_true(reading.value == 0);
	assert_int_equal(reading.decimals, 0);
	assert_true(register_reading_parse(&reading, "123456789.123456", NULL));
	assert_true(reading.value == 123456789.123456);
	assert_true(register_reading_parse(&reading, "999999999999999", NULL));
	assert_true(reading.value == 999999999999999.0);
}

static void what_is_no_reading_is_refused_with_a_reason(void **state)
{
	static const char *const texts[] = {"",	     "-5",	"+5",	"1e5",
					    "1.2.3", "5.",	".5",	" 5",
					    "5 kWh", "812 345", "0x10", "9999999999999999",
					    "nan",   "inf",	"1.,2", "1.1234567"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct register_reading reading;
		struct fail fail = {0};

		assert_false(register_reading_parse(&reading, texts[i], &fail));
		assert_non_null(strstr(fail.text, texts[i]));
		assert_non_null(strstr(fail.text, "expected"));
	}
}

static void pulses_are_integers(void **state)
{
	struct register_reading reading = {.value = 812345.6};
	struct fail fail = {0};
	int64_t pulses;

	(void)state;
	assert_true(register_reading_pulses(&reading, 0.08, &pulses, &fail));
	assert_int_equal(pulses, 10154320);
	reading.value = 812345.67;
	assert_true(register_reading_pulses(&reading, 0.08, &pulses, &fail));
	assert_int_equal(pulses, 10154321);
	reading.value = 999999999999999;
	assert_false(register_reading_pulses(&reading, 0.08, &pulses, &fail));
	assert_non_null(strstr(fail.text, "too many pulses"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_is_read_with_a_point_or_a_comma),
		cmocka_unit_test(what_is_no_reading_is_refused_with_a_reason),
		cmocka_unit_test(pulses_are_integers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
