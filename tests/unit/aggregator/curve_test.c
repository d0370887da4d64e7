#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/curve.h"
#include "tests/unit/common/seed.h"

static void curve_of(struct curve *curve, size_t count, const int64_t records[][2])
{
	*curve = (struct curve){0};
	curve_weigh(curve, 0, WEIGHT_ONE);
	for (size_t i = 0; i < count; i++)
		curve_add(curve, records[i][0], records[i][1]);
	curve_settle(curve);
}

#define CURVE_OF(curve, ...)                                                                       \
	do {                                                                                       \
		static const int64_t records[][2] = {__VA_ARGS__};                                 \
		curve_of(curve, sizeof(records) / sizeof(records[0]), records);                    \
	} while (0)

static int64_t between(const struct curve *curve, ms_t from, ms_t to)
{
	unsigned int flags = 0;

	return curve_between(curve, from, to, &flags);
}

/* Of one count. */
static int64_t worth(const struct curve *curve, ms_t t)
{
	int64_t amount = -1;

	assert_true(curve_worth(curve, t, 0, 1, &amount));
	return amount;
}

static unsigned int flags_of(const struct curve *curve, ms_t from, ms_t to)
{
	unsigned int flags = 0;

	curve_between(curve, from, to, &flags);
	return flags;
}

static void of_two_records_with_the_same_time_the_larger_index_counts(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {0, 100}, {10, 130}, {10, 150}, {10, 140}, {20, 160});
	assert_int_equal(between(&curve, 0, 10), 50);
	assert_int_equal(between(&curve, 10, 20), 10);
	assert_int_equal(curve.resets + curve.glitches, 0);
	curve_add(&curve, 10, 155);
	curve_settle(&curve);
	assert_int_equal(between(&curve, 0, 10), 55);
	curve_free(&curve);
}

static void a_fall_that_recovers_is_a_glitch_and_is_left_out(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {0, 100}, {10, 40}, {20, 100});
	assert_int_equal(between(&curve, 0, 20), 0);
	assert_int_equal(curve.glitches, 1);
	assert_int_equal(curve.resets, 0);
	curve_free(&curve);
	CURVE_OF(&curve, {0, 100}, {10, 40}, {20, 120});
	/* linear over the gap */
	assert_int_equal(between(&curve, 0, 10), 10);
	assert_int_equal(between(&curve, 10, 20), 10);
	curve_free(&curve);
}

static void a_fall_that_stays_is_a_reset_without_energy_across_it(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {0, 100}, {10, 40}, {20, 99}, {30, 120});
	assert_int_equal(between(&curve, 0, 10), 0);
	assert_int_equal(between(&curve, 0, 20), 59);
	assert_int_equal(curve_total(&curve), 80);
	assert_int_equal(curve.resets, 1);
	assert_int_equal(curve.glitches, 0);
	assert_true(curve_reset_within(&curve, 0, 10));
	assert_true(curve_reset_within(&curve, 9, 10));
	assert_false(curve_reset_within(&curve, 10, 30));
	curve_free(&curve);
}

static void falls_in_a_row_are_judged_one_by_one(void **state)
{
	struct curve curve;

	(void)state;
	/* 50 is a reset (40 is below 100), 40 then a glitch (120 is not below 50). */
	CURVE_OF(&curve, {0, 100}, {10, 50}, {20, 40}, {30, 120});
	assert_int_equal(curve.resets, 1);
	assert_int_equal(curve.glitches, 1);
	assert_int_equal(curve_total(&curve), 70);
	curve_free(&curve);
	CURVE_OF(&curve, {0, 100}, {10, 50}, {20, 100}, {30, 60}, {40, 130});
	assert_int_equal(curve.glitches, 2);
	assert_int_equal(curve_total(&curve), 30);
	curve_free(&curve);
}

static void
a_fall_at_the_end_is_a_reset_until_its_successor_shows_that_it_was_a_glitch(void **state)
{
	struct curve curve;
	struct span span;

	(void)state;
	CURVE_OF(&curve, {0, 100}, {10, 110}, {20, 50});
	assert_int_equal(curve.resets, 1);
	assert_int_equal(curve_last(&curve), 20);
	curve_add(&curve, 30, 130);
	span = curve_settle(&curve);
	assert_int_equal(curve.resets, 0);
	assert_int_equal(curve.glitches, 1);
	assert_int_equal(between(&curve, 10, 20), 10);
	assert_true(span.from <= 10 && span.to >= 30);
	curve_free(&curve);
}

static void a_glitch_becomes_a_reset_when_a_late_record_comes_after_it(void **state)
{
	struct curve curve;
	struct span span;

	(void)state;
	CURVE_OF(&curve, {0, 100}, {10, 50}, {30, 130}, {40, 140});
	assert_int_equal(curve.glitches, 1);
	curve_add(&curve, 20, 60);
	span = curve_settle(&curve);
	assert_int_equal(curve.glitches, 0);
	assert_int_equal(curve.resets, 1);
	assert_int_equal(between(&curve, 0, 10), 0);
	assert_int_equal(curve_total(&curve), 90);
	assert_true(span.from <= 0 && span.to >= 30);
	curve_free(&curve);
}

static void before_the_first_record_and_after_the_last_there_is_no_energy(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {1000, 100}, {2000, 300});
	assert_int_equal(between(&curve, 0, 1000), 0);
	assert_int_equal(between(&curve, 2000, 90000), 0);
	assert_int_equal(between(&curve, 0, 90000), 200);
	assert_int_equal(between(&curve, 1500, 1500), 0);
	assert_int_equal(curve_first(&curve), 1000);
	assert_int_equal(curve_last(&curve), 2000);
	curve_free(&curve);
}

static void nothing_is_known_of_an_empty_curve(void **state)
{
	struct curve curve = {0};

	(void)state;
	assert_false(curve_known(&curve));
	assert_int_equal(curve_first(&curve), CURVE_ALWAYS);
	assert_int_equal(curve_last(&curve), CURVE_NEVER);
	assert_int_equal(curve_total(&curve), 0);
	assert_true(span_empty(curve_settle(&curve)));
	assert_int_equal(flags_of(&curve, 0, 1), CURVE_BEFORE | CURVE_AFTER);
	curve_free(&curve);
}

static void interpolation_rounds_down(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {0, 7}, {3, 9});
	assert_int_equal(between(&curve, 0, 1), 0); /* 7 + floor(2/3) */
	assert_int_equal(between(&curve, 0, 2), 1); /* 7 + floor(4/3) */
	assert_int_equal(between(&curve, 1, 2), 1);
	assert_int_equal(between(&curve, 2, 3), 1);
	curve_free(&curve);
}

static void interpolation_is_exact_where_products_do_not_fit_64_bits(void **state)
{
	const int64_t index = INT64_C(8999999999999999);
	const ms_t year = 365 * MS_PER_DAY;
	struct curve curve = {0};

	(void)state;
	curve_weigh(&curve, 0, WEIGHT_ONE);
	curve_add(&curve, 0, 0);
	curve_add(&curve, year, index);
	curve_settle(&curve);
	for (ms_t t = 1; t < year; t = t * 7 + 3)
		assert_int_equal(between(&curve, 0, t), (int64_t)((__int128)index * t / year));
	curve_free(&curve);
}

static void an_end_between_records_of_more_than_60_s_apart_is_interpolated(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {0, 0}, {60000, 10}, {120001, 20}, {130000, 30});
	assert_int_equal(flags_of(&curve, 0, 60000), 0);
	assert_int_equal(flags_of(&curve, 30000, 60000), 0);
	assert_int_equal(flags_of(&curve, 0, 130000), 0);
	assert_int_equal(flags_of(&curve, 0, 60001), CURVE_INTERPOLATED);
	assert_int_equal(flags_of(&curve, 120000, 130000), CURVE_INTERPOLATED);
	assert_int_equal(flags_of(&curve, 0, 130001), CURVE_AFTER);
	assert_int_equal(flags_of(&curve, -1, 60000), CURVE_BEFORE);
	curve_free(&curve);
}

static void a_weight_that_changes_never_reprices_what_was_counted_before(void **state)
{
	struct curve curve = {0};

	(void)state;
	curve_weigh(&curve, 0, 80000 * WEIGHT_ONE);
	for (int i = 0; i <= 4; i++)
		curve_add(&curve, i * 10000, i * 10);
	curve_settle(&curve);
	assert_int_equal(curve_total(&curve), 40 * 80000);
	curve_weigh(&curve, 20000, 100000 * WEIGHT_ONE);
	curve_settle(&curve);
	assert_int_equal(between(&curve, 0, 20000), 20 * 80000);
	assert_int_equal(between(&curve, 20000, 40000), 20 * 100000);
	assert_int_equal(worth(&curve, 19999), 80000);
	assert_int_equal(worth(&curve, 20000), 100000);
	/* late records from before the change have the old weight */
	curve_add(&curve, -10000, 0);
	curve_add(&curve, 15000, 14);
	curve_settle(&curve);
	assert_int_equal(between(&curve, -10000, 20000), 20 * 80000);
	curve_free(&curve);
}

static void a_weight_may_be_less_than_a_whole_mwh(void **state)
{
	struct curve curve = {0};

	(void)state;
	/* 3200 pulses a kWh: each index is pulses x 312.5 mWh, rounded half up. */
	curve_weigh(&curve, 0, 312 * WEIGHT_ONE + WEIGHT_ONE / 2);
	for (int i = 0; i <= 3200; i++)
		curve_add(&curve, i, 1000 + i);
	curve_settle(&curve);
	assert_int_equal(curve_total(&curve), MWH_PER_KWH);
	assert_int_equal(between(&curve, 0, 1), 313);
	assert_int_equal(between(&curve, 1, 2), 312);
	curve_free(&curve);
}

static void a_weight_said_again_changes_nothing(void **state)
{
	struct curve curve = {0};

	(void)state;
	curve_weigh(&curve, 0, 80000 * WEIGHT_ONE);
	curve_add(&curve, 0, 0);
	curve_settle(&curve);
	curve_weigh(&curve, 10, 80000 * WEIGHT_ONE);
	assert_int_equal(curve.weight_count, 1);
	assert_true(span_empty(curve_settle(&curve)));
	curve_free(&curve);
}

static void the_first_weight_holds_for_all_time_before(void **state)
{
	struct curve curve = {0};

	(void)state;
	curve_add(&curve, 0, 0);
	curve_add(&curve, 10, 5);
	curve_settle(&curve);
	assert_int_equal(curve_total(&curve), 0);
	curve_weigh(&curve, 1000000, 80000 * WEIGHT_ONE);
	curve_settle(&curve);
	assert_int_equal(curve_total(&curve), 5 * 80000);
	curve_free(&curve);
}

static void a_weight_dated_by_a_clock_that_was_set_back_takes_over_from_the_last(void **state)
{
	struct curve curve = {0};

	(void)state;
	curve_weigh(&curve, 0, WEIGHT_ONE);
	curve_weigh(&curve, 2000, 2 * WEIGHT_ONE);
	curve_weigh(&curve, 1000, 3 * WEIGHT_ONE);
	assert_int_equal(worth(&curve, 1999), 1);
	assert_int_equal(worth(&curve, 2000), 3);
	curve_free(&curve);
}

static void a_step_that_no_number_can_hold_is_no_energy(void **state)
{
	struct curve curve = {0};

	(void)state;
	curve_weigh(&curve, 0, WEIGHT_MAX);
	curve_add(&curve, 0, 0);
	curve_add(&curve, 10, INT64_C(9000000000000000));
	curve_add(&curve, 20, INT64_C(9000000000000001));
	curve_settle(&curve);
	assert_int_equal(between(&curve, 0, 10), 0);
	assert_int_equal(curve.resets, 1);
	curve_free(&curve);
}

static void a_record_that_came_before_changes_nothing(void **state)
{
	struct curve curve;

	(void)state;
	CURVE_OF(&curve, {0, 100}, {10, 110}, {20, 120});
	curve_add(&curve, 10, 110);
	assert_true(span_empty(curve_settle(&curve)));
	curve_add(&curve, 20, 120);
	assert_true(span_empty(curve_settle(&curve)));
	curve_add(&curve, 0, 90); /* the larger counts: nothing new either */
	assert_true(span_empty(curve_settle(&curve)));
	assert_int_equal(curve.count, 3);
	curve_free(&curve);
}

/* ---- against a slow model ---- */

#define TIMES	24
#define RECORDS 40

/* Energy up to each time, from the set of records alone. */
static void model_of(int64_t energy[TIMES], size_t count, const int64_t records[][2], int *resets,
		     int *glitches)
{
	int64_t largest[TIMES];
	int64_t kept_t[TIMES], kept[TIMES];
	bool reset[TIMES] = {0};
	int n = 0;

	*resets = *glitches = 0;
	for (int t = 0; t < TIMES; t++)
		largest[t] = -1;
	for (size_t i = 0; i < count; i++)
		if (records[i][1] > largest[records[i][0]])
			largest[records[i][0]] = records[i][1];
	for (int t = 0; t < TIMES; t++) {
		int next = t + 1;

		if (largest[t] < 0)
			continue;
		while (next < TIMES && largest[next] < 0)
			next++;
		if (n && largest[t] < kept[n - 1]) {
			if (next < TIMES && largest[next] >= kept[n - 1]) {
				(*glitches)++;
				continue;
			}
			reset[n] = true;
			(*resets)++;
		}
		kept_t[n] = t;
		kept[n++] = largest[t];
	}
	for (int t = 0; t < TIMES; t++) {
		energy[t] = 0;
		for (int i = 1; i < n; i++) {
			int64_t whole = reset[i] ? 0 : kept[i] - kept[i - 1];

			if (t >= kept_t[i])
				energy[t] += whole;
			else if (t > kept_t[i - 1])
				energy[t] +=
					whole * (t - kept_t[i - 1]) / (kept_t[i] - kept_t[i - 1]);
		}
	}
}

/* Records of a few times and few values, so that equal times, glitches and resets are the rule;
 * after each settling the curve is the model's, and wherever it moved it said so. */
static void in_any_order_a_curve_is_what_its_set_of_records_says(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) * 1000 : 20000;

	(void)state;
	seed_start(__func__);
	for (int iteration = 0; iteration < iterations; iteration++) {
		uint64_t seed = seed_state;
		int64_t records[RECORDS][2];
		int64_t before[TIMES] = {0}, now[TIMES];
		struct curve curve = {0};
		size_t count = (size_t)seed_below(RECORDS - 1) + 1;
		int64_t values = 1 + seed_below(12);
		int resets, glitches;

		curve_weigh(&curve, 0, WEIGHT_ONE);
		for (size_t i = 0; i < count; i++) {
			struct span span;

			records[i][0] = seed_below(TIMES);
			records[i][1] = seed_below(3) ? records[i][0] * 3 : seed_below(values) * 7;
			curve_add(&curve, records[i][0], records[i][1]);
			if (seed_below(2) && i + 1 < count)
				continue;
			span = curve_settle(&curve);
			model_of(now, i + 1, records, &resets, &glitches);
			if (curve.resets != resets || curve.glitches != glitches)
				fail_msg("SEED=%llu: resets or glitches", (unsigned long long)seed);
			for (int t = 0; t + 1 < TIMES; t++) {
				int64_t step = now[t + 1] - now[t];

				if (between(&curve, t, t + 1) != step)
					fail_msg("SEED=%llu: energy at %d",
						 (unsigned long long)seed, t);
				if (step != before[t + 1] - before[t] &&
				    (span.from > t || span.to < t + 1))
					fail_msg("SEED=%llu: moved at %d without a word",
						 (unsigned long long)seed, t);
			}
			memcpy(before, now, sizeof(now));
		}
		curve_free(&curve);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_records_with_the_same_time_the_larger_index_counts),
		cmocka_unit_test(a_fall_that_recovers_is_a_glitch_and_is_left_out),
		cmocka_unit_test(a_fall_that_stays_is_a_reset_without_energy_across_it),
		cmocka_unit_test(falls_in_a_row_are_judged_one_by_one),
		cmocka_unit_test(
			a_fall_at_the_end_is_a_reset_until_its_successor_shows_that_it_was_a_glitch),
		cmocka_unit_test(a_glitch_becomes_a_reset_when_a_late_record_comes_after_it),
		cmocka_unit_test(before_the_first_record_and_after_the_last_there_is_no_energy),
		cmocka_unit_test(nothing_is_known_of_an_empty_curve),
		cmocka_unit_test(interpolation_rounds_down),
		cmocka_unit_test(interpolation_is_exact_where_products_do_not_fit_64_bits),
		cmocka_unit_test(an_end_between_records_of_more_than_60_s_apart_is_interpolated),
		cmocka_unit_test(a_weight_that_changes_never_reprices_what_was_counted_before),
		cmocka_unit_test(a_weight_may_be_less_than_a_whole_mwh),
		cmocka_unit_test(a_weight_said_again_changes_nothing),
		cmocka_unit_test(the_first_weight_holds_for_all_time_before),
		cmocka_unit_test(
			a_weight_dated_by_a_clock_that_was_set_back_takes_over_from_the_last),
		cmocka_unit_test(a_step_that_no_number_can_hold_is_no_energy),
		cmocka_unit_test(a_record_that_came_before_changes_nothing),
		cmocka_unit_test(in_any_order_a_curve_is_what_its_set_of_records_says),
	};

	return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
