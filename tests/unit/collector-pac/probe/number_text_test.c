#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/probe/number_text.h"

static void expect(struct register_value value, double number, const char *expected)
{
	char text[NUMBER_TEXT_SIZE];

	number_text(text, &value, number);
	assert_string_equal(text, expected);
}

static void a_float32_has_seven_digits_and_three_decimals_at_most(void **state)
{
	struct register_value value = {.type = VALUE_FLOAT32, .scale = 1};

	(void)state;
	expect(value, 398.371643066406, "398.372");
	expect(value, 48210.5, "48210.5");
	expect(value, 48210.55859375, "48210.56");
	expect(value, 1234567936, "1234567936");
	expect(value, 230, "230");
	expect(value, 0, "0");
	expect(value, -0.0004, "0");
}

static void an_integer_has_the_steps_of_its_scale(void **state)
{
	struct register_value value = {.type = VALUE_U32, .scale = 0.1};

	(void)state;
	expect(value, 0.1 * 3, "0.3");
	value.scale = 0.01;
	expect(value, 0.01 * 1234567, "12345.67");
	value.scale = 100;
	expect(value, 1200, "1200");
	value.scale = -1;
	expect(value, -5, "-5");
}

static void flags_are_hexadecimal(void **state)
{
	(void)state;
	expect((struct register_value){.type = VALUE_U32, .scale = 1, .unit = "bits"}, 255,
	       "0x000000FF");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_float32_has_seven_digits_and_three_decimals_at_most),
		cmocka_unit_test(an_integer_has_the_steps_of_its_scale),
		cmocka_unit_test(flags_are_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
