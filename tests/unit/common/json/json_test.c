#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/json/json.h"
#include "tests/unit/common/seed.h"

/* The text of one value; takes it over. */
static const char *text_of(json_t *value)
{
	static char copy[400];
	char *text = json_text(json_pack("[o]", value));

	assert_non_null(text);
	snprintf(copy, sizeof(copy), "%.*s", (int)strlen(text) - 2, text + 1);
	free(text);
	return copy;
}

static void numbers_look_as_people_write_them(void **state)
{
	(void)state;
	assert_string_equal(text_of(json_number(48)), "48");
	assert_string_equal(text_of(json_number(-48)), "-48");
	assert_string_equal(text_of(json_number(0.1)), "0.1");
	assert_string_equal(text_of(json_number(0.1 + 0.2)), "0.3");
	assert_string_equal(text_of(json_number(812345678.25)), "812345678.25");
	assert_string_equal(text_of(json_number(619.10050176)), "619.10050176");
	assert_string_equal(text_of(json_number(999999999999999)), "999999999999999");
	assert_string_equal(text_of(json_number(1e15)), "1e15");
	assert_string_equal(text_of(json_number(-0.0)), "0");
}

static void unknown_numbers_are_null(void **state)
{
	(void)state;
	assert_string_equal(text_of(json_number(NAN)), "null");
	assert_string_equal(text_of(json_number(INFINITY)), "null");
	assert_string_equal(text_of(json_number(-INFINITY)), "null");
	assert_string_equal(text_of(json_rounded(NAN, 2)), "null");
}

static void rounding_is_half_away_from_zero_in_decimal(void **state)
{
	(void)state;
	assert_string_equal(text_of(json_rounded(2.5, 0)), "3");
	assert_string_equal(text_of(json_rounded(-2.5, 0)), "-3");
	assert_string_equal(text_of(json_rounded(0.125, 2)), "0.13");
	assert_string_equal(text_of(json_rounded(1.005, 2)), "1.01");
	assert_string_equal(text_of(json_rounded(-1.005, 2)), "-1.01");
	assert_string_equal(text_of(json_rounded(1.0049999, 2)), "1");
	assert_string_equal(text_of(json_rounded(8.713386244999, 8)), "8.71338624");
	assert_string_equal(text_of(json_rounded(812345.678, 2)), "812345.68");
	assert_string_equal(text_of(json_rounded(-0.001, 2)), "0");
}

static void every_decimal_half_goes_away_from_zero(void **state)
{
	char expected[32];

	(void)state;
	for (int i = 1; i < 200000; i += 2) {
		/* i / 2 hundredths: …5 in the third place */
		double value = (i / 2 * 10 + 5) / 1000.0;

		snprintf(expected, sizeof(expected), "%.15g", (i / 2 + 1) / 100.0);
		assert_string_equal(text_of(json_rounded(value, 2)), expected);
		snprintf(expected, sizeof(expected), "%.15g", -(i / 2 + 1) / 100.0);
		assert_string_equal(text_of(json_rounded(-value, 2)), expected);
	}
}

static void values_without_such_digits_stay_as_they_are(void **state)
{
	(void)state;
	assert_string_equal(text_of(json_rounded(1e14, 2)), "100000000000000");
	assert_string_equal(text_of(json_rounded(1e300, 8)), "1e300");
	assert_string_equal(text_of(json_rounded(-1e300, 0)), "-1e300");
}

static void rounding_never_moves_a_number_by_more_than_half_a_place(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 50000; i++) {
		int decimals = (int)seed_below(9);
		double value = (seed_fraction() - 0.5) * pow(10, (double)seed_below(6));
		json_t *rounded = json_rounded(value, decimals);
		double moved = fabs(json_number_value(rounded) - value);

		assert_true(moved <= 0.5 * pow(10, -decimals) + fabs(value) * 1e-15);
		json_decref(rounded);
	}
}

static void fields_keep_their_order_on_one_line(void **state)
{
	json_t *object = json_object();
	char *text;

	(void)state;
	json_object_set_new(object, "zone", json_string("été"));
	json_object_set_new(object, "a", json_number(1.5));
	json_object_set_new(object, "m", json_null());
	text = json_text(object);
	assert_string_equal(text, "{\"zone\":\"été\",\"a\":1.5,\"m\":null}");
	free(text);
	assert_null(json_text(NULL));
	assert_null(json_text_exact(NULL));
}

static void exact_text_brings_every_double_back(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		double value = seed_fraction() * pow(10, (double)seed_below(30) - 10);
		char *text = json_text_exact(json_pack("[o]", json_number(value)));
		json_t *back = json_loads(text, 0, NULL);

		assert_true(json_number_value(json_array_get(back, 0)) == value);
		json_decref(back);
		free(text);
	}
}

static void exact_text_is_short_where_short_is_exact(void **state)
{
	char *text = json_text_exact(json_pack("[fi]", 0.1, 7));

	(void)state;
	assert_string_equal(text, "[0.1,7]");
	free(text);
}

/* `reason` is how it begins; what jansson says after the place is its own affair. */
static void assert_refused(const char *payload, size_t size, const char *reason)
{
	struct fail fail = {0};

	assert_null(json_object_read(payload, size, &fail));
	assert_memory_equal(fail.text, reason, strlen(reason));
	assert_true(strlen(fail.text) >= strlen("expected x"));
}

#define REFUSED(payload, reason) assert_refused(payload, sizeof(payload) - 1, reason)

static void only_one_whole_object_is_read(void **state)
{
	struct fail fail = {0};
	json_t *object = json_object_read("{\"a\":1} trailing", 7, &fail);

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(object, "a")), 1);
	json_decref(object);
	REFUSED("", "expected a JSON object, found nothing");
	REFUSED("[1]", "expected a JSON object, found an array");
	REFUSED("5", "line 1, column 1: ");
	REFUSED("{\"a\":1", "line 1, column 6: ");
	REFUSED("{\"a\":1}x", "line 1, column 8: ");
	REFUSED("{\"a\":1,\n\"a\":2}", "line 2, column 3: ");
	REFUSED("{\"a\":1e999}", "line 1, column 10: ");
	REFUSED("{\"a\":99999999999999999999}", "line 1, column 25: ");
	REFUSED("{\"a\":NaN}", "line 1, column 8: ");
	REFUSED("{\"a\0\":1}", "line 1, column 3: ");
	REFUSED("{\"a\":1}\0", "line 1, column 8: ");
	REFUSED("{\"a\":\"\\u0000\"}", "line 1, column 13: ");
	REFUSED("{\"a\":\"\xc3\"}", "line 1, column 6: ");
}

static void what_was_found_is_described_in_few_words(void **state)
{
	static const struct {
		const char *json;
		const char *found;
	} cases[] = {
		{"-3", "-3"},
		{"5.0", "5.0"},
		{"0.1", "0.1"},
		{"-1.7976931348623157e308", "-1.79769313486232e308"},
		{"9223372036854775807", "9223372036854775807"},
		{"true", "true"},
		{"null", "null"},
		{"\"off\"", "\"off\""},
		{"[1,2]", "an array"},
		{"{\"a\":1}", "an object"},
		{"\"1234567890123456789012345678901234567890123456\"",
		 "\"1234567890123456789012345678901234567890…\""},
		{"\"123456789012345678901234567890123456789012345\"",
		 "\"123456789012345678901234567890123456789012345\""},
	};
	char found[JSON_FOUND_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);

		assert_non_null(json);
		assert_string_equal(json_found(found, json), cases[i].found);
		json_decref(json);
	}
	assert_string_equal(json_found(found, NULL), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_look_as_people_write_them),
		cmocka_unit_test(unknown_numbers_are_null),
		cmocka_unit_test(rounding_is_half_away_from_zero_in_decimal),
		cmocka_unit_test(every_decimal_half_goes_away_from_zero),
		cmocka_unit_test(values_without_such_digits_stay_as_they_are),
		cmocka_unit_test(rounding_never_moves_a_number_by_more_than_half_a_place),
		cmocka_unit_test(fields_keep_their_order_on_one_line),
		cmocka_unit_test(exact_text_brings_every_double_back),
		cmocka_unit_test(exact_text_is_short_where_short_is_exact),
		cmocka_unit_test(only_one_whole_object_is_read),
		cmocka_unit_test(what_was_found_is_described_in_few_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
