#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/commands/command.h"

#define NOW INT64_C(1764000000000)

static const char key[] = "source/atelier/self/swap";

static bool decode(struct command *command, const char *of, const char *payload, struct fail *fail)
{
	return command_decode(command, of, payload, strlen(payload), NOW, fail);
}

static void a_swap_names_the_source_and_both_indices_in_mwh(void **state)
{
	struct command command;

	(void)state;
	assert_true(decode(&command, key,
			   "{\"t\":1763999999000,\"final_wh\":812345678.2505,\"initial_wh\":0}",
			   NULL));
	assert_string_equal(command.collector, "atelier");
	assert_string_equal(command.source, "self");
	assert_int_equal(command.t, 1763999999000);
	assert_false(command.is_pulse);
	assert_int_equal(command.final, 812345678251);
	assert_int_equal(command.initial, 0);
}

static void a_swap_of_a_pulse_meter_is_in_pulses(void **state)
{
	struct command command;

	(void)state;
	assert_true(decode(&command, key, "{\"final_pulses\":9000,\"initial_pulses\":12}", NULL));
	assert_true(command.is_pulse);
	assert_int_equal(command.final, 9000);
	assert_int_equal(command.initial, 12);
}

static void a_swap_without_a_time_is_now(void **state)
{
	struct command command;

	(void)state;
	assert_true(decode(&command, key, "{\"final_wh\":1,\"initial_wh\":2}", NULL));
	assert_int_equal(command.t, NOW);
	assert_true(decode(&command, key, "{\"t\":null,\"final_wh\":1,\"initial_wh\":2}", NULL));
	assert_int_equal(command.t, NOW);
}

static void what_is_wrong_is_named(void **state)
{
	static const char *const wrong[][2] = {
		{"{\"final_wh\":1}", "initial_wh: expected a number from 0 to 9e12, found nothing"},
		{"{\"final_wh\":-1,\"initial_wh\":0}",
		 "final_wh: expected a number from 0 to 9e12, found -1"},
		{"{\"final_pulses\":1.5,\"initial_pulses\":0}",
		 "final_pulses: expected a whole number from 0 to 9e15, found 1.5"},
		{"{\"final_wh\":1,\"initial_pulses\":0}",
		 "expected final_wh and initial_wh, or final_pulses and initial_pulses"},
		{"{}", "expected final_wh and initial_wh, or final_pulses and initial_pulses"},
		{"{\"t\":1764000000001,\"final_wh\":1,\"initial_wh\":0}",
		 "t: expected whole milliseconds since 1970, not in the future, found "
		 "1764000000001"},
		{"{\"final_wh\":1,\"inital_wh\":0}",
		 "inital_wh: unknown field, expected t and final_wh, initial_wh or final_pulses, "
		 "initial_pulses"},
		{"{\"a_member_with_a_very_long_name\":1}",
		 "a_member_with_a_very_long_name: unknown field, expected t and final_wh, "
		 "initial_wh or final_pulses, initial_pulses"},
		{"", "expected a JSON object, found nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct command command;
		struct fail fail = {0};

		assert_false(decode(&command, key, wrong[i][0], &fail));
		assert_string_equal(fail.text, wrong[i][1]);
	}
}

static void another_key_is_refused_with_what_there_is(void **state)
{
	static const char *const keys[] = {
		"",
		"zone",
		"source/atelier/self",
		"source/atelier/self/swap/",
		"source/a/-b/swap",
		"source/atelier/self/swapped",
		"source/A/b/swap",
		"source/a-name-of-more-than-32-characters-is-none/b/swap",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct command command;
		struct fail fail = {0};

		assert_false(decode(&command, keys[i], "{\"final_wh\":1,\"initial_wh\":0}", &fail));
		assert_string_equal(fail.text, "no such command, expected "
					       "set/source/<collector>/<source>/swap");
	}
}

static void what_is_too_long_is_not_read(void **state)
{
	static char payload[COMMAND_SIZE_MAX + 1];
	struct command command;
	struct fail fail = {0};

	(void)state;
	memset(payload, ' ', sizeof(payload));
	assert_false(command_decode(&command, key, payload, sizeof(payload), NOW, &fail));
	assert_string_equal(fail.text, "4097 bytes are too many, expected at most 4096");
}

static void an_answer_says_ok_or_why_not(void **state)
{
	char *good = command_answer(key, NULL);
	char *bad = command_answer("zone/\"", "no such command");

	(void)state;
	assert_string_equal(good, "{\"key\":\"source/atelier/self/swap\",\"ok\":true}");
	assert_string_equal(bad, "{\"key\":\"zone/\\\"\",\"ok\":false,"
				 "\"error\":\"no such command\"}");
	free(good);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swap_names_the_source_and_both_indices_in_mwh),
		cmocka_unit_test(a_swap_of_a_pulse_meter_is_in_pulses),
		cmocka_unit_test(a_swap_without_a_time_is_now),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(another_key_is_refused_with_what_there_is),
		cmocka_unit_test(what_is_too_long_is_not_read),
		cmocka_unit_test(an_answer_says_ok_or_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
