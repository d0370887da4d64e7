#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/bus/turns.h"

#define METERS	  20
#define PERIOD_MS 500
#define DEAD	  7

struct bus {
	struct poll_turn turn[METERS];
	struct turns turns;
	int polls[METERS];
	ms_t last[METERS], longest[METERS]; /* time of the last poll, longest time between two */
};

static void bus_open(struct bus *bus, size_t count)
{
	*bus = (struct bus){.turns = {.count = count, .turns = bus->turn}};
	for (size_t i = 0; i < count; i++)
		bus->turn[i].schedule = schedule_start(0, PERIOD_MS, i, count);
}

/* Polls until `end`: `lasts_ms` for each, `silent_ms` for the dead one (0: none is dead). */
static void bus_run(struct bus *bus, ms_t end, ms_t lasts_ms, ms_t silent_ms)
{
	ms_t now = 0;

	while (now < end) {
		size_t next = turns_next(&bus->turns, now);
		bool silent = silent_ms > 0 && next == DEAD;

		if (next == bus->turns.count) {
			assert_true(turns_due(&bus->turns) > now);
			now = turns_due(&bus->turns);
			continue;
		}
		turn_begin(&bus->turns, next, now);
		if (bus->polls[next]++ > 0 && now - bus->last[next] > bus->longest[next])
			bus->longest[next] = now - bus->last[next];
		bus->last[next] = now;
		now += silent ? silent_ms : lasts_ms;
		turn_end(&bus->turns, next, now, silent, 0);
	}
}

static void a_bus_with_time_to_spare_keeps_the_period(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, 4);
	bus_run(&bus, 60000, 20, 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(bus.polls[i], 120);
		assert_int_equal(bus.turn[i].schedule.missed, 0);
		assert_int_equal(turns_period(&bus.turns, (size_t)i), PERIOD_MS);
	}
}

static void a_slow_bus_is_shared_equally_and_the_period_stretches(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, METERS);
	bus_run(&bus, 400000, 200, 0);
	for (int i = 0; i < METERS; i++) {
		assert_int_equal(bus.polls[i], 100);
		assert_int_equal(bus.longest[i], 4000);
		/* Waiting for one's turn is no failure. */
		assert_int_equal(bus.turn[i].schedule.missed, 0);
		assert_int_equal(turns_period(&bus.turns, (size_t)i), 4000);
	}
	assert_int_equal(turns_round(&bus.turns), 4000);
}

static void a_bus_that_is_just_too_slow_is_shared_equally(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, 3);
	bus_run(&bus, 60000, 200, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bus.polls[i], 100);
}

static void a_dead_meter_costs_the_others_one_timeout_a_round_and_then_less(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, METERS);
	bus_run(&bus, 600000, 200, 1000);
	for (int i = 0; i < METERS; i++) {
		if (i == DEAD)
			continue;
		assert_true(bus.longest[i] <= 19 * 200 + 1000);
		/* All but 1 s in 30 is theirs. */
		assert_true(bus.polls[i] >= 150 * 95 / 100);
	}
	/* At most twice a minute, once it is known. */
	assert_in_range(bus.polls[DEAD], 15, 25);
	assert_int_equal(turns_round(&bus.turns), 19 * 200);
}

static void a_meter_that_is_back_gets_its_share_at_once(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, METERS);
	bus_run(&bus, 100000, 200, 1000);
	assert_true(bus.turn[DEAD].silent > 3);
	turn_begin(&bus.turns, DEAD, 200000);
	turn_end(&bus.turns, DEAD, 200200, false, 0);
	assert_int_equal(bus.turn[DEAD].silent, 0);
	assert_int_equal(schedule_due(&bus.turn[DEAD].schedule), 200500);
}

static void a_meter_alone_keeps_to_its_slots(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, 1);
	bus_run(&bus, 60000, 800, 0);
	assert_int_equal(bus.polls[0], 60);
	assert_int_equal(bus.turn[0].schedule.missed, 60);
	assert_int_equal(turns_period(&bus.turns, 0), 1000);
}

static void meters_of_different_periods_get_their_own(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, 2);
	bus.turn[1].schedule.period_ms = 5000;
	bus_run(&bus, 60000, 50, 0);
	assert_int_equal(bus.polls[0], 120);
	assert_int_equal(bus.polls[1], 12);
}

static void a_connection_that_fails_is_tried_after_the_pause(void **state)
{
	struct bus bus;

	(void)state;
	bus_open(&bus, 1);
	turn_begin(&bus.turns, 0, 0);
	turn_skip(&bus.turns, 0, 20, 2000);
	assert_int_equal(turns_due(&bus.turns), 2500);
	assert_int_equal(bus.turn[0].schedule.missed, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bus_with_time_to_spare_keeps_the_period),
		cmocka_unit_test(a_slow_bus_is_shared_equally_and_the_period_stretches),
		cmocka_unit_test(a_bus_that_is_just_too_slow_is_shared_equally),
		cmocka_unit_test(a_dead_meter_costs_the_others_one_timeout_a_round_and_then_less),
		cmocka_unit_test(a_meter_that_is_back_gets_its_share_at_once),
		cmocka_unit_test(a_meter_alone_keeps_to_its_slots),
		cmocka_unit_test(meters_of_different_periods_get_their_own),
		cmocka_unit_test(a_connection_that_fails_is_tried_after_the_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
