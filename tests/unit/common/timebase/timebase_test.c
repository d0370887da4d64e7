#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/timebase/timebase.h"

/* 2013-01-15 00:00 in Paris, an hour after the machine's start. */
#define MIDNIGHT INT64_C(1358204400000)
#define HOUR	 (3600 * NS_PER_SECOND)
#define BASE	 (MIDNIGHT - MS_PER_HOUR)

static struct timebase_clocks clocks_at(ns_t boot, ms_t offset)
{
	return (struct timebase_clocks){
		.boot = boot, .wall = boot + offset * NS_PER_MS, .trust = CLOCK_TRUSTED};
}

static struct timebase known_base(void)
{
	return (struct timebase){.known = true, .offset = BASE};
}

/* The wall clock is `offset` + `ns` from CLOCK_BOOTTIME. */
static enum timebase_event take(struct timebase *timebase, ns_t boot, ms_t offset, ns_t ns)
{
	struct timebase_clocks clocks = clocks_at(boot, offset);

	clocks.wall += ns;
	return timebase_update(timebase, &clocks, NULL);
}

/* -------- small corrections -------- */

static void the_first_offset_is_right_to_half_a_millisecond(void **state)
{
	const struct {
		ns_t off;
		ms_t expected;
	} cases[] = {{0, BASE},
		     {499999, BASE},
		     {500000, BASE + 1},
		     {-500000, BASE},
		     {-500001, BASE - 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct timebase timebase = {0};

		assert_int_equal(take(&timebase, HOUR, BASE, cases[i].off), TIMEBASE_KNOWN);
		assert_true(timebase.known);
		assert_int_equal(timebase.offset, cases[i].expected);
	}
}

static void a_drift_of_less_than_a_millisecond_leaves_it(void **state)
{
	struct timebase timebase = known_base();

	(void)state;
	for (ns_t drift = -999999; drift <= 999999; drift += 111111) {
		assert_int_equal(take(&timebase, HOUR, BASE, drift), TIMEBASE_QUIET);
		assert_int_equal(timebase.offset, BASE);
	}
	take(&timebase, HOUR, BASE, NS_PER_MS);
	assert_int_equal(timebase.offset, BASE + 1);
	timebase = known_base();
	take(&timebase, HOUR, BASE, -NS_PER_MS);
	assert_int_equal(timebase.offset, BASE - 1);
}

static void a_correction_of_half_a_second_is_followed_at_once(void **state)
{
	struct timebase timebase = known_base();

	(void)state;
	assert_int_equal(take(&timebase, HOUR, BASE + 500, 0), TIMEBASE_QUIET);
	assert_int_equal(timebase.offset, BASE + 500);
	assert_int_equal(take(&timebase, HOUR + 1, BASE, 0), TIMEBASE_QUIET);
	assert_int_equal(timebase.offset, BASE);
	assert_int_equal(take(&timebase, HOUR + 2, BASE + 500, 1), TIMEBASE_STEP_SEEN);
	assert_int_equal(timebase.offset, BASE);
}

static void a_long_way_in_small_corrections_is_gone_without_a_step(void **state)
{
	struct timebase timebase = known_base();

	(void)state;
	for (int i = 1; i <= 100; i++)
		assert_int_equal(take(&timebase, HOUR + i * NS_PER_SECOND, BASE - 100 * i, 0),
				 TIMEBASE_QUIET);
	assert_int_equal(timebase.offset, BASE - 10000);
}

/* -------- steps -------- */

static void a_step_is_taken_after_five_minutes_to_the_nanosecond(void **state)
{
	const ms_t steps[] = {2 * MS_PER_HOUR, -2 * MS_PER_HOUR, 501, -501};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct timebase timebase = known_base();
		ms_t there = BASE + steps[i];

		assert_int_equal(take(&timebase, HOUR, there, 0), TIMEBASE_STEP_SEEN);
		assert_int_equal(take(&timebase, HOUR + NS_PER_SECOND, there, 0), TIMEBASE_QUIET);
		assert_int_equal(take(&timebase, HOUR + TIMEBASE_HELD_NS - 1, there, 0),
				 TIMEBASE_QUIET);
		assert_int_equal(timebase.offset, BASE);
		assert_int_equal(take(&timebase, HOUR + TIMEBASE_HELD_NS, there, 0),
				 TIMEBASE_STEP_TAKEN);
		assert_int_equal(timebase.offset, there);
		assert_int_equal(take(&timebase, HOUR + TIMEBASE_HELD_NS + 1, there, 0),
				 TIMEBASE_QUIET);
	}
}

static void a_step_is_reported_with_its_size(void **state)
{
	struct timebase timebase = known_base();
	struct timebase_clocks clocks = clocks_at(HOUR, BASE - 7200000);
	ms_t step = 0;

	(void)state;
	timebase_update(&timebase, &clocks, &step);
	assert_int_equal(step, -7200000);
	clocks = clocks_at(HOUR + TIMEBASE_HELD_NS, BASE - 7200001);
	assert_int_equal(timebase_update(&timebase, &clocks, &step), TIMEBASE_STEP_TAKEN);
	assert_int_equal(step, -7200001);
	assert_int_equal(timebase.offset, BASE - 7200001);
}

static void a_step_that_returns_is_forgotten(void **state)
{
	struct timebase timebase = known_base();
	ns_t again = HOUR + TIMEBASE_HELD_NS;

	(void)state;
	take(&timebase, HOUR, BASE + 5000, 0);
	assert_int_equal(take(&timebase, again - 1, BASE + 3, 0), TIMEBASE_STEP_GONE);
	assert_int_equal(timebase.offset, BASE + 3);
	/* The five minutes begin anew. */
	assert_int_equal(take(&timebase, again, BASE + 5000, 0), TIMEBASE_STEP_SEEN);
	assert_int_equal(take(&timebase, again + TIMEBASE_HELD_NS - 1, BASE + 5000, 0),
			 TIMEBASE_QUIET);
	assert_int_equal(take(&timebase, again + TIMEBASE_HELD_NS, BASE + 5000, 0),
			 TIMEBASE_STEP_TAKEN);
}

static void a_step_from_a_step_begins_the_five_minutes_anew(void **state)
{
	struct timebase timebase = known_base();
	ns_t second = HOUR + 4 * 60 * NS_PER_SECOND;

	(void)state;
	assert_int_equal(take(&timebase, HOUR, BASE + 5000, 0), TIMEBASE_STEP_SEEN);
	assert_int_equal(take(&timebase, second, BASE + 10000, 0), TIMEBASE_STEP_SEEN);
	assert_int_equal(take(&timebase, HOUR + TIMEBASE_HELD_NS, BASE + 10000, 0), TIMEBASE_QUIET);
	assert_int_equal(take(&timebase, second + TIMEBASE_HELD_NS, BASE + 10100, 0),
			 TIMEBASE_STEP_TAKEN);
	assert_int_equal(timebase.offset, BASE + 10100);
}

static void a_clock_set_back_to_1970_is_never_followed(void **state)
{
	struct timebase timebase = known_base();

	(void)state;
	assert_int_equal(take(&timebase, HOUR, 0, 0), TIMEBASE_STEP_SEEN);
	for (int hour = 2; hour < 100; hour++)
		assert_int_equal(take(&timebase, hour * HOUR, 0, 0), TIMEBASE_QUIET);
	assert_int_equal(timebase.offset, BASE);
	assert_int_equal(take(&timebase, 100 * HOUR, BASE, 0), TIMEBASE_STEP_GONE);
}

/* -------- not known -------- */

static void a_clock_of_1970_is_not_known_until_it_jumps_by_decades(void **state)
{
	struct timebase timebase = {0};

	(void)state;
	for (int minute = 0; minute < 40; minute++) {
		assert_int_equal(take(&timebase, minute * 60 * NS_PER_SECOND, 0, 0),
				 TIMEBASE_QUIET);
		assert_false(timebase.known);
		assert_int_equal(timebase.doubt, DOUBT_UNSET);
	}
	assert_int_equal(take(&timebase, 40 * 60 * NS_PER_SECOND, BASE, 0), TIMEBASE_KNOWN);
	assert_int_equal(timebase.offset, BASE);
	assert_int_equal(timebase.doubt, DOUBT_NONE);
}

static void the_first_moment_of_2012_is_the_earliest(void **state)
{
	struct timebase timebase = {0};
	ms_t earliest = TIMEBASE_EARLIEST_MS - MS_PER_HOUR;

	(void)state;
	assert_int_equal(take(&timebase, HOUR, earliest, -1), TIMEBASE_QUIET);
	assert_int_equal(take(&timebase, HOUR, earliest, 0), TIMEBASE_KNOWN);
}

static void an_unsure_clock_is_not_known_until_it_is_trusted(void **state)
{
	struct timebase timebase = {0};
	struct timebase_clocks clocks = clocks_at(HOUR, BASE);

	(void)state;
	clocks.trust = CLOCK_UNSURE;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_QUIET);
	assert_int_equal(timebase.doubt, DOUBT_UNSURE);
	clocks.trust = CLOCK_PROVEN;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_KNOWN);
	/* That was that: the base goes on when the time service ends. */
	clocks.trust = CLOCK_UNSURE;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_QUIET);
	assert_true(timebase.known);
}

static void a_clock_before_the_newest_record_is_not_known(void **state)
{
	struct timebase timebase = {0};
	struct timebase_clocks clocks = clocks_at(HOUR, BASE);

	(void)state;
	clocks.newest = MIDNIGHT + 1;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_QUIET);
	assert_int_equal(timebase.doubt, DOUBT_EARLIER);
	/* Trusted alone is not enough, however long. */
	clocks.boot += 100 * HOUR;
	clocks.wall += 100 * HOUR;
	clocks.newest += 100 * MS_PER_HOUR;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_QUIET);
	clocks.newest--;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_KNOWN);
	assert_int_equal(timebase.offset, BASE);
}

static void a_proven_clock_before_the_newest_record_is_known_after_five_minutes(void **state)
{
	struct timebase timebase = {0};
	struct timebase_clocks clocks = clocks_at(HOUR, BASE);

	(void)state;
	clocks.newest = MIDNIGHT + 10 * MS_PER_DAY;
	clocks.trust = CLOCK_PROVEN;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_QUIET);
	clocks.boot += TIMEBASE_HELD_NS - 1;
	clocks.wall += TIMEBASE_HELD_NS - 1;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_QUIET);
	clocks.boot++;
	clocks.wall++;
	assert_int_equal(timebase_update(&timebase, &clocks, NULL), TIMEBASE_KNOWN);
	assert_int_equal(timebase.offset, BASE);
	assert_false(timebase.disputed);
}

/* -------- text -------- */

static void steps_are_explained_in_text(void **state)
{
	char text[200];

	(void)state;
	timebase_explain(text, TIMEBASE_STEP_SEEN, -7200000);
	assert_string_equal(text, "the clock was set 7200.000 s back; times go on as before, and "
				  "follow it if it stays so for 5 minutes");
	timebase_explain(text, TIMEBASE_STEP_TAKEN, 501);
	assert_string_equal(text,
			    "the clock has stayed 0.501 s forward for 5 minutes: times follow "
			    "it now");
	timebase_explain(text, TIMEBASE_STEP_GONE, 0);
	assert_string_equal(text, "the clock was set right again: times went on as before");
	timebase_explain(text, TIMEBASE_KNOWN, 0);
	assert_string_equal(text, "the clock is known");
	timebase_explain(text, TIMEBASE_QUIET, 0);
	assert_string_equal(text, "");
}

static void the_largest_step_has_room_in_its_text(void **state)
{
	char text[200];

	(void)state;
	for (int event = TIMEBASE_QUIET; event <= TIMEBASE_STEP_GONE; event++) {
		timebase_explain(text, (enum timebase_event)event, -INT64_MAX);
		assert_true(strlen(text) < 190);
	}
	for (int doubt = DOUBT_NONE; doubt <= DOUBT_EARLIER; doubt++)
		assert_non_null(clock_doubt_text((enum clock_doubt)doubt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_offset_is_right_to_half_a_millisecond),
		cmocka_unit_test(a_drift_of_less_than_a_millisecond_leaves_it),
		cmocka_unit_test(a_correction_of_half_a_second_is_followed_at_once),
		cmocka_unit_test(a_long_way_in_small_corrections_is_gone_without_a_step),
		cmocka_unit_test(a_step_is_taken_after_five_minutes_to_the_nanosecond),
		cmocka_unit_test(a_step_is_reported_with_its_size),
		cmocka_unit_test(a_step_that_returns_is_forgotten),
		cmocka_unit_test(a_step_from_a_step_begins_the_five_minutes_anew),
		cmocka_unit_test(a_clock_set_back_to_1970_is_never_followed),
		cmocka_unit_test(a_clock_of_1970_is_not_known_until_it_jumps_by_decades),
		cmocka_unit_test(the_first_moment_of_2012_is_the_earliest),
		cmocka_unit_test(an_unsure_clock_is_not_known_until_it_is_trusted),
		cmocka_unit_test(a_clock_before_the_newest_record_is_not_known),
		cmocka_unit_test(
			a_proven_clock_before_the_newest_record_is_known_after_five_minutes),
		cmocka_unit_test(steps_are_explained_in_text),
		cmocka_unit_test(the_largest_step_has_room_in_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
