#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/bus/schedule.h"

static void slots_do_not_drift(void **state)
{
	struct schedule schedule = schedule_start(1000, 500, 0, 1);

	(void)state;
	/* Every poll ends 7 ms late; slot 1000 is still exact. */
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(schedule_due(&schedule), 1000 + i * 500);
		schedule_next(&schedule, schedule_due(&schedule) + 7);
	}
	assert_int_equal(schedule.missed, 0);
}

static void a_poll_of_400_ms_misses_nothing(void **state)
{
	struct schedule schedule = schedule_start(0, 500, 0, 1);

	(void)state;
	for (int i = 0; i < 100; i++)
		schedule_next(&schedule, schedule_due(&schedule) + 400);
	assert_int_equal(schedule.slot, 100);
	assert_int_equal(schedule.missed, 0);
}

static void a_poll_of_800_ms_misses_every_second_slot(void **state)
{
	struct schedule schedule = schedule_start(0, 500, 0, 1);

	(void)state;
	for (int i = 0; i < 100; i++)
		schedule_next(&schedule, schedule_due(&schedule) + 800);
	assert_int_equal(schedule.slot, 200);
	assert_int_equal(schedule.missed, 100);
}

static void a_slot_that_is_due_right_now_is_not_missed(void **state)
{
	struct schedule schedule = schedule_start(0, 500, 0, 1);

	(void)state;
	schedule_next(&schedule, 500);
	assert_int_equal(schedule_due(&schedule), 500);
	schedule_next(&schedule, 1001);
	assert_int_equal(schedule_due(&schedule), 1500);
	assert_int_equal(schedule.missed, 1);
}

static void twenty_meters_share_a_time_and_the_groups_share_the_period(void **state)
{
	(void)state;
	for (size_t i = 0; i < 90; i++) {
		struct schedule schedule = schedule_start(3000, 500, i, 90);

		assert_int_equal(schedule_due(&schedule), 3000 + 100 * (int)(i / 20));
		/* A poll that took no time advances to the next slot as well. */
		schedule_next(&schedule, schedule_due(&schedule));
		assert_int_equal(schedule_due(&schedule), 3500 + 100 * (int)(i / 20));
	}
}

static void slots_in_which_others_came_first_are_not_missed(void **state)
{
	struct schedule schedule = schedule_start(0, 500, 0, 1);

	(void)state;
	schedule_begin(&schedule, 3700);
	schedule_next(&schedule, 3900);
	assert_int_equal(schedule_due(&schedule), 4000);
	assert_int_equal(schedule.missed, 0);
	/* In time, and not before it. */
	schedule_begin(&schedule, 4010);
	schedule_next(&schedule, 4600);
	assert_int_equal(schedule_due(&schedule), 5000);
	assert_int_equal(schedule.missed, 1);
}

static void pauses_double_up_to_the_longest(void **state)
{
	const ms_t expected[] = {500, 1000, 2000, 4000, 8000, 10000, 10000};

	(void)state;
	for (int i = 0; i < 7; i++) {
		assert_int_equal(schedule_pause(500, i + 1, 10000, 0), expected[i]);
		for (uint32_t chance = 1; chance < 5000; chance += 13) {
			ms_t pause = schedule_pause(500, i + 1, 10000, chance);

			assert_true(pause <= expected[i] && pause >= expected[i] / 2);
		}
	}
	assert_int_equal(schedule_pause(60000, 40, 10000, 0), 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_do_not_drift),
		cmocka_unit_test(a_poll_of_400_ms_misses_nothing),
		cmocka_unit_test(a_poll_of_800_ms_misses_every_second_slot),
		cmocka_unit_test(a_slot_that_is_due_right_now_is_not_missed),
		cmocka_unit_test(twenty_meters_share_a_time_and_the_groups_share_the_period),
		cmocka_unit_test(slots_in_which_others_came_first_are_not_missed),
		cmocka_unit_test(pauses_double_up_to_the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
