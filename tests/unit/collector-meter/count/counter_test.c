#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector-meter/count/counter.h"

#define MS NS_PER_MS
#define S  NS_PER_SECOND

/* -------- a counter and everything that came out of it -------- */

struct bench {
	struct counter counter;
	size_t count, capacity;
	struct counter_event *events;
};

static const struct counter_config all_lines = {
	.has_line = {true, true, true, true},
	.min_on = 30 * MS,
	.min_off = 30 * MS,
};

static void bench_open(struct bench *bench, const struct counter_config *config, ns_t start)
{
	*bench = (struct bench){0};
	counter_init(&bench->counter, config);
	counter_start(&bench->counter, start, 0);
}

static void bench_close(struct bench *bench)
{
	counter_free(&bench->counter);
	free(bench->events);
}

static void collect(struct bench *bench)
{
	struct counter_event event;

	while (counter_next(&bench->counter, &event)) {
		if (bench->count == bench->capacity) {
			bench->capacity = 2 * bench->capacity + 64;
			bench->events =
				realloc(bench->events, bench->capacity * sizeof(*bench->events));
			assert_non_null(bench->events);
		}
		bench->events[bench->count++] = event;
	}
}

static void advance(struct bench *bench, ns_t until)
{
	counter_advance(&bench->counter, until);
	collect(bench);
}

static void stop(struct bench *bench, ns_t t)
{
	counter_stop(&bench->counter, t);
	collect(bench);
}

static void edge(struct bench *bench, enum line_role role, bool on, ns_t t)
{
	counter_edge(&bench->counter, &(struct edge){.role = role, .on = on, .t = t});
}

/* On from `t` for `width`. */
static void level(struct bench *bench, enum line_role role, ns_t t, ns_t width)
{
	edge(bench, role, true, t);
	edge(bench, role, false, t + width);
}

static void pulse(struct bench *bench, ns_t t)
{
	level(bench, LINE_PULSE, t, 50 * MS);
}

/* The `n`th record with this mark, counted from 0. */
static const struct record *record(const struct bench *bench, enum mark mark, size_t n)
{
	for (size_t i = 0; i < bench->count; i++)
		if (bench->events[i].kind == COUNTER_RECORD &&
		    bench->events[i].record.mark == mark && n-- == 0)
			return &bench->events[i].record;
	return NULL;
}

static size_t records(const struct bench *bench, enum mark mark)
{
	size_t count = 0;

	while (record(bench, mark, count))
		count++;
	return count;
}

static const struct counter_event *nth_pulse(const struct bench *bench, size_t n)
{
	for (size_t i = 0; i < bench->count; i++)
		if (bench->events[i].kind == COUNTER_PULSE && n-- == 0)
			return &bench->events[i];
	return NULL;
}

static size_t pulses(const struct bench *bench)
{
	size_t count = 0;

	while (nth_pulse(bench, count))
		count++;
	return count;
}

static void assert_record(const struct record *found, ms_t t, int64_t count)
{
	assert_non_null(found);
	assert_int_equal(found->t, t);
	assert_int_equal(found->pulses, count);
	assert_true(found->is_pulse);
}

/* -------- qualification -------- */

static void a_pulse_has_the_time_at_which_its_stable_level_began(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_PULSE, 10 * MS + 1, 1 * MS);
	level(&bench, LINE_PULSE, 12 * MS + 1, 1 * MS);
	level(&bench, LINE_PULSE, 14 * MS + 7, 80 * MS);
	advance(&bench, S);
	assert_int_equal(pulses(&bench), 1);
	assert_int_equal(nth_pulse(&bench, 0)->t, 14 * MS + 7);
	bench_close(&bench);
}

static void a_level_of_exactly_the_minimum_width_counts_and_a_shorter_one_does_not(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_PULSE, 1 * S, 30 * MS);
	level(&bench, LINE_PULSE, 2 * S, 30 * MS - 1);
	advance(&bench, 3 * S);
	assert_int_equal(pulses(&bench), 1);
	assert_int_equal(nth_pulse(&bench, 0)->t, 1 * S);
	bench_close(&bench);
}

static void a_gap_shorter_than_the_minimum_does_not_split_a_pulse(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_PULSE, 1000 * MS, 40 * MS);
	level(&bench, LINE_PULSE, 1040 * MS + 30 * MS - 1, 40 * MS);
	level(&bench, LINE_PULSE, 2000 * MS, 40 * MS);
	level(&bench, LINE_PULSE, 2040 * MS + 30 * MS, 40 * MS);
	advance(&bench, 3 * S);
	assert_int_equal(pulses(&bench), 3);
	assert_int_equal(nth_pulse(&bench, 2)->t, 2070 * MS);
	bench_close(&bench);
}

static void on_and_off_have_widths_of_their_own(void **state)
{
	struct counter_config config = {.has_line = {true}, .min_on = 10 * MS, .min_off = 50 * MS};
	struct bench bench;

	(void)state;
	bench_open(&bench, &config, 0);
	level(&bench, LINE_PULSE, 100 * MS, 10 * MS);
	level(&bench, LINE_PULSE, 159 * MS, 10 * MS); /* off for 49 ms: still the same */
	level(&bench, LINE_PULSE, 219 * MS, 10 * MS);
	advance(&bench, S);
	assert_int_equal(pulses(&bench), 2);
	assert_int_equal(nth_pulse(&bench, 1)->t, 219 * MS);
	bench_close(&bench);
}

static void four_bounces_a_pulse_and_spikes_of_2_ms_leave_exactly_1000_pulses(void **state)
{
	struct bench bench;
	const struct qualifier_counts *counts;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	for (int i = 0; i < 1000; i++) {
		ns_t t = (i + 1) * 600 * MS;

		level(&bench, LINE_PULSE, t - 4 * MS, 1 * MS);
		level(&bench, LINE_PULSE, t - 2 * MS, 1 * MS);
		edge(&bench, LINE_PULSE, true, t);
		for (int bounce = 0; bounce < 2; bounce++) {
			edge(&bench, LINE_PULSE, false, t + 50 * MS + 2 * bounce * MS);
			edge(&bench, LINE_PULSE, true, t + 51 * MS + 2 * bounce * MS);
		}
		edge(&bench, LINE_PULSE, false, t + 54 * MS);
		if (i % 25 == 0)
			level(&bench, LINE_PULSE, t + 300 * MS, 2 * MS);
		advance(&bench, t + 400 * MS);
		assert_int_equal(nth_pulse(&bench, (size_t)i)->t, t);
	}
	counts = &bench.counter.lines[LINE_PULSE].counts;
	assert_int_equal(pulses(&bench), 1000);
	assert_int_equal(bench.counter.pulses, 1000);
	assert_int_equal(counts->edges, 1000 * 10 + 40 * 2);
	assert_int_equal(counts->rejected, 4 * 1000 + 40);
	assert_int_equal(counts->bounces, 4 * 1000);
	assert_int_equal(counts->longest, 2 * MS);
	assert_int_equal(counts->repeated, 0);
	bench_close(&bench);
}

static void without_minimum_widths_every_level_counts(void **state)
{
	struct counter_config config = {.has_line = {true}};
	struct bench bench;

	(void)state;
	bench_open(&bench, &config, 0);
	for (int i = 1; i <= 10; i++)
		level(&bench, LINE_PULSE, i, 0);
	advance(&bench, S);
	assert_int_equal(pulses(&bench), 10);
	bench_close(&bench);
}

static void a_repeated_direction_means_that_the_opposite_edge_was_lost(void **state)
{
	struct counter_config unfiltered = {.has_line = {true}};
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	edge(&bench, LINE_PULSE, true, 100 * MS);
	edge(&bench, LINE_PULSE, true, 120 * MS); /* held for 20 ms: starts again */
	edge(&bench, LINE_PULSE, true, 160 * MS); /* real by then: the gap was too short */
	edge(&bench, LINE_PULSE, false, 200 * MS);
	edge(&bench, LINE_PULSE, false, 210 * MS);
	advance(&bench, S);
	assert_int_equal(pulses(&bench), 1);
	assert_int_equal(nth_pulse(&bench, 0)->t, 120 * MS);
	assert_int_equal(bench.counter.lines[LINE_PULSE].counts.repeated, 3);
	assert_false(bench.counter.lines[LINE_PULSE].real);
	bench_close(&bench);

	bench_open(&bench, &unfiltered, 0);
	edge(&bench, LINE_PULSE, true, 100 * MS);
	edge(&bench, LINE_PULSE, true, 200 * MS);
	advance(&bench, S);
	assert_int_equal(pulses(&bench), 2);
	bench_close(&bench);
}

static void a_line_that_is_on_at_the_start_is_no_edge(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	for (int role = 0; role < LINE_ROLES; role++)
		counter_level(&bench.counter, (enum line_role)role, true);
	edge(&bench, LINE_PULSE, false, 100 * MS);
	edge(&bench, LINE_SIGNAL, false, 100 * MS);
	advance(&bench, S);
	assert_int_equal(bench.count, 1);
	assert_record(record(&bench, MARK_START, 0), 0, 0);
	assert_int_equal(bench.events[0].record.off_peak, YES);
	assert_int_equal(bench.events[0].record.peak, YES);
	pulse(&bench, 2 * S);
	advance(&bench, 3 * S);
	assert_int_equal(pulses(&bench), 1);
	bench_close(&bench);
}

/* -------- marks -------- */

static void a_record_counts_exactly_the_pulses_that_began_by_its_time(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	pulse(&bench, 599 * S);
	pulse(&bench, 600 * S);		       /* the same nanosecond as the signal */
	pulse(&bench, 600 * S + 100 * MS + 1); /* after it */
	level(&bench, LINE_SIGNAL, 600 * S, 100 * MS);
	advance(&bench, 601 * S);
	assert_record(record(&bench, MARK_TOP10, 0), 600000, 2);

	/* The order within one millisecond does not matter: records know no less. */
	pulse(&bench, 1200 * S + 999999);
	level(&bench, LINE_SIGNAL, 1200 * S + 5, 100 * MS);
	pulse(&bench, 1201 * S);
	advance(&bench, 1202 * S);
	assert_record(record(&bench, MARK_TOP10, 1), 1200000, 4);
	bench_close(&bench);
}

static void a_signal_waits_until_the_pulse_before_it_is_certain(void **state)
{
	for (int real = 0; real < 2; real++) {
		struct bench bench;

		(void)state;
		bench_open(&bench, &all_lines, 0);
		edge(&bench, LINE_SIGNAL, true, 10 * S);
		edge(&bench, LINE_PULSE, true, 10 * S - 1 * MS);
		advance(&bench, 10 * S + 28 * MS);
		assert_int_equal(records(&bench, MARK_TOP10), 0);
		assert_int_equal(counter_deadline(&bench.counter), 10 * S + 29 * MS);
		if (!real)
			edge(&bench, LINE_PULSE, false, 10 * S + 28 * MS);
		advance(&bench, 10 * S + 31 * MS);
		assert_record(record(&bench, MARK_TOP10, 0), 10000, real);
		bench_close(&bench);
	}
}

static void signals_of_a_window_of_612_s_are_612_pulses_apart(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_SIGNAL, 5 * S, 200 * MS);
	for (int i = 1; i <= 612; i++)
		pulse(&bench, (5 + i) * S);
	level(&bench, LINE_SIGNAL, 617 * S, 200 * MS);
	advance(&bench, 618 * S);
	assert_record(record(&bench, MARK_TOP10, 0), 5000, 0);
	assert_record(record(&bench, MARK_TOP10, 1), 617000, 612);
	/* :05 + 60 s … + 600 s; then the signal came. */
	assert_int_equal(records(&bench, MARK_MINUTE), 10);
	assert_record(record(&bench, MARK_MINUTE, 9), 605000, 600);
	bench_close(&bench);
}

static void minutes_run_from_the_start_then_from_every_signal(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 7 * S);
	advance(&bench, 200 * S);
	assert_int_equal(records(&bench, MARK_MINUTE), 3);
	assert_record(record(&bench, MARK_MINUTE, 0), 67000, 0);
	assert_record(record(&bench, MARK_MINUTE, 2), 187000, 0);
	level(&bench, LINE_SIGNAL, 200 * S, 100 * MS);
	advance(&bench, 325 * S);
	assert_int_equal(records(&bench, MARK_MINUTE), 5);
	assert_record(record(&bench, MARK_MINUTE, 3), 260000, 0);
	assert_record(record(&bench, MARK_MINUTE, 4), 320000, 0);
	bench_close(&bench);
}

static void a_signal_replaces_the_minute_of_the_same_time(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_SIGNAL, 600 * S, 100 * MS);
	advance(&bench, 661 * S);
	assert_int_equal(records(&bench, MARK_MINUTE), 10);
	assert_record(record(&bench, MARK_MINUTE, 8), 540000, 0);
	assert_record(record(&bench, MARK_MINUTE, 9), 660000, 0);
	bench_close(&bench);
}

static void minutes_go_on_when_a_signal_is_missing(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_SIGNAL, 0, 100 * MS);
	for (int i = 1; i <= 1200; i++)
		pulse(&bench, i * S);
	level(&bench, LINE_SIGNAL, 1200 * S, 100 * MS);
	advance(&bench, 1201 * S);
	assert_int_equal(records(&bench, MARK_TOP10), 2);
	assert_record(record(&bench, MARK_TOP10, 1), 1200000, 1200);
	assert_int_equal(records(&bench, MARK_MINUTE), 19);
	for (int i = 0; i < 19; i++)
		assert_record(record(&bench, MARK_MINUTE, (size_t)i), (i + 1) * 60000,
			      (i + 1) * 60);
	bench_close(&bench);
}

static void a_contact_that_changes_makes_a_record_with_the_state_from_then_on(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	pulse(&bench, 1 * S);
	edge(&bench, LINE_PEAK, true, 2 * S);
	level(&bench, LINE_OFF_PEAK, 3 * S, 10 * MS); /* a spike */
	edge(&bench, LINE_OFF_PEAK, true, 4 * S);
	edge(&bench, LINE_PEAK, false, 4 * S + 900000); /* within the same millisecond */
	advance(&bench, 5 * S);
	assert_int_equal(records(&bench, MARK_CONTACTS), 2);
	assert_record(record(&bench, MARK_CONTACTS, 0), 2000, 1);
	assert_int_equal(record(&bench, MARK_CONTACTS, 0)->off_peak, NO);
	assert_int_equal(record(&bench, MARK_CONTACTS, 0)->peak, YES);
	assert_record(record(&bench, MARK_CONTACTS, 1), 4000, 1);
	assert_int_equal(record(&bench, MARK_CONTACTS, 1)->off_peak, YES);
	assert_int_equal(record(&bench, MARK_CONTACTS, 1)->peak, NO);
	bench_close(&bench);
}

static void contacts_set_at_the_start_are_in_the_start_record_alone(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 5 * S);
	edge(&bench, LINE_OFF_PEAK, true, 5 * S);
	level(&bench, LINE_SIGNAL, 5 * S, 100 * MS);
	advance(&bench, 6 * S);
	assert_int_equal(bench.count, 2);
	assert_record(record(&bench, MARK_START, 0), 5000, 0);
	assert_int_equal(record(&bench, MARK_START, 0)->off_peak, YES);
	assert_record(record(&bench, MARK_TOP10, 0), 5000, 0);
	bench_close(&bench);
}

static void a_meter_without_contacts_has_unknown_ones(void **state)
{
	struct counter_config config = {.has_line = {true}, .initial_pulses = 1000};
	struct bench bench;

	(void)state;
	bench_open(&bench, &config, 0);
	pulse(&bench, 1 * S);
	advance(&bench, 61 * S);
	assert_record(record(&bench, MARK_START, 0), 0, 1000);
	assert_record(record(&bench, MARK_MINUTE, 0), 60000, 1001);
	assert_int_equal(record(&bench, MARK_MINUTE, 0)->off_peak, UNKNOWN);
	assert_int_equal(record(&bench, MARK_MINUTE, 0)->peak, UNKNOWN);
	bench_close(&bench);
}

static void marks_of_one_time_come_as_contacts_then_signal_and_agree(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	level(&bench, LINE_SIGNAL, 21600 * S, 100 * MS);
	edge(&bench, LINE_OFF_PEAK, true, 21600 * S + 1);
	pulse(&bench, 21600 * S + 2);
	advance(&bench, 21601 * S);
	assert_int_equal(bench.events[bench.count - 2].record.mark, MARK_CONTACTS);
	assert_int_equal(bench.events[bench.count - 1].record.mark, MARK_TOP10);
	for (size_t i = bench.count - 2; i < bench.count; i++) {
		assert_record(&bench.events[i].record, 21600000, 1);
		assert_int_equal(bench.events[i].record.off_peak, YES);
	}
	bench_close(&bench);
}

static void a_stop_counts_what_is_certain_and_comes_last(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	edge(&bench, LINE_PULSE, true, 10 * S);
	edge(&bench, LINE_SIGNAL, true, 10 * S + 5 * MS);
	advance(&bench, 10 * S + 20 * MS);
	assert_int_equal(bench.count, 1);
	stop(&bench, 10 * S + 35 * MS);
	assert_int_equal(bench.count, 4);
	assert_record(record(&bench, MARK_TOP10, 0), 10005, 1);
	assert_record(&bench.events[3].record, 10035, 1);
	assert_int_equal(bench.events[3].record.mark, MARK_STOP);
	assert_int_equal(counter_deadline(&bench.counter), INT64_MAX);
	bench_close(&bench);

	bench_open(&bench, &all_lines, 0);
	edge(&bench, LINE_PULSE, true, 10 * S);
	stop(&bench, 10 * S + 29 * MS);
	assert_record(record(&bench, MARK_STOP, 0), 10029, 0);
	bench_close(&bench);
}

static void a_new_start_goes_on_counting_and_records_how_long_it_was_blind(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	pulse(&bench, 1 * S);
	stop(&bench, 100 * S);
	counter_start(&bench.counter, 105 * S + 320 * MS, 5319 * MS + 1);
	pulse(&bench, 110 * S);
	pulse(&bench, 112 * S);
	advance(&bench, 121 * S);
	assert_record(record(&bench, MARK_START, 1), 105320, 1);
	assert_int_equal(record(&bench, MARK_START, 0)->blind_ms, 0);
	assert_int_equal(record(&bench, MARK_START, 1)->blind_ms, 5320);
	/* Minutes stay in step, and the interval across the gap is not known. */
	assert_record(record(&bench, MARK_MINUTE, 1), 120000, 3);
	assert_int_equal(nth_pulse(&bench, 1)->interval, 0);
	assert_false(nth_pulse(&bench, 1)->plausible);
	assert_int_equal(nth_pulse(&bench, 2)->interval, 2 * S);
	bench_close(&bench);
}

/* -------- intervals -------- */

static void intervals_are_exact_to_the_nanosecond_whenever_edges_are_read(void **state)
{
	static const ns_t intervals[] = {600 * MS, 6 * S, 28800 * MS, 1 * S + 1};
	struct bench bench;
	ns_t t = 1 * S + 123456789;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	pulse(&bench, t);
	for (size_t i = 0; i < 4; i++) {
		t += intervals[i];
		pulse(&bench, t);
	}
	advance(&bench, 100 * S);
	assert_int_equal(nth_pulse(&bench, 0)->interval, 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(nth_pulse(&bench, i + 1)->interval, intervals[i]);
		assert_true(nth_pulse(&bench, i + 1)->plausible);
	}
	bench_close(&bench);
}

static void an_implausibly_short_interval_is_energy_but_no_power(void **state)
{
	struct counter_config config = all_lines;
	struct bench bench;

	(void)state;
	config.min_interval = 300 * MS;
	bench_open(&bench, &config, 0);
	pulse(&bench, 1000 * MS);
	pulse(&bench, 1300 * MS - 1);
	pulse(&bench, 1600 * MS - 1);
	advance(&bench, 2 * S);
	assert_int_equal(pulses(&bench), 3);
	assert_false(nth_pulse(&bench, 1)->plausible);
	assert_int_equal(nth_pulse(&bench, 1)->interval, 300 * MS - 1);
	assert_true(nth_pulse(&bench, 2)->plausible);
	assert_int_equal(bench.counter.implausible, 1);
	bench_close(&bench);
}

static void an_edge_that_comes_after_its_time_was_decided_is_counted_and_noted(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	advance(&bench, 61 * S);
	assert_record(record(&bench, MARK_MINUTE, 0), 60000, 0);
	pulse(&bench, 59 * S);
	level(&bench, LINE_SIGNAL, 59 * S, 50 * MS);
	advance(&bench, 62 * S);
	assert_int_equal(bench.counter.notes[LINE_PULSE].late, 1);
	assert_int_equal(bench.counter.notes[LINE_SIGNAL].late, 1);
	assert_record(record(&bench, MARK_TOP10, 0), 61000, 1);
	bench_close(&bench);
}

/* -------- losses -------- */

/* On a kernel that numbers its edges. */
static void edge_after(struct bench *bench, int64_t lost, bool on, ns_t t)
{
	counter_edge(&bench->counter,
		     &(struct edge){
			     .role = LINE_PULSE, .on = on, .t = t, .lost = lost, .numbered = true});
}

static void edges_that_the_kernel_dropped_are_counted_in_and_reported_once(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	edge_after(&bench, 0, true, 1 * S);
	edge_after(&bench, 0, false, 1 * S + 50 * MS);
	/* 100 pulses and the first edge of another, evenly over 100 s. */
	edge_after(&bench, 201, false, 101 * S);
	advance(&bench, 200 * S);
	assert_int_equal(pulses(&bench), 102);
	assert_record(record(&bench, MARK_MINUTE, 0), 60000, 61);
	assert_int_equal(record(&bench, MARK_MINUTE, 0)->lost, 0);
	/* With the record that follows the moment at which they are known to have been lost. */
	assert_record(record(&bench, MARK_MINUTE, 1), 120000, 102);
	assert_int_equal(record(&bench, MARK_MINUTE, 1)->lost, 201);
	assert_int_equal(record(&bench, MARK_MINUTE, 2)->lost, 0);
	assert_false(record(&bench, MARK_MINUTE, 1)->lost_possible);
	assert_int_equal(bench.counter.notes[LINE_PULSE].lost, 201);
	bench_close(&bench);
}

static void of_dropped_edges_as_many_are_bounces_as_of_those_that_were_seen(void **state)
{
	struct bench bench;
	ns_t t = 0;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	/* 10 edges a pulse. */
	for (int i = 0; i < 100; i++) {
		t += S;
		for (int j = 0; j < 4; j++)
			level(&bench, LINE_PULSE, t + 2 * j * MS, 1 * MS);
		pulse(&bench, t + 8 * MS);
	}
	edge_after(&bench, 1000, true, t + 101 * S);
	edge_after(&bench, 0, false, t + 101 * S + 50 * MS);
	advance(&bench, 300 * S);
	assert_int_equal(pulses(&bench), 201);
	bench_close(&bench);
}

static void what_is_dropped_too_fast_for_pulses_invents_none(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	edge_after(&bench, 0, true, 1 * S);
	edge_after(&bench, 0, false, 1 * S + 50 * MS);
	edge_after(&bench, 100000, true, 11 * S);
	edge_after(&bench, INT64_C(1) << 32, false, 12 * S);
	/* The line was never off for long enough since the first. */
	stop(&bench, 20 * S);
	assert_int_equal(pulses(&bench), 1);
	assert_int_equal(record(&bench, MARK_STOP, 0)->lost, 100000 + (INT64_C(1) << 32));
	bench_close(&bench);
}

static void without_numbers_a_repeated_direction_or_a_full_queue_may_be_a_loss(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	edge(&bench, LINE_PULSE, true, 1 * S);
	edge(&bench, LINE_PULSE, true, 2 * S);
	edge(&bench, LINE_PULSE, false, 3 * S);
	counter_edge(&bench.counter, &(struct edge){.on = true, .t = 130 * S, .full = true});
	advance(&bench, 300 * S);
	assert_false(record(&bench, MARK_START, 0)->lost_possible);
	assert_true(record(&bench, MARK_MINUTE, 0)->lost_possible);
	assert_false(record(&bench, MARK_MINUTE, 1)->lost_possible);
	assert_true(record(&bench, MARK_MINUTE, 2)->lost_possible);
	assert_false(record(&bench, MARK_MINUTE, 3)->lost_possible);
	assert_int_equal(record(&bench, MARK_MINUTE, 2)->lost, 0);
	assert_int_equal(bench.counter.notes[LINE_PULSE].lost_possible, 2);
	bench_close(&bench);
}

static void where_edges_are_numbered_no_loss_is_merely_possible(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	edge_after(&bench, 0, true, 1 * S);
	edge_after(&bench, 0, true, 2 * S);
	stop(&bench, 3 * S);
	assert_false(record(&bench, MARK_STOP, 0)->lost_possible);
	assert_int_equal(bench.counter.lines[LINE_PULSE].counts.repeated, 1);
	bench_close(&bench);
}

static void a_loss_that_was_reported_is_not_reported_again(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	counter_resume(&bench.counter, 60000, MARK_MINUTE);
	edge(&bench, LINE_PULSE, true, 1 * S);
	edge(&bench, LINE_PULSE, true, 2 * S);
	advance(&bench, 121 * S);
	assert_record(record(&bench, MARK_MINUTE, 0), 120000, 0);
	assert_false(record(&bench, MARK_MINUTE, 0)->lost_possible);
	bench_close(&bench);
}

/* -------- deadlines -------- */

static void nothing_comes_before_the_deadline_and_something_does_by_then(void **state)
{
	struct bench bench;
	size_t before;

	(void)state;
	bench_open(&bench, &all_lines, 0);
	/* The start, in the first millisecond. */
	assert_int_equal(counter_deadline(&bench.counter), 1 * MS);
	advance(&bench, 1 * MS);
	assert_int_equal(counter_deadline(&bench.counter), 60 * S + 1 * MS);
	edge(&bench, LINE_PULSE, true, 2 * S + 500000);
	assert_int_equal(counter_deadline(&bench.counter), 2 * S + 30 * MS + 500000);
	advance(&bench, counter_deadline(&bench.counter) - 1);
	before = bench.count;
	advance(&bench, counter_deadline(&bench.counter));
	assert_int_equal(bench.count, before + 1);
	edge(&bench, LINE_PULSE, false, 3 * S);
	advance(&bench, counter_deadline(&bench.counter));
	advance(&bench, counter_deadline(&bench.counter) - 1);
	assert_int_equal(records(&bench, MARK_MINUTE), 0);
	advance(&bench, counter_deadline(&bench.counter));
	assert_int_equal(records(&bench, MARK_MINUTE), 1);
	bench_close(&bench);
}

/* -------- whatever the order of arrival -------- */

struct story {
	size_t counts[LINE_ROLES];
	struct edge edges[LINE_ROLES][20000];
	size_t true_pulses;
	ns_t pulse_times[5000];
	ns_t end;
};

static int64_t random_up_to(int64_t limit)
{
	return (int64_t)((uint64_t)random() * (uint64_t)limit >> 31);
}

static void add_edge(struct story *story, enum line_role role, bool on, ns_t t)
{
	assert_true(story->counts[role] < 20000);
	story->edges[role][story->counts[role]++] = (struct edge){.role = role, .on = on, .t = t};
}

/* A change to `on` at `t` after up to 3 bounces, all within 20 ms before it. */
static void add_bouncing_edge(struct story *story, enum line_role role, bool on, ns_t t)
{
	for (int64_t bounces = random_up_to(4); bounces > 0; bounces--) {
		add_edge(story, role, on, t - bounces * 5 * MS);
		add_edge(story, role, !on, t - bounces * 5 * MS + random_up_to(5 * MS));
	}
	add_edge(story, role, on, t);
}

static void add_line(struct story *story, enum line_role role, ns_t shortest, ns_t longest)
{
	ns_t t = 50 * MS;

	for (;;) {
		t += shortest + random_up_to(longest - shortest);
		if (t > story->end - 2 * S)
			return;
		add_bouncing_edge(story, role, true, t);
		if (role == LINE_PULSE)
			story->pulse_times[story->true_pulses++] = t;
		t += 60 * MS + random_up_to(100 * MS);
		add_bouncing_edge(story, role, false, t);
	}
}

/* Gives the edges in steps; in each the lines in any order, and some edges early. */
static void arrive(struct bench *bench, const struct story *story, bool shuffled)
{
	size_t given[LINE_ROLES] = {0};
	ns_t until = 0;

	while (until <= story->end) {
		int first = (int)random_up_to(LINE_ROLES);

		until += shuffled ? 1 + random_up_to(200 * MS) : story->end + 1;
		for (int i = 0; i < LINE_ROLES; i++) {
			int role = (first + i) % LINE_ROLES;
			ns_t early = shuffled ? until + random_up_to(40 * MS) : until;

			while (given[role] < story->counts[role] &&
			       story->edges[role][given[role]].t < early) {
				const struct edge *next = &story->edges[role][given[role]++];

				edge(bench, next->role, next->on, next->t);
			}
		}
		advance(bench, until);
	}
	stop(bench, until);
}

static void assert_same_events(const struct bench *a, const struct bench *b)
{
	/* All but the stop, whose time is that of the last step. */
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i + 1 < a->count; i++) {
		const struct counter_event *x = &a->events[i], *y = &b->events[i];

		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->t, y->t);
		assert_int_equal(x->pulses, y->pulses);
		assert_int_equal(x->interval, y->interval);
		assert_int_equal(x->record.mark, y->record.mark);
		assert_int_equal(x->record.off_peak, y->record.off_peak);
		assert_int_equal(x->record.peak, y->record.peak);
	}
}

static void assert_true_counts(const struct bench *bench, const struct story *story)
{
	ms_t last = 0;

	for (size_t i = 0; i < bench->count; i++) {
		const struct counter_event *event = &bench->events[i];
		int64_t expected = 0;

		assert_true(event->t / MS >= last);
		last = event->t / MS;
		if (event->kind == COUNTER_PULSE)
			continue;
		for (size_t p = 0; p < story->true_pulses; p++)
			expected += story->pulse_times[p] / MS <= event->record.t;
		assert_int_equal(event->record.pulses, expected);
	}
	assert_int_equal(pulses(bench), story->true_pulses);
}

static void the_order_of_arrival_across_lines_changes_nothing(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	static struct story story;

	(void)state;
	if (getenv("SEED"))
		seed = (unsigned)strtoul(getenv("SEED"), NULL, 10);
	print_message("SEED=%u\n", seed);
	srandom(seed);
	for (int round = 0; round < 30; round++) {
		struct bench reference, shuffled;

		memset(&story, 0, sizeof(story));
		story.end = 200 * S;
		add_line(&story, LINE_PULSE, 40 * MS + 60 * MS, 700 * MS);
		add_line(&story, LINE_SIGNAL, 1 * S, 40 * S);
		add_line(&story, LINE_OFF_PEAK, 200 * MS, 20 * S);
		add_line(&story, LINE_PEAK, 200 * MS, 20 * S);
		bench_open(&reference, &all_lines, 0);
		arrive(&reference, &story, false);
		assert_true_counts(&reference, &story);
		bench_open(&shuffled, &all_lines, 0);
		arrive(&shuffled, &story, true);
		assert_int_equal(shuffled.counter.notes[LINE_PULSE].late, 0);
		assert_same_events(&reference, &shuffled);
		bench_close(&reference);
		bench_close(&shuffled);
	}
}

/* -------- a recording that is seen once more -------- */

/* A counter that begins after record `from` of an undisturbed run gives the rest. */
static void resume(const struct story *story, const struct bench *reference, size_t from)
{
	const struct counter_event *reported = &reference->events[from];
	struct counter_config config = all_lines;
	size_t next = from + 1;
	struct bench bench = {0};

	config.initial_pulses = reported->pulses;
	counter_init(&bench.counter, &config);
	counter_resume(&bench.counter, reported->record.t, reported->record.mark);
	counter_start(&bench.counter, 0, 0);
	arrive(&bench, story, true);
	assert_int_equal(bench.count, reference->count - next);
	for (size_t i = 0; i + 1 < bench.count; i++) {
		const struct counter_event *x = &bench.events[i], *y = &reference->events[next + i];

		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->t, y->t);
		assert_int_equal(x->pulses, y->pulses);
		assert_int_equal(x->interval, y->interval);
		assert_int_equal(x->record.mark, y->record.mark);
		assert_int_equal(x->record.off_peak, y->record.off_peak);
		assert_int_equal(x->record.peak, y->record.peak);
	}
	bench_close(&bench);
}

static void a_recording_seen_once_more_gives_exactly_what_was_not_reported(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	static struct story story;
	struct bench reference;

	(void)state;
	if (getenv("SEED"))
		seed = (unsigned)strtoul(getenv("SEED"), NULL, 10);
	print_message("SEED=%u\n", seed);
	srandom(seed);
	memset(&story, 0, sizeof(story));
	story.end = 130 * S;
	add_line(&story, LINE_PULSE, 40 * MS + 60 * MS, 700 * MS);
	add_line(&story, LINE_SIGNAL, 1 * S, 20 * S);
	add_line(&story, LINE_OFF_PEAK, 200 * MS, 10 * S);
	/* Contacts and signals of one millisecond make several records of it. */
	memcpy(story.edges[LINE_PEAK], story.edges[LINE_SIGNAL], sizeof(story.edges[LINE_SIGNAL]));
	story.counts[LINE_PEAK] = story.counts[LINE_SIGNAL];
	for (size_t i = 0; i < story.counts[LINE_PEAK]; i++)
		story.edges[LINE_PEAK][i].role = LINE_PEAK;
	bench_open(&reference, &all_lines, 0);
	arrive(&reference, &story, false);
	assert_true(records(&reference, MARK_CONTACTS) > 5);
	/* All but the stop, whose time is that of the last step. */
	for (size_t from = 0; from + 1 < reference.count; from++)
		if (reference.events[from].kind == COUNTER_RECORD)
			resume(&story, &reference, from);
	bench_close(&reference);
}

static void a_recording_that_was_reported_to_its_end_gives_nothing_more(void **state)
{
	struct bench bench = {0};

	(void)state;
	counter_init(&bench.counter, &all_lines);
	counter_resume(&bench.counter, 100000, MARK_STOP);
	counter_start(&bench.counter, 0, 0);
	for (int i = 1; i < 100; i++)
		pulse(&bench, i * S);
	level(&bench, LINE_SIGNAL, 50 * S, 50 * MS);
	advance(&bench, 100 * S);
	stop(&bench, 100 * S);
	assert_int_equal(bench.count, 0);
	bench_close(&bench);
}

/* -------- a day -------- */

/* VECTORS: Tuesday 2013-01-15, constant power in each period. */
static const struct {
	int from, to, pulses;
	bool off_peak, peak;
} periods[] = {
	{0, 6, 7200, true, false},     {6, 8, 6000, false, false},  {8, 10, 9600, false, true},
	{10, 18, 33600, false, false}, {18, 20, 7200, false, true}, {20, 22, 4800, false, false},
	{22, 24, 3000, true, false},
};

static void play_day(struct bench *bench, ns_t midnight)
{
	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		ns_t from = midnight + periods[p].from * 3600 * S;
		ns_t length = (periods[p].to - periods[p].from) * 3600 * S;

		edge(bench, LINE_OFF_PEAK, periods[p].off_peak, from);
		edge(bench, LINE_PEAK, periods[p].peak, from);
		for (ns_t signal = from; signal < from + length; signal += 600 * S)
			level(bench, LINE_SIGNAL, signal, 100 * MS);
		for (int i = 1; i <= periods[p].pulses; i++) {
			ns_t t = from + length / 1000 * i / periods[p].pulses * 1000;

			level(bench, LINE_PULSE, t, 60 * MS);
			advance(bench, t);
		}
	}
	level(bench, LINE_SIGNAL, midnight + 86400 * S, 100 * MS);
	advance(bench, midnight + 86400 * S + 100 * MS);
	stop(bench, midnight + 86400 * S + 100 * MS);
}

static void a_winter_day_is_71400_pulses_in_144_exact_windows(void **state)
{
	const ns_t midnight = INT64_C(1358204400) * S; /* 2013-01-15 00:00 in Paris */
	struct bench bench;

	(void)state;
	bench_open(&bench, &all_lines, midnight);
	play_day(&bench, midnight);
	assert_int_equal(pulses(&bench), 71400);
	assert_int_equal(records(&bench, MARK_TOP10), 145);
	assert_int_equal(records(&bench, MARK_CONTACTS), 6);
	assert_int_equal(records(&bench, MARK_MINUTE), 144 * 9);
	assert_int_equal(record(&bench, MARK_STOP, 0)->pulses, 71400);
	for (size_t w = 0; w < 144; w++) {
		const struct record *from = record(&bench, MARK_TOP10, w);
		const struct record *to = record(&bench, MARK_TOP10, w + 1);
		size_t p = 0;

		while (periods[p].to * 6 <= (int)w)
			p++;
		assert_int_equal(to->t - from->t, 600000);
		assert_int_equal(to->pulses - from->pulses,
				 periods[p].pulses / (6 * (periods[p].to - periods[p].from)));
		assert_int_equal(from->off_peak, periods[p].off_peak ? YES : NO);
		assert_int_equal(from->peak, periods[p].peak ? YES : NO);
	}
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pulse_has_the_time_at_which_its_stable_level_began),
		cmocka_unit_test(
			a_level_of_exactly_the_minimum_width_counts_and_a_shorter_one_does_not),
		cmocka_unit_test(a_gap_shorter_than_the_minimum_does_not_split_a_pulse),
		cmocka_unit_test(on_and_off_have_widths_of_their_own),
		cmocka_unit_test(four_bounces_a_pulse_and_spikes_of_2_ms_leave_exactly_1000_pulses),
		cmocka_unit_test(without_minimum_widths_every_level_counts),
		cmocka_unit_test(a_repeated_direction_means_that_the_opposite_edge_was_lost),
		cmocka_unit_test(a_line_that_is_on_at_the_start_is_no_edge),
		cmocka_unit_test(a_record_counts_exactly_the_pulses_that_began_by_its_time),
		cmocka_unit_test(a_signal_waits_until_the_pulse_before_it_is_certain),
		cmocka_unit_test(signals_of_a_window_of_612_s_are_612_pulses_apart),
		cmocka_unit_test(minutes_run_from_the_start_then_from_every_signal),
		cmocka_unit_test(a_signal_replaces_the_minute_of_the_same_time),
		cmocka_unit_test(minutes_go_on_when_a_signal_is_missing),
		cmocka_unit_test(a_contact_that_changes_makes_a_record_with_the_state_from_then_on),
		cmocka_unit_test(contacts_set_at_the_start_are_in_the_start_record_alone),
		cmocka_unit_test(a_meter_without_contacts_has_unknown_ones),
		cmocka_unit_test(marks_of_one_time_come_as_contacts_then_signal_and_agree),
		cmocka_unit_test(a_stop_counts_what_is_certain_and_comes_last),
		cmocka_unit_test(a_new_start_goes_on_counting_and_records_how_long_it_was_blind),
		cmocka_unit_test(intervals_are_exact_to_the_nanosecond_whenever_edges_are_read),
		cmocka_unit_test(an_implausibly_short_interval_is_energy_but_no_power),
		cmocka_unit_test(
			an_edge_that_comes_after_its_time_was_decided_is_counted_and_noted),
		cmocka_unit_test(edges_that_the_kernel_dropped_are_counted_in_and_reported_once),
		cmocka_unit_test(of_dropped_edges_as_many_are_bounces_as_of_those_that_were_seen),
		cmocka_unit_test(what_is_dropped_too_fast_for_pulses_invents_none),
		cmocka_unit_test(
			without_numbers_a_repeated_direction_or_a_full_queue_may_be_a_loss),
		cmocka_unit_test(where_edges_are_numbered_no_loss_is_merely_possible),
		cmocka_unit_test(a_loss_that_was_reported_is_not_reported_again),
		cmocka_unit_test(nothing_comes_before_the_deadline_and_something_does_by_then),
		cmocka_unit_test(the_order_of_arrival_across_lines_changes_nothing),
		cmocka_unit_test(a_recording_seen_once_more_gives_exactly_what_was_not_reported),
		cmocka_unit_test(a_recording_that_was_reported_to_its_end_gives_nothing_more),
		cmocka_unit_test(a_winter_day_is_71400_pulses_in_144_exact_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
