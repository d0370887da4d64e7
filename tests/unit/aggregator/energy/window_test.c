#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "aggregator/energy/window.h"
#include "tests/unit/common/seed.h"

#define T0 INT64_C(1358233200000) /* 2013-01-15T07:00Z */

static void signals_of(struct period_signals *signals, size_t count, const ms_t times[])
{
	*signals = (struct period_signals){0};
	for (size_t i = 0; i < count; i++)
		signals_add(signals, T0 + times[i]);
	signals_update(signals);
}

#define SIGNALS_OF(signals, ...)                                                                   \
	do {                                                                                       \
		static const ms_t times_[] = {__VA_ARGS__};                                        \
		signals_of(signals, sizeof(times_) / sizeof(times_[0]), times_);                   \
	} while (0)

static void assert_window(const struct period_signals *signals, ms_t t, ms_t start, ms_t end,
			  enum window_edge first, enum window_edge last)
{
	struct window window = signals_window(signals, T0 + t);

	assert_int_equal(window.start - T0, start);
	assert_int_equal(window.end - T0, end);
	assert_int_equal(window.first, first);
	assert_int_equal(window.last, last);
}

static void windows_run_from_signal_to_signal_and_belong_to_their_start(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 600000, 1212000);
	assert_window(&signals, 0, 0, 600000, EDGE_SIGNAL, EDGE_SIGNAL);
	assert_window(&signals, 599999, 0, 600000, EDGE_SIGNAL, EDGE_SIGNAL);
	assert_window(&signals, 600000, 600000, 1212000, EDGE_SIGNAL, EDGE_SIGNAL);
	assert_window(&signals, 1211999, 600000, 1212000, EDGE_SIGNAL, EDGE_SIGNAL);
	signals_free(&signals);
}

static void a_signal_less_than_570_s_after_the_last_is_spurious(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 569999, 1139998);
	/* measured from the last accepted one, not from the spurious one */
	assert_int_equal(signals.spurious, 1);
	assert_int_equal(signals.accepted_count, 2);
	signals_free(&signals);
	SIGNALS_OF(&signals, 0, 570000);
	assert_int_equal(signals.spurious, 0);
	assert_window(&signals, 0, 0, 570000, EDGE_SIGNAL, EDGE_SIGNAL);
	signals_free(&signals);
}

static void signals_one_by_one_give_the_same_result(void **state)
{
	struct period_signals signals = {0};

	(void)state;
	for (int i = 0; i < 4; i++) {
		static const ms_t times[] = {0, 569999, 570000, 1140000};

		signals_add(&signals, T0 + times[i]);
		assert_false(time_range_empty(signals_update(&signals)));
	}
	assert_int_equal(signals.spurious, 1);
	assert_window(&signals, 0, 0, 570000, EDGE_SIGNAL, EDGE_SIGNAL);
	assert_window(&signals, 570000, 570000, 1140000, EDGE_SIGNAL, EDGE_SIGNAL);
	signals_free(&signals);
}

static void an_earlier_signal_that_is_late_changes_which_are_spurious(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 300000, 900000, 1500000);
	assert_int_equal(signals.accepted_count, 3);
	signals_add(&signals, T0);
	assert_false(time_range_empty(signals_update(&signals)));
	/* 0, then 300 is spurious, 900 is not */
	assert_int_equal(signals.spurious, 1);
	assert_int_equal(signals.accepted_count, 3);
	assert_window(&signals, 0, 0, 450000, EDGE_SIGNAL, EDGE_SYNTHETIC);
	signals_free(&signals);
}

static void a_late_signal_changes_only_the_windows_between_its_neighbours(void **state)
{
	struct period_signals signals;
	struct time_range changed;

	(void)state;
	SIGNALS_OF(&signals, 0, 600000, 1800000, 2400000);
	signals_add(&signals, T0 + 1200000);
	changed = signals_update(&signals);
	assert_int_equal(changed.from - T0, 600000);
	assert_int_equal(changed.to - T0, 1800000);
	/* Spurious */
	signals_add(&signals, T0 + 1300000);
	assert_true(time_range_empty(signals_update(&signals)));
	signals_add(&signals, T0 - 600000);
	changed = signals_update(&signals);
	assert_int_equal(changed.from, NEVER);
	assert_int_equal(changed.to - T0, 0);
	signals_add(&signals, T0 + 3000000);
	signals_add(&signals, T0 + 3600000);
	changed = signals_update(&signals);
	assert_int_equal(changed.from - T0, 2400000);
	assert_int_equal(changed.to, FOREVER);
	signals_free(&signals);
}

static void the_same_signal_again_changes_nothing(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 600000, 600000, 0);
	assert_int_equal(signals.spurious, 0);
	assert_int_equal(signals.accepted_count, 2);
	signals_add(&signals, T0 + 600000);
	assert_true(time_range_empty(signals_update(&signals)));
	signals_add(&signals, T0);
	assert_true(time_range_empty(signals_update(&signals)));
	assert_int_equal(signals.spurious, 0);
	signals_free(&signals);
}

static void from_900_s_on_a_signal_is_missing(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 899999);
	assert_window(&signals, 700000, 0, 899999, EDGE_SIGNAL, EDGE_SIGNAL);
	signals_free(&signals);
	SIGNALS_OF(&signals, 0, 900000);
	assert_window(&signals, 449999, 0, 450000, EDGE_SIGNAL, EDGE_SYNTHETIC);
	assert_window(&signals, 450000, 450000, 900000, EDGE_SYNTHETIC, EDGE_SIGNAL);
	signals_free(&signals);
	SIGNALS_OF(&signals, 0, 1499999);
	assert_window(&signals, 0, 0, 749999, EDGE_SIGNAL, EDGE_SYNTHETIC);
	signals_free(&signals);
	SIGNALS_OF(&signals, 0, 1500000);
	assert_window(&signals, 0, 0, 500000, EDGE_SIGNAL, EDGE_SYNTHETIC);
	signals_free(&signals);
}

static void missing_signals_are_placed_rounding_down(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 1800001);
	assert_window(&signals, 0, 0, 600000, EDGE_SIGNAL, EDGE_SYNTHETIC);
	assert_window(&signals, 600000, 600000, 1200000, EDGE_SYNTHETIC, EDGE_SYNTHETIC);
	assert_window(&signals, 1200000, 1200000, 1800001, EDGE_SYNTHETIC, EDGE_SIGNAL);
	signals_free(&signals);
	SIGNALS_OF(&signals, 0, 1800002);
	assert_window(&signals, 1200000, 600000, 1200001, EDGE_SYNTHETIC, EDGE_SYNTHETIC);
	assert_window(&signals, 1200001, 1200001, 1800002, EDGE_SYNTHETIC, EDGE_SIGNAL);
	signals_free(&signals);
}

static void before_the_first_and_after_the_last_signal_windows_are_600_s(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 7000, 607000);
	assert_window(&signals, 6999, -593000, 7000, EDGE_CLOCK, EDGE_SIGNAL);
	assert_window(&signals, -593001, -1193000, -593000, EDGE_CLOCK, EDGE_CLOCK);
	assert_window(&signals, 607000, 607000, 1207000, EDGE_SIGNAL, EDGE_CLOCK);
	assert_window(&signals, 1207000, 1207000, 1807000, EDGE_CLOCK, EDGE_CLOCK);
	signals_free(&signals);
}

static void without_a_signal_windows_follow_the_clock(void **state)
{
	struct period_signals signals = {0};

	(void)state;
	assert_window(&signals, 0, 0, 600000, EDGE_CLOCK, EDGE_CLOCK);
	assert_window(&signals, 599999, 0, 600000, EDGE_CLOCK, EDGE_CLOCK);
	assert_window(&signals, 3600001, 3600000, 4200000, EDGE_CLOCK, EDGE_CLOCK);
}

static void only_windows_between_accepted_signals_are_synchronous(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 600000, 1800000);
	assert_true(window_synchronous(signals_window(&signals, T0)));
	assert_false(window_synthetic(signals_window(&signals, T0)));
	assert_false(window_synchronous(signals_window(&signals, T0 + 600000)));
	assert_true(window_synthetic(signals_window(&signals, T0 + 600000)));
	assert_true(window_synthetic(signals_window(&signals, T0 + 1799999)));
	assert_false(window_synchronous(signals_window(&signals, T0 + 1800000)));
	assert_false(window_synthetic(signals_window(&signals, T0 + 1800000)));
	signals_free(&signals);
}

static void windows_are_certain_up_to_the_last_signal(void **state)
{
	struct period_signals signals;

	(void)state;
	SIGNALS_OF(&signals, 0, 600000);
	assert_int_equal(signals_certain_until(&signals), T0 + 600000);
	signals_free(&signals);
	assert_int_equal(signals_certain_until(&signals), FOREVER);
}

/* The starts of a window's minutes and its end, in s. */
static void assert_minutes(ms_t duration_s, int count, int last_s)
{
	struct window window = {T0, T0 + duration_s * 1000, EDGE_SIGNAL, EDGE_SIGNAL};
	struct window minute;
	ms_t t = window.start;
	int pieces = 0;

	while (t < window.end) {
		minute = window_minute(window, t);
		assert_int_equal(minute.start, t);
		assert_int_equal(minute.start, window.start + pieces * 60000);
		assert_int_equal(window_minute(window, minute.end - 1).start, minute.start);
		t = minute.end;
		pieces++;
	}
	assert_int_equal(t, window.end);
	assert_int_equal(pieces, count);
	assert_int_equal(minute.end - minute.start, last_s * 1000);
}

static void a_last_piece_shorter_than_30_s_joins_the_minute_before(void **state)
{
	(void)state;
	assert_minutes(600, 10, 60);
	assert_minutes(612, 10, 72);
	assert_minutes(629, 10, 89);
	assert_minutes(630, 11, 30);
	assert_minutes(645, 11, 45);
	assert_minutes(585, 10, 45);
	assert_minutes(570, 10, 30);
	assert_minutes(569, 9, 89);
	assert_minutes(450, 8, 30);
	assert_minutes(899, 15, 59);
}

#define SIGNALS 30

static int moment_compare(const void *a, const void *b)
{
	const ms_t *p = a;
	const ms_t *q = b;

	return (*p > *q) - (*p < *q);
}

/* A slow implementation of the contract: all bounds, from 200 windows before to 200 after. */
static struct window model_window(const ms_t signals[], int count, ms_t t)
{
	static ms_t edges[20000];
	ms_t sorted[SIGNALS], accepted[SIGNALS];
	int n = 0, edge_count = 0, i = 0;

	for (int j = 0; j < count; j++)
		sorted[j] = signals[j];
	qsort(sorted, (size_t)count, sizeof(sorted[0]), moment_compare);
	for (int j = 0; j < count; j++)
		if (!n || sorted[j] - accepted[n - 1] >= 570000)
			accepted[n++] = sorted[j];
	for (int j = 200; j > 0; j--)
		edges[edge_count++] = accepted[0] - j * INT64_C(600000);
	for (int j = 0; j + 1 < n; j++) {
		ms_t gap = accepted[j + 1] - accepted[j];
		ms_t k = (gap + 300000) / 600000;

		for (ms_t m = 0; m < k; m++)
			edges[edge_count++] = accepted[j] + gap * m / k;
	}
	for (int j = 0; j < 200; j++)
		edges[edge_count++] = accepted[n - 1] + j * INT64_C(600000);
	while (edges[i + 1] <= t)
		i++;
	return (struct window){.start = edges[i], .end = edges[i + 1]};
}

/* Windows outside the range that signals_update() returns must not have changed. */
static void update_and_compare(struct period_signals *signals)
{
	struct window before[SIGNALS];
	ms_t moments[SIGNALS];
	struct time_range changed;

	for (int i = 0; i < SIGNALS && signals->sorted; i++) {
		struct period_signals sorted = *signals;

		sorted.count = sorted.sorted;
		moments[i] = T0 - 1800000 + seed_below(120000000);
		before[i] = signals_window(&sorted, moments[i]);
	}
	if (!signals->sorted) {
		signals_update(signals);
		return;
	}
	changed = signals_update(signals);
	for (int i = 0; i < SIGNALS; i++) {
		struct window window = signals_window(signals, moments[i]);

		if (!time_range_empty(changed) && moments[i] >= changed.from &&
		    moments[i] < changed.to)
			continue;
		assert_int_equal(window.start, before[i].start);
		assert_int_equal(window.end, before[i].end);
		assert_int_equal(window.first, before[i].first);
		assert_int_equal(window.last, before[i].last);
	}
}

static void any_signals_in_any_order_give_the_windows_of_the_contract(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) * 100 : 2000;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < iterations; i++) {
		uint64_t seed = seed_state;
		ms_t times[SIGNALS];
		struct period_signals signals = {0};
		int count = 1 + (int)seed_below(SIGNALS);

		for (int j = 0; j < count; j++) {
			times[j] = T0 + seed_below(12) * 600000 + seed_below(3) * seed_below(60000);
			if (seed_below(8) == 0)
				times[j] += seed_below(30) * 3333333;
			signals_add(&signals, times[j]);
			if (seed_below(3) == 0)
				update_and_compare(&signals);
		}
		signals_update(&signals);
		for (int j = 0; j < 50; j++) {
			ms_t t = T0 - 1800000 + seed_below(120000000);
			struct window expected = model_window(times, count, t);
			struct window window = signals_window(&signals, t);

			if (j % 2) { /* the boundaries themselves */
				t = window.end - seed_below(2);
				expected = model_window(times, count, t);
				window = signals_window(&signals, t);
			}
			if (window.start != expected.start || window.end != expected.end)
				fail_msg("SEED=%llu: t %lld", (unsigned long long)seed,
					 (long long)(t - T0));
		}
		signals_free(&signals);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_run_from_signal_to_signal_and_belong_to_their_start),
		cmocka_unit_test(a_signal_less_than_570_s_after_the_last_is_spurious),
		cmocka_unit_test(signals_one_by_one_give_the_same_result),
		cmocka_unit_test(an_earlier_signal_that_is_late_changes_which_are_spurious),
		cmocka_unit_test(a_late_signal_changes_only_the_windows_between_its_neighbours),
		cmocka_unit_test(the_same_signal_again_changes_nothing),
		cmocka_unit_test(from_900_s_on_a_signal_is_missing),
		cmocka_unit_test(missing_signals_are_placed_rounding_down),
		cmocka_unit_test(before_the_first_and_after_the_last_signal_windows_are_600_s),
		cmocka_unit_test(without_a_signal_windows_follow_the_clock),
		cmocka_unit_test(only_windows_between_accepted_signals_are_synchronous),
		cmocka_unit_test(windows_are_certain_up_to_the_last_signal),
		cmocka_unit_test(a_last_piece_shorter_than_30_s_joins_the_minute_before),
		cmocka_unit_test(any_signals_in_any_order_give_the_windows_of_the_contract),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
