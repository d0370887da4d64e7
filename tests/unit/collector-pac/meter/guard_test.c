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

static void a_single_low_reading_is_in_doubt(void **state)
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

static void a_jump_beyond_the_limit_is_in_doubt(void **state)
{
	struct guard guard = guard_start(600000);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	/* 600 kW for an hour and a minute */
	assert_int_equal(guard_judge(&guard, 1000000 + 610001, 3600000), GUARD_JUMPS);
	assert_int_equal(guard_judge(&guard, 1000000 + 610000, 3600000), GUARD_ACCEPTED);
}

static void the_limit_is_max_w_or_ten_times_the_nominal_power(void **state)
{
	(void)state;
	assert_true(guard_limit(70000, 60000) == 70000);
	assert_true(guard_limit(0, 60000) == 600000);
	assert_true(isnan(guard_limit(0, NAN)));
}

/* An index in steps, at 3 kW and at most 3.3 kW, polled every half second. */
static void an_index_in_steps_is_not_in_doubt(void **state)
{
	static const double steps[] = {1, 10, 100, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct guard guard = guard_start(3300);

		/* The first step comes soon after the start. */
		for (ms_t t = 0; t < 2 * MS_PER_HOUR; t += 500) {
			double wh = steps[i] *
				    floor((999.5 + 3000 * (double)t / MS_PER_HOUR) / steps[i]);

			assert_int_equal(guard_judge(&guard, wh, t), GUARD_ACCEPTED);
		}
		assert_true(guard.step_wh == steps[i]);
	}
}

static void once_the_step_is_known_a_longer_one_is_in_doubt(void **state)
{
	struct guard guard = guard_start(3300);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	assert_int_equal(guard_judge(&guard, 1000100, 500), GUARD_ACCEPTED);
	assert_int_equal(guard_judge(&guard, 1000400, 1000), GUARD_JUMPS);
	assert_int_equal(guard_judge(&guard, 1000300, 1500), GUARD_ACCEPTED);
}

static void without_a_limit_no_jump_is_too_large(void **state)
{
	struct guard guard = guard_start(NAN);

	(void)state;
	guard_judge(&guard, 1000000, 0);
	assert_int_equal(guard_judge(&guard, 9e12, 500), GUARD_ACCEPTED);
}

static void a_limit_that_is_far_too_low_does_not_stop_the_index(void **state)
{
	struct guard guard = guard_start(1);
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 301; i++) {
		enum guard_verdict verdict =
			guard_judge(&guard, 1000000 + i * 2000 + i * i, i * 500);

		accepted += verdict == GUARD_ACCEPTED || verdict == GUARD_GIVES_WAY;
	}
	assert_in_range(accepted, 101, 301);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_growing_index_passes),
		cmocka_unit_test(a_single_low_reading_is_in_doubt),
		cmocka_unit_test(a_fallen_index_is_believed_once_three_readings_agree),
		cmocka_unit_test(readings_that_keep_falling_do_not_agree),
		cmocka_unit_test(a_jump_beyond_the_limit_is_in_doubt),
		cmocka_unit_test(the_limit_is_max_w_or_ten_times_the_nominal_power),
		cmocka_unit_test(an_index_in_steps_is_not_in_doubt),
		cmocka_unit_test(once_the_step_is_known_a_longer_one_is_in_doubt),
		cmocka_unit_test(without_a_limit_no_jump_is_too_large),
		cmocka_unit_test(a_limit_that_is_far_too_low_does_not_stop_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
