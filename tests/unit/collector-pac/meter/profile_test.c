#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/profiles/profiles.h"

/* -------- the built-in profiles -------- */

static void every_built_in_profile_loads_under_its_own_name(void **state)
{
	(void)state;
	for (size_t i = 0; profiles_name(i) != NULL; i++) {
		struct profile profile = {0};
		struct fail fail = {0};

		if (!profiles_load(&profile, profiles_name(i), &fail))
			fail_msg("%s", fail.text);
		assert_string_equal(profile.name, profiles_name(i));
		assert_true(profile.label[0] != '\0');
		assert_true(profile.source.count > 0);
		config_free(profile_keys, &profile);
	}
}

/* Every register of a block belongs to exactly one value: a meter refuses parts of values. */
static void check_tiling(const struct register_block *block)
{
	int64_t at = block->address;

	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);

		assert_int_equal(value->address, at);
		at += value_words((enum value_type)value->type);
	}
	assert_int_equal(at, block->address + block->count);
}

static void every_block_of_a_built_in_profile_is_made_of_whole_values(void **state)
{
	(void)state;
	for (size_t i = 0; profiles_name(i) != NULL; i++) {
		struct profile profile = {0};
		int polled = 0;

		assert_true(profiles_load(&profile, profiles_name(i), NULL));
		for (size_t j = 0; j < profile.blocks.count; j++) {
			const struct register_block *block = profile_block(&profile, j);

			assert_in_range(block->count, 1, BLOCK_REGISTERS);
			check_tiling(block);
			polled += block_is_polled(block);
		}
		assert_in_range(polled, 1, 2);
		config_free(profile_keys, &profile);
	}
}

static void the_pac2200_is_not_asked_for_43_to_54(void **state)
{
	struct profile profile = {0};

	(void)state;
	assert_true(profiles_load(&profile, "pac2200", NULL));
	for (size_t i = 0; i < profile.blocks.count; i++) {
		const struct register_block *block = profile_block(&profile, i);

		assert_true(block->address > 54 || block->address + block->count <= 43);
	}
	config_free(profile_keys, &profile);
}

static void power_of_a_pac_is_at_65_and_its_index_at_801_and_805(void **state)
{
	const char *const names[] = {"pac2200", "pac3200", "pac3220", "pac4200", "generic"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct profile profile = {0};
		int64_t sum = 0;

		assert_true(profiles_load(&profile, names[i], NULL));
		for (size_t j = 0; j < profile.blocks.count; j++) {
			const struct register_block *block = profile_block(&profile, j);

			for (size_t k = 0; k < block->values.count; k++) {
				const struct register_value *value = block_value(block, k);

				if (value->is_power)
					assert_int_equal(value->address, 65);
				if (value->is_index)
					sum += value->address;
			}
		}
		assert_int_equal(sum, 801 + 805);
		config_free(profile_keys, &profile);
	}
}

static void an_unknown_profile_is_refused(void **state)
{
	struct profile profile = {0};
	struct fail fail = {0};

	(void)state;
	assert_false(profiles_load(&profile, "pac9999", &fail));
	assert_non_null(strstr(fail.text, "pac9999"));
	assert_non_null(strstr(fail.text, "--profiles"));
	config_free(profile_keys, &profile);
}

static void a_name_with_a_slash_is_a_file(void **state)
{
	struct profile profile = {0};
	struct fail fail = {0};

	(void)state;
	if (!profiles_load(&profile, "collector-pac/profiles/pac4200.json", &fail))
		fail_msg("%s", fail.text);
	assert_string_equal(profile.name, "pac4200");
	config_free(profile_keys, &profile);
	assert_false(profiles_load(&profile, "/nowhere/meter.json", &fail));
	assert_non_null(strstr(fail.text, "/nowhere/meter.json"));
}

/* -------- profiles of one's own -------- */

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

static void a_wrong_profile_is_refused_with_the_place(void **state)
{
	(void)state;
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":12,\"type\":\"float64\"}"),
		       "mine.json: blocks[0]: values[0]: \"index\" is at 12 to 15, outside its "
		       "block 10 to 13");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":9,\"type\":\"u16\"}"), "outside");
	expect_refusal(MINIMAL("{\"name\":\"other\",\"address\":10,\"type\":\"u16\"}"),
		       "mine.json: wh[0]: no value is called \"index\"");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\"},"
			       "{\"name\":\"index\",\"address\":11,\"type\":\"u16\"}"),
		       "there is another \"index\"");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\",\"scale\":0}"),
		       "blocks[0].values[0]: scale");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\",\"minimum\":2,"
			       "\"maximum\":1}"),
		       "minimum");
	expect_refusal(MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"float16\"}"),
		       "float16");
	expect_refusal("{\"name\":\"mine\",\"blocks\":[{\"function\":6,\"address\":1,\"count\":1,"
		       "\"values\":[]}],\"wh\":[\"x\"]}",
		       "blocks[0].function");
	expect_refusal(
		"{\"name\":\"mine\",\"blocks\":[{\"address\":1,\"count\":126,\"values\":[]}],"
		"\"wh\":[\"x\"]}",
		"blocks[0].count");
	expect_refusal(
		"{\"name\":\"mine\",\"blocks\":[{\"address\":65535,\"count\":2,\"values\":["
		"{\"name\":\"index\",\"address\":65535,\"type\":\"u16\"}]}],\"wh\":[\"index\"]}",
		"65535");
}

static void values_are_scaled_and_judged(void **state)
{
	const uint16_t registers[] = {50, 7, 0xffff, 1};
	struct profile profile;
	struct fail fail = {0};
	const struct register_block *block;
	struct totals totals;

	(void)state;
	if (!read_profile(
		    &profile,
		    MINIMAL("{\"name\":\"index\",\"address\":10,\"type\":\"u16\",\"scale\":1000},"
			    "{\"name\":\"low\",\"address\":11,\"type\":\"u16\",\"minimum\":8},"
			    "{\"name\":\"swapped\",\"address\":12,\"type\":\"u32\","
			    "\"words\":\"low-first\"}"),
		    &fail))
		fail_msg("%s", fail.text);
	block = profile_block(&profile, 0);
	assert_true(block_decode(block, block_value(block, 0), registers) == 50000);
	assert_true(isnan(block_decode(block, block_value(block, 1), registers)));
	assert_true(block_decode(block, block_value(block, 2), registers) == 131071);

	totals = totals_start(&profile);
	totals_add(&totals, block, registers);
	assert_true(totals_index(&totals) == 50000);
	assert_true(isnan(totals.power_w)); /* the profile names none */
	config_free(profile_keys, &profile);
}

static void a_pac3200_gives_power_and_the_sum_of_both_tariffs(void **state)
{
	uint16_t power[6] = {0x473c, 0x5280};
	/* 812345678.25 and 0.5 */
	uint16_t energy[8] = {0x41c8, 0x35b4, 0xa720, 0, 0x3fe0};
	struct profile profile = {0};
	struct totals totals;

	(void)state;
	assert_true(profiles_load(&profile, "pac3200", NULL));
	totals = totals_start(&profile);
	for (size_t i = 0; i < profile.blocks.count; i++) {
		const struct register_block *block = profile_block(&profile, i);

		if (block_is_polled(block))
			totals_add(&totals, block, block_has_index(block) ? energy : power);
	}
	assert_true(totals.power_w == 48210.5);
	assert_true(totals_index(&totals) == 812345678.75);
	config_free(profile_keys, &profile);
}

static void an_unknown_part_makes_the_sum_unknown(void **state)
{
	uint16_t energy[8] = {0x41c8, 0x35b4, 0xa720, 0, 0x7ff8, 0, 0, 1};
	struct profile profile = {0};
	struct totals totals;

	(void)state;
	assert_true(profiles_load(&profile, "generic", NULL));
	totals = totals_start(&profile);
	totals_add(&totals, profile_block(&profile, 1), energy);
	assert_true(isnan(totals_index(&totals)));
	config_free(profile_keys, &profile);
}

static void an_index_beyond_the_books_is_unknown(void **state)
{
	(void)state;
	assert_true(isnan(totals_index(&(struct totals){.wh = 9.1e12})));
	assert_true(isnan(totals_index(&(struct totals){.wh = -1})));
	assert_true(totals_index(&(struct totals){.wh = 9e12}) == 9e12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_built_in_profile_loads_under_its_own_name),
		cmocka_unit_test(every_block_of_a_built_in_profile_is_made_of_whole_values),
		cmocka_unit_test(the_pac2200_is_not_asked_for_43_to_54),
		cmocka_unit_test(power_of_a_pac_is_at_65_and_its_index_at_801_and_805),
		cmocka_unit_test(an_unknown_profile_is_refused),
		cmocka_unit_test(a_name_with_a_slash_is_a_file),
		cmocka_unit_test(a_wrong_profile_is_refused_with_the_place),
		cmocka_unit_test(values_are_scaled_and_judged),
		cmocka_unit_test(a_pac3200_gives_power_and_the_sum_of_both_tariffs),
		cmocka_unit_test(an_unknown_part_makes_the_sum_unknown),
		cmocka_unit_test(an_index_beyond_the_books_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
