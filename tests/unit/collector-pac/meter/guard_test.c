#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/meter/guard.h"

static void a_growing_index_passes(void **state)
{
	struct guard guard = guard_start(60000);

	(void)state;
	assert_int_equal(guard_judge(&guard, 1000000, 0), GUARD_ACCEPTED);
	assert_int_equal(guard_judge(&guard, 1000000, 500), GUARD_ACCEPTED);
	assert_int_equal(guard_judge(&guard, 1000008.3, 1000), GUARD_ACCEPTED);
}

static void a_single_low_reading_is_held_back(void **state)
{
	struct guard guard = guard_start(NAN);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	assert_int_equal(guard_judge(&guard, 0, 500), GUARD_FALLS);
	assert_int_equal(guard_judge(&guard, 1000005, 1000), GUARD_ACCEPTED);
	/* The earlier held readings no longer count. */
	assert_int_equal(guard_judge(&guard, 0, 1500), GUARD_FALLS);
	assert_int_equal(guard_judge(&guard, 0, 2000), GUARD_FALLS);
	assert_true(guard.wh == 1000005);
}

static void a_fallen_index_is_believed_once_three_readings_agree(void **state)
{
	struct guard guard = guard_start(60000);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	assert_int_equal(guard_judge(&guard, 998500, 500), GUARD_FALLS);
	assert_int_equal(guard_judge(&guard, 998500, 1000), GUARD_FALLS);
	assert_int_equal(guard_judge(&guard, 998501, 1500), GUARD_GIVES_WAY);
	assert_int_equal(guard_judge(&guard, 998502, 2000), GUARD_ACCEPTED);
}

static void readings_that_keep_falling_do_not_agree(void **state)
{
	struct guard guard = guard_start(NAN);

	(void)state;
	guard_judge(&guard, 1000, 0);
	for (int i = 1; i < 20; i++)
		assert_int_equal(guard_judge(&guard, 1000 - i, 500 * i), GUARD_FALLS);
}

static void a_jump_beyond_ten_times_nominal_is_held_back(void **state)
{
	struct guard guard = guard_start(60000);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	/* 10 x 60 kW for 1 h, and 1 kWh for a step of one minute */
	assert_int_equal(guard_judge(&guard, 1000000 + 600000 + 1001, 3600000), GUARD_JUMPS);
	assert_int_equal(guard_judge(&guard, 1000000 + 600000 + 1000, 3600000), GUARD_ACCEPTED);
}

static void without_a_nominal_power_no_jump_is_too_large(void **state)
{
	struct guard guard = guard_start(NAN);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	assert_int_equal(guard_judge(&guard, 9e12, 500), GUARD_ACCEPTED);
}

static void a_nominal_power_that_is_far_too_small_does_not_stop_the_index(void **state)
{
	struct guard guard = guard_start(1);
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 301; i++) {
		enum guard_verdict verdict = guard_judge(&guard, 1000000 + i * 10, i * 500);

		accepted += verdict == GUARD_ACCEPTED || verdict == GUARD_GIVES_WAY;
	}
	assert_int_equal(accepted, 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_growing_index_passes),
		cmocka_unit_test(a_single_low_reading_is_held_back),
		cmocka_unit_test(a_fallen_index_is_believed_once_three_readings_agree),
		cmocka_unit_test(readings_that_keep_falling_do_not_agree),
		cmocka_unit_test(a_jump_beyond_ten_times_nominal_is_held_back),
		cmocka_unit_test(without_a_nominal_power_no_jump_is_too_large),
		cmocka_unit_test(a_nominal_power_that_is_far_too_small_does_not_stop_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
