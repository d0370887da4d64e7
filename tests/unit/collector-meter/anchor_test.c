#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-meter/anchor.h"

#define WALL (INT64_C(1358204400) * NS_PER_SECOND)

static void the_first_offset_is_right_to_half_a_millisecond(void **state)
{
	(void)state;
	assert_int_equal(anchor_offset(0, 5 * NS_PER_SECOND, WALL + 400000), 1358204395000);
	assert_int_equal(anchor_offset(0, 5 * NS_PER_SECOND, WALL + 600000), 1358204395001);
	assert_int_equal(anchor_offset(0, 5 * NS_PER_SECOND, WALL - 400000), 1358204395000);
}

static void a_drift_of_less_than_a_millisecond_leaves_it(void **state)
{
	(void)state;
	for (ns_t drift = -999999; drift <= 999999; drift += 111111)
		assert_int_equal(anchor_offset(1358204395000, 5 * NS_PER_SECOND, WALL + drift),
				 1358204395000);
	assert_int_equal(anchor_offset(1358204395000, 5 * NS_PER_SECOND, WALL + NS_PER_MS),
			 1358204395001);
	assert_int_equal(anchor_offset(1358204395000, 5 * NS_PER_SECOND, WALL - NS_PER_MS),
			 1358204394999);
}

static void a_step_of_the_wall_clock_moves_it_at_once(void **state)
{
	(void)state;
	assert_int_equal(anchor_offset(1358204395000, 5 * NS_PER_SECOND, 10 * NS_PER_SECOND), 5000);
	assert_int_equal(anchor_offset(5000, 6 * NS_PER_SECOND, WALL), 1358204394000);
	/* A wall clock behind the monotonic one, as on a machine without a clock of its own. */
	assert_int_equal(anchor_offset(5000, 60 * NS_PER_SECOND, 10 * NS_PER_SECOND), -50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_offset_is_right_to_half_a_millisecond),
		cmocka_unit_test(a_drift_of_less_than_a_millisecond_leaves_it),
		cmocka_unit_test(a_step_of_the_wall_clock_moves_it_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
