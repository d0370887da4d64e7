#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/spelling.h"

static void each_slip_of_the_finger_is_one_step(void **state)
{
	(void)state;
	assert_int_equal(spelling_distance("poll_ms", "poll_ms"), 0);
	assert_int_equal(spelling_distance("pol_ms", "poll_ms"), 1);
	assert_int_equal(spelling_distance("polll_ms", "poll_ms"), 1);
	assert_int_equal(spelling_distance("poll_mz", "poll_ms"), 1);
	assert_int_equal(spelling_distance("opll_ms", "poll_ms"), 1);
	assert_int_equal(spelling_distance("kitten", "sitting"), 3);
	assert_int_equal(spelling_distance("", "abc"), 3);
	assert_int_equal(spelling_distance("abc", ""), 3);
}

static void words_too_long_for_a_field_are_far_from_everything(void **state)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyzabcdef";
	static const char longer[] = "abcdefghijklmnopqrstuvwxyzabcdefg";

	(void)state;
	assert_int_equal(spelling_distance(longest, longest), 0);
	assert_true(spelling_distance(longer, longest) == SIZE_MAX);
	assert_true(spelling_distance(longest, longer) == SIZE_MAX);
}

static void short_words_are_taken_for_others_less_easily(void **state)
{
	(void)state;
	assert_int_equal(spelling_limit("ip"), 1);
	assert_int_equal(spelling_limit("hsot"), 2);
	assert_int_equal(spelling_limit("nominal_w"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slip_of_the_finger_is_one_step),
		cmocka_unit_test(words_too_long_for_a_field_are_far_from_everything),
		cmocka_unit_test(short_words_are_taken_for_others_less_easily),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
