#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/meter/schedule.h"

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

static void meters_share_the_period_among_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10; i++) {
		struct schedule schedule = schedule_start(3000, 500, i, 10);

		assert_int_equal(schedule_due(&schedule), 3000 + 50 * (int)i);
		/* A poll that took no time advances to the next slot as well. */
		schedule_next(&schedule, schedule_due(&schedule));
		assert_int_equal(schedule_due(&schedule), 3500 + 50 * (int)i);
	}
}

static void pauses_double_up_to_ten_seconds(void **state)
{
	const ms_t expected[] = {500, 1000, 2000, 4000, 8000, 10000, 10000};

	(void)state;
	for (int i = 0; i < 7; i++) {
		assert_int_equal(schedule_pause(500, i + 1, 0), expected[i]);
		for (uint32_t chance = 1; chance < 5000; chance += 13) {
			ms_t pause = schedule_pause(500, i + 1, chance);

			assert_true(pause <= expected[i] && pause >= expected[i] / 2);
		}
	}
	assert_int_equal(schedule_pause(60000, 40, 0), 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_do_not_drift),
		cmocka_unit_test(a_poll_of_400_ms_misses_nothing),
		cmocka_unit_test(a_poll_of_800_ms_misses_every_second_slot),
		cmocka_unit_test(a_slot_that_is_due_right_now_is_not_missed),
		cmocka_unit_test(meters_share_the_period_among_them),
		cmocka_unit_test(pauses_double_up_to_ten_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
