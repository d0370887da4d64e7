#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/energy/series.h"
#include "tests/unit/common/seed.h"

static bool weigh(struct index_series *series, ms_t from, int64_t amount)
{
	return series_weigh(series, (struct weight){.from = from, .amount = amount});
}

static void series_of(struct index_series *series, size_t count, const int64_t records[][2])
{
	*series = (struct index_series){0};
	weigh(series, 0, WEIGHT_ONE);
	for (size_t i = 0; i < count; i++)
		series_add(series, records[i][0], records[i][1]);
	series_update(series);
}

#define SERIES_OF(series, ...)                                                                     \
	do {                                                                                       \
		static const int64_t records[][2] = {__VA_ARGS__};                                 \
		series_of(series, sizeof(records) / sizeof(records[0]), records);                  \
	} while (0)

#define assert_unchanged(series)                                                                   \
	do {                                                                                       \
		series_update(series);                                                             \
		assert_int_equal((series)->changed.count, 0);                                      \
	} while (0)

/* Exactly one stretch. */
#define assert_changed(series, start, end)                                                         \
	do {                                                                                       \
		assert_int_equal((series)->changed.count, 1);                                      \
		assert_int_equal((series)->changed.items[0].from, start);                          \
		assert_int_equal((series)->changed.items[0].to, end);                              \
	} while (0)

static int64_t between(const struct index_series *series, ms_t from, ms_t to)
{
	unsigned int flags = 0;

	return series_between(series, from, to, &flags);
}

/* Of one count. */
static int64_t worth(const struct index_series *series, ms_t t)
{
	int64_t amount = -1;

	assert_true(series_worth(series, t, 0, 1, &amount));
	return amount;
}

static unsigned int flags_of(const struct index_series *series, ms_t from, ms_t to)
{
	unsigned int flags = 0;

	series_between(series, from, to, &flags);
	return flags;
}

static void of_two_records_with_the_same_time_the_larger_index_counts(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 130}, {10, 150}, {10, 140}, {20, 160});
	assert_int_equal(between(&series, 0, 10), 50);
	assert_int_equal(between(&series, 10, 20), 10);
	assert_int_equal(series.resets + series.glitches, 0);
	series_add(&series, 10, 155);
	series_update(&series);
	assert_int_equal(between(&series, 0, 10), 55);
	series_free(&series);
}

static void a_fall_that_recovers_is_a_glitch_and_is_left_out(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 40}, {20, 100});
	assert_int_equal(between(&series, 0, 20), 0);
	assert_int_equal(series.glitches, 1);
	assert_int_equal(series.resets, 0);
	series_free(&series);
	SERIES_OF(&series, {0, 100}, {10, 40}, {20, 120});
	/* linear over the gap */
	assert_int_equal(between(&series, 0, 10), 10);
	assert_int_equal(between(&series, 10, 20), 10);
	series_free(&series);
}

static void a_fall_that_stays_is_a_reset_without_energy_across_it(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 40}, {20, 99}, {30, 120});
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(between(&series, 0, 20), 59);
	assert_int_equal(series_total(&series), 80);
	assert_int_equal(series.resets, 1);
	assert_int_equal(series.glitches, 0);
	assert_true(series_reset_within(&series, 0, 10));
	assert_true(series_reset_within(&series, 9, 10));
	assert_false(series_reset_within(&series, 10, 30));
	series_free(&series);
}

static void falls_in_a_row_are_judged_one_by_one(void **state)
{
	struct index_series series;

	(void)state;
	/* 50 is a reset (40 is below 100), 40 then a glitch (120 is not below 50). */
	SERIES_OF(&series, {0, 100}, {10, 50}, {20, 40}, {30, 120});
	assert_int_equal(series.resets, 1);
	assert_int_equal(series.glitches, 1);
	assert_int_equal(series_total(&series), 70);
	series_free(&series);
	SERIES_OF(&series, {0, 100}, {10, 50}, {20, 100}, {30, 60}, {40, 130});
	assert_int_equal(series.glitches, 2);
	assert_int_equal(series_total(&series), 30);
	series_free(&series);
}

static void
a_fall_at_the_end_is_a_reset_until_its_successor_shows_that_it_was_a_glitch(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 110}, {20, 50});
	assert_int_equal(series.resets, 1);
	assert_int_equal(series_last(&series), 20);
	series_add(&series, 30, 130);
	series_update(&series);
	assert_int_equal(series.resets, 0);
	assert_int_equal(series.glitches, 1);
	assert_int_equal(between(&series, 10, 20), 10);
	assert_changed(&series, 10, 30);
	series_free(&series);
}

static void a_glitch_becomes_a_reset_when_a_late_record_comes_after_it(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 50}, {30, 130}, {40, 140});
	assert_int_equal(series.glitches, 1);
	series_add(&series, 20, 60);
	series_update(&series);
	assert_int_equal(series.glitches, 0);
	assert_int_equal(series.resets, 1);
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(series_total(&series), 90);
	assert_changed(&series, 0, 30);
	series_free(&series);
}

static void before_the_first_record_and_after_the_last_there_is_no_energy(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {1000, 100}, {2000, 300});
	assert_int_equal(between(&series, 0, 1000), 0);
	assert_int_equal(between(&series, 2000, 90000), 0);
	assert_int_equal(between(&series, 0, 90000), 200);
	assert_int_equal(between(&series, 1500, 1500), 0);
	assert_int_equal(series_first(&series), 1000);
	assert_int_equal(series_last(&series), 2000);
	series_free(&series);
}

static void nothing_is_known_of_an_empty_series(void **state)
{
	struct index_series series = {0};

	(void)state;
	assert_false(series_known(&series));
	assert_int_equal(series_first(&series), FOREVER);
	assert_int_equal(series_last(&series), NEVER);
	assert_int_equal(series_total(&series), 0);
	assert_unchanged(&series);
	assert_int_equal(flags_of(&series, 0, 1), SERIES_BEFORE | SERIES_AFTER);
	series_free(&series);
}

static void interpolation_rounds_down(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 7}, {3, 9});
	assert_int_equal(between(&series, 0, 1), 0); /* 7 + floor(2/3) */
	assert_int_equal(between(&series, 0, 2), 1); /* 7 + floor(4/3) */
	assert_int_equal(between(&series, 1, 2), 1);
	assert_int_equal(between(&series, 2, 3), 1);
	series_free(&series);
}

static void interpolation_is_exact_where_products_do_not_fit_64_bits(void **state)
{
	const int64_t index = INT64_C(8999999999999999);
	const ms_t year = 365 * MS_PER_DAY;
	struct index_series series = {0};

	(void)state;
	weigh(&series, 0, WEIGHT_ONE);
	series_add(&series, 0, 0);
	series_add(&series, year, index);
	series_update(&series);
	for (ms_t t = 1; t < year; t = t * 7 + 3)
		assert_int_equal(between(&series, 0, t), (int64_t)((__int128)index * t / year));
	series_free(&series);
}

static void an_end_between_records_of_more_than_60_s_apart_is_interpolated(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 0}, {60000, 10}, {120001, 20}, {130000, 30});
	assert_int_equal(flags_of(&series, 0, 60000), 0);
	assert_int_equal(flags_of(&series, 30000, 60000), 0);
	assert_int_equal(flags_of(&series, 0, 130000), 0);
	assert_int_equal(flags_of(&series, 0, 60001), SERIES_INTERPOLATED);
	assert_int_equal(flags_of(&series, 120000, 130000), SERIES_INTERPOLATED);
	assert_int_equal(flags_of(&series, 0, 130001), SERIES_AFTER);
	assert_int_equal(flags_of(&series, -1, 60000), SERIES_BEFORE);
	series_free(&series);
}

static void a_weight_that_changes_never_reprices_what_was_counted_before(void **state)
{
	struct index_series series = {0};

	(void)state;
	weigh(&series, 0, 80000 * WEIGHT_ONE);
	for (int i = 0; i <= 4; i++)
		series_add(&series, i * 10000, i * 10);
	series_update(&series);
	assert_int_equal(series_total(&series), 40 * 80000);
	weigh(&series, 20000, 100000 * WEIGHT_ONE);
	series_update(&series);
	assert_int_equal(between(&series, 0, 20000), 20 * 80000);
	assert_int_equal(between(&series, 20000, 40000), 20 * 100000);
	assert_int_equal(worth(&series, 19999), 80000);
	assert_int_equal(worth(&series, 20000), 100000);
	/* late records from before the change have the old weight */
	series_add(&series, -10000, 0);
	series_add(&series, 15000, 14);
	series_update(&series);
	assert_int_equal(between(&series, -10000, 20000), 20 * 80000);
	series_free(&series);
}

static void a_weight_may_be_less_than_a_whole_mwh(void **state)
{
	struct index_series series = {0};

	(void)state;
	/* 3200 pulses a kWh: each index is pulses x 312.5 mWh, rounded half up. */
	weigh(&series, 0, 312 * WEIGHT_ONE + WEIGHT_ONE / 2);
	for (int i = 0; i <= 3200; i++)
		series_add(&series, i, 1000 + i);
	series_update(&series);
	assert_int_equal(series_total(&series), MWH_PER_KWH);
	assert_int_equal(between(&series, 0, 1), 313);
	assert_int_equal(between(&series, 1, 2), 312);
	series_free(&series);
}

static void a_weight_said_again_changes_nothing(void **state)
{
	struct index_series series = {0};

	(void)state;
	weigh(&series, 0, 80000 * WEIGHT_ONE);
	series_add(&series, 0, 0);
	series_update(&series);
	weigh(&series, 10, 80000 * WEIGHT_ONE);
	assert_int_equal(series.weight_count, 1);
	assert_unchanged(&series);
	series_free(&series);
}

static void the_first_weight_holds_for_all_time_before(void **state)
{
	struct index_series series = {0};

	(void)state;
	series_add(&series, 0, 0);
	series_add(&series, 10, 5);
	series_update(&series);
	assert_int_equal(series_total(&series), 0);
	weigh(&series, 1000000, 80000 * WEIGHT_ONE);
	series_update(&series);
	assert_int_equal(series_total(&series), 5 * 80000);
	series_free(&series);
}

static void a_weight_dated_by_a_clock_that_was_set_back_takes_over_from_the_last(void **state)
{
	struct index_series series = {0};

	(void)state;
	weigh(&series, 0, WEIGHT_ONE);
	weigh(&series, 2000, 2 * WEIGHT_ONE);
	weigh(&series, 1000, 3 * WEIGHT_ONE);
	assert_int_equal(worth(&series, 1999), 1);
	assert_int_equal(worth(&series, 2000), 3);
	series_free(&series);
}

static void a_step_that_no_number_can_hold_is_no_energy(void **state)
{
	struct index_series series = {0};

	(void)state;
	weigh(&series, 0, WEIGHT_MAX);
	series_add(&series, 0, 0);
	series_add(&series, 10, INT64_C(9000000000000000));
	series_add(&series, 20, INT64_C(9000000000000001));
	series_update(&series);
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(series.resets, 1);
	series_free(&series);
}

static void a_record_that_came_before_changes_nothing(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 110}, {20, 120});
	series_add(&series, 10, 110);
	assert_unchanged(&series);
	series_add(&series, 20, 120);
	assert_unchanged(&series);
	series_add(&series, 0, 90); /* the larger counts: nothing new either */
	assert_unchanged(&series);
	assert_int_equal(series.count, 3);
	series_free(&series);
}

/* ---- rollovers and swaps ---- */

static void roll(struct index_series *series, int64_t modulus)
{
	series_weigh(series,
		     (struct weight){.from = 0, .amount = 80000 * WEIGHT_ONE, .modulus = modulus});
}

static struct index_event event_at(const struct index_series *series, ms_t t)
{
	size_t i = series_find(series, t);
	struct index_event event = {0};

	if (series->points[i].kind == POINT_FINAL)
		i++;
	assert_true(series_event(series, i, &event));
	assert_int_equal(event.t, t);
	return event;
}

static void a_register_that_is_full_goes_on_from_0(void **state)
{
	struct index_series series = {0};
	struct index_event event;

	(void)state;
	roll(&series, 100000);
	series_add(&series, 0, 99990);
	series_add(&series, 10, 99998);
	series_add(&series, 20, 3);
	series_update(&series);
	/* so far it may be a glitch */
	assert_int_equal(series_total(&series), 8 * 80000);
	assert_int_equal(series.resets, 1);
	series_add(&series, 30, 10);
	series_update(&series);
	assert_int_equal(series.resets + series.glitches, 0);
	assert_int_equal(series.rollovers, 1);
	assert_int_equal(between(&series, 10, 20), 5 * 80000);
	assert_int_equal(series_total(&series), 20 * 80000);
	event = event_at(&series, 20);
	assert_int_equal(event.kind, EVENT_ROLLOVER);
	assert_int_equal(event.before, 99998);
	assert_int_equal(event.after, 3);
	assert_int_equal(series.event_t, 20);
	assert_changed(&series, 10, 30);
	series_free(&series);
}

static void a_fall_of_half_the_modulus_or_less_is_a_reset(void **state)
{
	struct index_series series = {0};

	(void)state;
	roll(&series, 1000);
	series_add(&series, 0, 900);
	series_add(&series, 10, 400);
	series_add(&series, 20, 500);
	series_update(&series);
	assert_int_equal(series.resets, 1);
	assert_int_equal(series_total(&series), 100 * 80000);
	series_add(&series, 30, 0); /* 500 of 1000, too */
	series_add(&series, 40, 1);
	series_update(&series);
	assert_int_equal(series.resets, 2);
	series_free(&series);
}

static void an_index_beyond_the_modulus_does_not_roll_over(void **state)
{
	struct index_series series = {0};

	(void)state;
	roll(&series, 1000);
	series_add(&series, 0, 1001);
	series_add(&series, 10, 4);
	series_add(&series, 20, 5);
	series_update(&series);
	assert_int_equal(series.resets, 1);
	assert_int_equal(series_total(&series), 80000);
	series_free(&series);
}

static void a_register_that_read_0_for_a_moment_did_not_roll_over(void **state)
{
	struct index_series series = {0};

	(void)state;
	roll(&series, 1000);
	series_add(&series, 0, 990);
	series_add(&series, 10, 0);
	series_add(&series, 20, 995);
	series_update(&series);
	assert_int_equal(series.glitches, 1);
	assert_int_equal(series_total(&series), 5 * 80000);
	assert_int_equal(event_at(&series, 10).kind, EVENT_GLITCH);
	series_free(&series);
}

static void the_modulus_holds_from_its_date_on(void **state)
{
	struct index_series series = {0};

	(void)state;
	roll(&series, 0);
	series_add(&series, 0, 990);
	series_add(&series, 10, 2);
	series_add(&series, 20, 900);
	series_add(&series, 30, 1);
	series_add(&series, 40, 2);
	series_update(&series);
	assert_int_equal(series.resets, 2);
	series_weigh(&series,
		     (struct weight){.from = 20, .amount = 80000 * WEIGHT_ONE, .modulus = 1000});
	series_update(&series);
	assert_int_equal(series.resets, 1);
	assert_int_equal(series.rollovers, 1);
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(between(&series, 20, 40), 102 * 80000);
	series_free(&series);
}

static void a_swap_is_exact_to_the_final_index_and_from_the_initial_one(void **state)
{
	struct index_series series;
	struct index_event event;

	(void)state;
	SERIES_OF(&series, {0, 1000}, {100, 1100}, {300, 7}, {400, 9});
	assert_int_equal(series.resets, 1);
	assert_int_equal(series_total(&series), 102);
	assert_true(series_swap(&series, (struct swap){200, 1140, 5, ""}));
	series_update(&series);
	assert_int_equal(series.resets, 0);
	assert_int_equal(between(&series, 100, 200), 40);
	assert_int_equal(between(&series, 100, 150), 20);
	assert_int_equal(between(&series, 200, 300), 2);
	assert_int_equal(series_total(&series), 144);
	assert_changed(&series, 100, 400);
	event = event_at(&series, 200);
	assert_int_equal(event.kind, EVENT_SWAP);
	assert_int_equal(event.before, 1140);
	assert_int_equal(event.after, 5);
	assert_false(series_swap(&series, (struct swap){200, 1140, 5, ""}));
	assert_unchanged(&series);
	series_free(&series);
}

static void a_swap_counts_as_a_record_before_the_new_meter_says_anything(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 1000}, {100, 1100});
	series_swap(&series, (struct swap){200, 1150, 0, ""});
	series_update(&series);
	assert_int_equal(series_total(&series), 150);
	assert_int_equal(series_last(&series), 200);
	assert_int_equal(series_count(&series), 0);
	series_add(&series, 300, 4);
	series_update(&series);
	assert_int_equal(series_total(&series), 154);
	assert_int_equal(series.resets, 0);
	series_free(&series);
}

static void a_record_in_the_very_moment_of_a_swap_does_not_count(void **state)
{
	static const int64_t counts[] = {0, 3, 1100, 1139, 1140, 5000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (int order = 0; order < 2; order++) {
			struct index_series series;

			SERIES_OF(&series, {0, 1000}, {100, 1100}, {300, 7});
			if (order)
				series_swap(&series, (struct swap){200, 1140, 5, ""});
			series_add(&series, 200, counts[i]);
			series_update(&series);
			if (!order)
				series_swap(&series, (struct swap){200, 1140, 5, ""});
			series_update(&series);
			assert_int_equal(between(&series, 100, 200), 40);
			assert_int_equal(between(&series, 200, 300), 2);
			assert_int_equal(series.resets + series.glitches, 0);
			assert_true(series_holds(&series, 200, counts[i]));
			series_free(&series);
		}
	}
}

static void a_swap_said_again_otherwise_replaces_the_first(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 1000}, {100, 1100}, {300, 7});
	series_swap(&series, (struct swap){200, 1140, 5, ""});
	series_update(&series);
	assert_true(series_swap(&series, (struct swap){200, 1120, 6, ""}));
	series_update(&series);
	assert_int_equal(series_total(&series), 121);
	assert_changed(&series, 100, 300);
	assert_true(series_swap(&series, (struct swap){200, 1130, 6, ""}));
	assert_true(series_swap(&series, (struct swap){200, 1131, 6, ""}));
	series_update(&series);
	assert_int_equal(series_total(&series), 132);
	assert_int_equal(series.swap_count, 1);
	series_free(&series);
}

static void what_is_late_changes_its_neighbourhood_alone(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 0}, {10, 10}, {20, 5}, {30, 30}, {50, 40}, {60, 1}, {70, 2},
		  {80, 3});
	assert_int_equal(series_total(&series), 42);
	series_add(&series, 40, 37);
	series_add(&series, 90, 8);
	series_update(&series);
	assert_int_equal(series.changed.count, 2);
	assert_int_equal(series.changed.items[0].from, 30);
	assert_int_equal(series.changed.items[0].to, 50);
	assert_int_equal(series.changed.items[1].from, 80);
	assert_int_equal(series.changed.items[1].to, 90);
	assert_int_equal(series_total(&series), 47);
	/* a reset in the middle moves every later amount, and no later energy */
	series_add(&series, 41, 1);
	series_add(&series, 42, 2);
	series_update(&series);
	assert_changed(&series, 40, 50);
	assert_int_equal(between(&series, 40, 50), 39);
	assert_int_equal(between(&series, 70, 90), 6);
	assert_int_equal(series_total(&series), 37 + 39 + 7);
	series_free(&series);
}

/* ---- against a slow model ---- */

#define TIMES	24
#define RECORDS 40

struct model {
	int64_t modulus;
	int64_t change; /* from this time on a count is worth 3, before it 2 */
	struct swap swaps[TIMES];
	size_t swap_count;
	int64_t records[RECORDS][2];
	size_t count;
	/* what follows */
	int64_t energy[TIMES]; /* up to each time */
	int resets, glitches, rollovers;
};

enum { RECORD, FINAL, INITIAL };

/* From the set of records alone. */
static void model_run(struct model *model)
{
	int64_t largest[TIMES], t_of[3 * TIMES], count[3 * TIMES], step[3 * TIMES];
	int kind[3 * TIMES];
	int all = 0, n = 0;

	model->resets = model->glitches = model->rollovers = 0;
	for (int t = 0; t < TIMES; t++)
		largest[t] = -1;
	for (size_t i = 0; i < model->count; i++)
		if (model->records[i][1] > largest[model->records[i][0]])
			largest[model->records[i][0]] = model->records[i][1];
	for (int t = 0; t < TIMES; t++) {
		const struct swap *swap = NULL;

		for (size_t i = 0; i < model->swap_count; i++)
			if (model->swaps[i].t == t)
				swap = &model->swaps[i];
		if (!swap && largest[t] < 0)
			continue;
		t_of[all] = t;
		count[all] = swap ? swap->final : largest[t];
		kind[all++] = swap ? FINAL : RECORD;
		if (swap)
			t_of[all] = t, count[all] = swap->initial, kind[all++] = INITIAL;
	}
	for (int i = 0; i < all; i++) {
		int64_t weight = n && t_of[n - 1] >= model->change ? 3 : 2;
		int64_t fall = n ? count[n - 1] - count[i] : 0;
		bool rolls = model->modulus && 2 * fall > model->modulus && n &&
			     count[n - 1] <= model->modulus;

		step[n] = n && kind[i] != INITIAL && fall <= 0 ? -fall * weight : 0;
		if (kind[i] == FINAL && fall > 0 && rolls)
			step[n] = (model->modulus - fall) * weight;
		if (kind[i] == RECORD && fall > 0) {
			bool more = i + 1 < all;

			if (more && kind[i + 1] != INITIAL && count[i + 1] >= count[n - 1]) {
				model->glitches++;
				continue;
			}
			if (more && rolls) {
				model->rollovers++;
				step[n] = (model->modulus - fall) * weight;
			} else {
				model->resets++;
			}
		}
		t_of[n] = t_of[i];
		count[n++] = count[i];
	}
	for (int t = 0; t < TIMES; t++) {
		model->energy[t] = 0;
		for (int i = 1; i < n; i++) {
			if (t >= t_of[i])
				model->energy[t] += step[i];
			else if (t > t_of[i - 1])
				model->energy[t] +=
					step[i] * (t - t_of[i - 1]) / (t_of[i] - t_of[i - 1]);
		}
	}
}

/* Records of a few times and few values, so that equal times, glitches, resets and rollovers are
 * the rule; after each settling the index series is the model's, and wherever it moved it said so.
 */
static void in_any_order_a_series_is_what_its_set_of_records_says(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) * 1000 : 20000;

	(void)state;
	seed_start(__func__);
	for (int iteration = 0; iteration < iterations; iteration++) {
		uint64_t seed = seed_state;
		struct model model = {.change = seed_below(2) ? TIMES : seed_below(TIMES),
				      .modulus = seed_below(3) ? 0 : 20 + seed_below(70)};
		int64_t before[TIMES] = {0};
		struct index_series series = {0};
		size_t count = (size_t)seed_below(RECORDS - 1) + 1;
		int64_t values = 1 + seed_below(12);
		bool changed = false;

		series_weigh(&series,
			     (struct weight){.amount = 2 * WEIGHT_ONE, .modulus = model.modulus});
		while (model.count < count) {
			int64_t *record = model.records[model.count++];

			record[0] = seed_below(TIMES);
			record[1] = seed_below(3) ? record[0] * 3 : seed_below(values) * 7;
			series_add(&series, record[0], record[1]);
			if (seed_below(12) == 0) {
				struct swap swap = {seed_below(TIMES), seed_below(70),
						    seed_below(30), ""};
				size_t i = 0;

				while (i < model.swap_count && model.swaps[i].t != swap.t)
					i++;
				model.swaps[i] = swap;
				model.swap_count += i == model.swap_count;
				series_swap(&series, swap);
			}
			if (seed_below(2) && model.count < count)
				continue;
			if (!changed && (seed_below(5) == 0 || model.count == count)) {
				changed = true;
				series_weigh(&series, (struct weight){.from = model.change,
								      .amount = 3 * WEIGHT_ONE,
								      .modulus = model.modulus});
			}
			series_update(&series);
			if (!changed)
				model.change += 2 * TIMES;
			model_run(&model);
			if (!changed)
				model.change -= 2 * TIMES;
			if (series.resets != model.resets || series.glitches != model.glitches ||
			    series.rollovers != model.rollovers)
				fail_msg("SEED=%llu: events", (unsigned long long)seed);
			for (int t = 0; t + 1 < TIMES; t++) {
				int64_t step = model.energy[t + 1] - model.energy[t];

				if (between(&series, t, t + 1) != step)
					fail_msg("SEED=%llu: energy at %d: %lld, not %lld",
						 (unsigned long long)seed, t,
						 (long long)between(&series, t, t + 1),
						 (long long)step);
				if (step != before[t + 1] - before[t] &&
				    !time_ranges_touch(&series.changed, t, t + 1))
					fail_msg("SEED=%llu: moved at %d without a word",
						 (unsigned long long)seed, t);
			}
			memcpy(before, model.energy, sizeof(before));
		}
		series_free(&series);
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
		cmocka_unit_test(nothing_is_known_of_an_empty_series),
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
		cmocka_unit_test(a_register_that_is_full_goes_on_from_0),
		cmocka_unit_test(a_fall_of_half_the_modulus_or_less_is_a_reset),
		cmocka_unit_test(an_index_beyond_the_modulus_does_not_roll_over),
		cmocka_unit_test(a_register_that_read_0_for_a_moment_did_not_roll_over),
		cmocka_unit_test(the_modulus_holds_from_its_date_on),
		cmocka_unit_test(a_swap_is_exact_to_the_final_index_and_from_the_initial_one),
		cmocka_unit_test(a_swap_counts_as_a_record_before_the_new_meter_says_anything),
		cmocka_unit_test(a_record_in_the_very_moment_of_a_swap_does_not_count),
		cmocka_unit_test(a_swap_said_again_otherwise_replaces_the_first),
		cmocka_unit_test(what_is_late_changes_its_neighbourhood_alone),
		cmocka_unit_test(in_any_order_a_series_is_what_its_set_of_records_says),
	};

	return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
