#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/profiles/profiles.h"

#define PROFILE(values, sums)                                                                      \
	"{\"name\":\"mine\",\"blocks\":[{\"address\":10,\"count\":4,\"values\":[" values           \
	"]}]," sums "}"
#define MINIMAL(values)	      PROFILE(values, "\"wh\":[\"index\"]")
#define INDEX(more)	      "{\"name\":\"index\",\"address\":10,\"type\":\"u16\"" more "}"
#define WIDE(more)	      "{\"name\":\"index\",\"address\":10,\"type\":\"u32\"" more "}"
#define OTHER(name, at, type) "{\"name\":\"" name "\",\"address\":" at ",\"type\":\"" type "\"}"

static bool read_profile(struct profile *profile, const char *text, struct fail *fail)
{
	*profile = profile_defaults;
	return config_read(profile_keys, profile, "mine.json", text, strlen(text), fail) &&
	       profile_resolve(profile, "mine.json", fail);
}

static void expect_refusal(const char *text, const char *reason)
{
	struct profile profile;
	struct fail fail = {0};

	assert_false(read_profile(&profile, text, &fail));
	if (strstr(fail.text, reason) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", fail.text, reason);
	config_free(profile_keys, &profile);
}

static void expect_index(const char *text, const uint16_t *registers, double wh)
{
	struct profile profile;
	struct totals totals;
	struct fail fail = {0};

	if (!read_profile(&profile, text, &fail))
		fail_msg("%s", fail.text);
	totals = totals_start(&profile);
	totals_add(&totals, profile_block(&profile, 0), registers);
	if (totals_index(&totals) != wh)
		fail_msg("%s: %.17g, expected %.17g", text, totals.wh, wh);
	config_free(profile_keys, &profile);
}

static void an_order_that_the_type_cannot_have_is_refused(void **state)
{
	(void)state;
	expect_refusal(MINIMAL(INDEX(",\"order\":\"CDAB\"")),
		       "mine.json: blocks[0].values[0]: order: a value of one register has no "
		       "words to swap, expected ABCD or BADC");
	expect_refusal(MINIMAL(INDEX(",\"words\":\"low-first\"")), "words: a value of one");
	expect_refusal(MINIMAL(WIDE(",\"words\":\"low-first\",\"order\":\"CDAB\"")),
		       "words: expected this or order, found both");
	expect_refusal(MINIMAL(WIDE(",\"order\":\"ACBD\"")),
		       "blocks[0].values[0].order: expected one of \"ABCD\", \"CDAB\", \"BADC\", "
		       "\"DCBA\"");
}

static void a_value_has_the_order_that_it_names(void **state)
{
	const uint16_t words[] = {0x0102, 0x0304, 0, 0};

	(void)state;
	expect_index(MINIMAL(WIDE("")), words, 0x01020304);
	expect_index(MINIMAL(WIDE(",\"order\":\"CDAB\"")), words, 0x03040102);
	expect_index(MINIMAL(WIDE(",\"words\":\"low-first\"")), words, 0x03040102);
	expect_index(MINIMAL(WIDE(",\"order\":\"BADC\"")), words, 0x02010403);
	expect_index(MINIMAL(WIDE(",\"order\":\"DCBA\"")), words, 0x04030201);
	expect_index(MINIMAL(INDEX(",\"order\":\"BADC\"")), words, 0x0201);
}

static void values_that_overlap_are_refused(void **state)
{
	(void)state;
	expect_refusal(MINIMAL(WIDE("") "," OTHER("next", "11", "u16")),
		       "mine.json: blocks[0]: values[1]: \"next\" is at 11 to 11, where \"index\" "
		       "is");
	expect_refusal(MINIMAL(OTHER("next", "10", "u16") "," INDEX("")), "where \"next\" is");
}

static void a_marker_has_the_width_of_its_value(void **state)
{
	(void)state;
	expect_refusal(MINIMAL(INDEX(",\"not_available\":[0,\"0x18000\"]")),
		       "mine.json: blocks[0].values[0]: not_available: 0x18000 is out of range, "
		       "expected 16 bits");
	expect_refusal(MINIMAL(INDEX(",\"not_available\":[-1]")), "whole number of 0 or more");
}

static void a_scale_that_leads_nowhere_is_refused(void **state)
{
	(void)state;
	expect_refusal(MINIMAL(INDEX(",\"scale_by\":\"index\"")),
		       "mine.json: blocks[0].values[0]: scale_by: \"index\" is this value itself");
	expect_refusal(MINIMAL(INDEX(",\"scale_as\":\"factor\"")),
		       "scale_as: expected together with scale_by only");
	expect_refusal(
		MINIMAL(INDEX(",\"scale_by\":\"a\"") ",{\"name\":\"a\",\"address\":11,"
						     "\"type\":\"u16\",\"scale_by\":\"index\"}"),
		"\"a\" has a scale_by itself");
}

static void a_net_register_is_no_index(void **state)
{
	(void)state;
	expect_refusal(MINIMAL(INDEX(",\"net\":true")),
		       "mine.json: wh[0]: \"index\" can fall, expected an index that only grows: "
		       "use one source for import and one for export");
}

static void a_decimal_scale_has_no_rounding_error(void **state)
{
	uint16_t words[] = {0, 0, 0, 0};
	struct decimal tenth = decimal_of(0.1), hundreds = decimal_of(1e-5 * 1000);

	(void)state;
	assert_true(tenth.multiply == 1 && tenth.divide == 10);
	assert_true(hundreds.multiply == 1 && hundreds.divide == 100);
	assert_true(decimal_apply(decimal_of(1.5), 3) == 4.5);
	for (uint16_t number = 0; number < 10000; number++) {
		words[0] = number;
		expect_index(MINIMAL(INDEX(",\"unit\":\"kWh\",\"scale\":0.01")), words,
			     number * 10);
		expect_index(MINIMAL(INDEX(",\"scale\":0.01")), words, number / 100.0);
	}
}

static void a_profile_of_a_pulse_counter_has_pulses_and_no_power(void **state)
{
	const uint16_t words[] = {0x075b, 0xcd15, 0, 0};
	struct profile profile;
	struct fail fail = {0};

	(void)state;
	expect_index(PROFILE(WIDE(""), "\"pulses\":{\"value\":\"index\"}"), words, 123456789);
	if (!read_profile(&profile,
			  PROFILE(WIDE(""), "\"pulses\":{\"value\":\"index\",\"modulus\":1000}"),
			  &fail))
		fail_msg("%s", fail.text);
	assert_true(profile_counts_pulses(&profile));
	assert_int_equal(profile.pulses.modulus, 1000);
	assert_true(isnan(totals_start(&profile).power_w));
	config_free(profile_keys, &profile);
}

static void pulses_that_are_none_are_refused(void **state)
{
	(void)state;
	expect_refusal(PROFILE(INDEX(""), "\"pulses\":{\"value\":\"other\"}"),
		       "mine.json: pulses.value: no value is called \"other\"");
	expect_refusal(PROFILE(INDEX(",\"unit\":\"kWh\""), "\"pulses\":{\"value\":\"index\"}"),
		       "mine.json: pulses.value: \"index\" has the unit \"kWh\", expected pulses "
		       "or none");
	expect_refusal(PROFILE(INDEX(",\"scale\":10"), "\"pulses\":{\"value\":\"index\"}"),
		       "not a whole number without scale");
	expect_refusal(PROFILE(INDEX(""), "\"wh\":[\"index\"],\"pulses\":{\"value\":\"index\"}"),
		       "mine.json: pulses: expected this or wh, found both");
	expect_refusal(PROFILE(INDEX(""), "\"power_w\":[\"index\"],"
					  "\"pulses\":{\"value\":\"index\"}"),
		       "mine.json: power_w: a counter of pulses has no power");
	expect_refusal(PROFILE(INDEX(""), "\"power_w\":[]"), "mine.json: wh: missing");
}

static void reactive_energy_can_be_the_index_of_a_source(void **state)
{
	/* 1000.5 and 2 varh */
	const uint16_t varh[32] = {[8] = 0x408f, 0x4400, 0, 0, 0x4000};
	struct profile profile = {0};
	struct fail fail = {0};
	struct totals totals;
	int polled = 0;

	(void)state;
	assert_true(profiles_load(&profile, "pac3200", &fail));
	assert_true(profile_make_reactive(&profile, &fail));
	totals = totals_start(&profile);
	for (size_t i = 0; i < profile.blocks.count; i++) {
		const struct register_block *block = profile_block(&profile, i);

		if (!block_is_polled(block))
			continue;
		polled++;
		assert_int_equal(block->address, 809);
		totals_add(&totals, block, varh);
	}
	assert_int_equal(polled, 1);
	assert_true(totals_index(&totals) == 1002.5);
	assert_true(isnan(totals.power_w));
	config_free(profile_keys, &profile);

	assert_true(read_profile(&profile, MINIMAL(INDEX("")), &fail));
	assert_false(profile_make_reactive(&profile, &fail));
	assert_string_equal(fail.text, "profile \"mine\" has no reactive energy (varh)");
	config_free(profile_keys, &profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_that_the_type_cannot_have_is_refused),
		cmocka_unit_test(a_value_has_the_order_that_it_names),
		cmocka_unit_test(values_that_overlap_are_refused),
		cmocka_unit_test(a_marker_has_the_width_of_its_value),
		cmocka_unit_test(a_scale_that_leads_nowhere_is_refused),
		cmocka_unit_test(a_net_register_is_no_index),
		cmocka_unit_test(a_decimal_scale_has_no_rounding_error),
		cmocka_unit_test(a_profile_of_a_pulse_counter_has_pulses_and_no_power),
		cmocka_unit_test(pulses_that_are_none_are_refused),
		cmocka_unit_test(reactive_energy_can_be_the_index_of_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
