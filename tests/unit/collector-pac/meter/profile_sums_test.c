#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/meter/profile.h"

#define MINIMAL(values)                                                                            \
	"{\"name\":\"mine\",\"blocks\":[{\"address\":10,\"count\":4,\"values\":[" values "]}],"    \
	"\"wh\":[\"index\"]}"

static bool read_profile(struct profile *profile, const char *text, struct fail *fail)
{
	*profile = (struct profile){0};
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

static void a_sum_in_a_wrong_unit_or_that_can_fall_is_refused(void **state)
{
	(void)state;
	expect_refusal(
		MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\",\"unit\":\"J\"}"),
		"mine.json: wh[0]: \"index\" has the unit \"J\", expected Wh, kWh, MWh or GWh");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"i16\","
			       "\"minimum\":-5}"),
		       "mine.json: wh[0]: \"index\" can fall");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\",\"scale\":-1}"),
		       "can fall");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\","
			       "\"scale_by\":\"sf\"}"),
		       "mine.json: blocks[0].values[0].scale_by: no value of the same block is "
		       "called \"sf\"");
	expect_refusal(
		MINIMAL("{\"name\":\"index\",\"address\":\"10h\",\"type\":\"u16\"}"),
		"mine.json: blocks[0].values[0].address: expected a whole number of 0 or more, "
		"or a text such as \"0x7FFF\"");
}

static void expect_index(const char *value, const uint16_t *registers, double wh)
{
	struct profile profile;
	struct totals totals;
	struct fail fail = {0};

	if (!read_profile(&profile, value, &fail))
		fail_msg("%s", fail.text);
	totals = totals_start(&profile);
	totals_add(&totals, profile_block(&profile, 0), registers);
	if (isnan(wh) ? !isnan(totals.wh) : totals.wh != wh)
		fail_msg("%s: %.15g, expected %.15g", value, totals.wh, wh);
	config_free(profile_keys, &profile);
}

static void an_index_is_converted_from_its_unit(void **state)
{
	const uint16_t registers[] = {0x0001, 0xe240, 0, 0}; /* 123456 */

	(void)state;
	expect_index(
		MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u32\",\"unit\":\"Wh\"}"),
		registers, 123456);
	expect_index(MINIMAL("{\"name\":\"index\",\"address\":\"0x000A\",\"type\":\"u32\","
			     "\"unit\":\"kWh\",\"scale\":0.1}"),
		     registers, 12345600);
	expect_index(
		MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u32\",\"unit\":\"MWh\"}"),
		registers, 123456e6);
}

static void a_value_that_is_not_available_is_no_number(void **state)
{
	const uint16_t all_ones[] = {0xffff, 0xffff, 0, 0}, zero[] = {0, 0, 0, 0};
	const char *value = MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u32\","
				    "\"not_available\":[0,\"0xFFFFFFFF\"]}");

	(void)state;
	expect_index(value, all_ones, NAN);
	expect_index(value, zero, NAN);
	expect_index(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\"}"), zero, 0);
}

static void a_value_is_scaled_by_another_one(void **state)
{
	const uint16_t tenths[] = {4821, 0xffff, 0, 0}, thousands[] = {4821, 3, 0, 0},
		       none[] = {4821, 0x8000, 0, 0};
	const char *sunspec = MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\","
				      "\"scale_by\":\"sf\",\"scale_as\":\"power-of-ten\"},"
				      "{\"name\":\"sf\",\"address\":11,\"type\":\"i16\","
				      "\"not_available\":\"0x8000\"}");

	(void)state;
	expect_index(sunspec, tenths, 482.1);
	expect_index(sunspec, thousands, 4821000);
	expect_index(sunspec, none, NAN);
	expect_index(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\","
			     "\"scale_by\":\"ratio\",\"scale_as\":\"factor\"},"
			     "{\"name\":\"ratio\",\"address\":11,\"type\":\"u16\"}"),
		     thousands, 14463);
}

static void a_signature_fits_by_its_bits_or_by_its_range(void **state)
{
	const uint16_t suns[] = {0x5375, 0x6e53}, volts[] = {0x4366, 0x3334};
	struct signature_register marker = {.type = VALUE_U32,
					    .equals = {1, {0x53756e53}},
					    .minimum = -INFINITY,
					    .maximum = INFINITY};
	struct signature_register range = {.type = VALUE_FLOAT32, .minimum = 80, .maximum = 300};

	(void)state;
	assert_true(signature_fits(&marker, suns));
	assert_false(signature_fits(&marker, volts));
	assert_true(signature_fits(&range, volts)); /* 230.2 */
	range.maximum = 230;
	assert_false(signature_fits(&range, volts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_in_a_wrong_unit_or_that_can_fall_is_refused),
		cmocka_unit_test(an_index_is_converted_from_its_unit),
		cmocka_unit_test(a_value_that_is_not_available_is_no_number),
		cmocka_unit_test(a_value_is_scaled_by_another_one),
		cmocka_unit_test(a_signature_fits_by_its_bits_or_by_its_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
