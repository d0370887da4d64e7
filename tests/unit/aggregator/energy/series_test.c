#include "tests/unit/aggregator/series_fixture.h"

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
	SERIES_OF(&series, {0, 100}, {10, 40}, {11 + MS_PER_HOUR, 99}, {2 * MS_PER_HOUR, 120});
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(between(&series, 0, 11 + MS_PER_HOUR), 59);
	assert_int_equal(series_total(&series), 80);
	assert_int_equal(series.resets, 1);
	assert_int_equal(series.glitches, 0);
	assert_true(series_reset_within(&series, 0, 10));
	assert_true(series_reset_within(&series, 9, 10));
	assert_false(series_reset_within(&series, 10, 30));
	series_free(&series);
}

static void a_glitch_lasts_as_long_as_its_run(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 50}, {20, 40}, {30, 120});
	assert_int_equal(series.resets, 0);
	assert_int_equal(series.glitches, 2);
	assert_int_equal(series_total(&series), 20);
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
	SERIES_OF(&series, {0, 100}, {10, 50}, {30 + MS_PER_HOUR, 130}, {40 + MS_PER_HOUR, 140});
	assert_int_equal(series.glitches, 1);
	series_add(&series, 20 + MS_PER_HOUR, 60);
	series_update(&series);
	assert_int_equal(series.glitches, 0);
	assert_int_equal(series.resets, 1);
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(series_total(&series), 90);
	assert_changed(&series, 0, 30 + MS_PER_HOUR);
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
	series_set_weight(&series, (struct weight){.amount = WEIGHT_ONE, .max_w = 2000000000});
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

static void the_same_weight_again_changes_nothing(void **state)
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

static void a_step_beyond_64_bits_is_no_energy(void **state)
{
	struct index_series series = {0};

	(void)state;
	weigh(&series, 0, WEIGHT_MAX);
	series_add(&series, 0, 0);
	series_add(&series, 10, INT64_C(9000000000000000));
	series_add(&series, 20, INT64_C(9000000000000001));
	series_update(&series);
	assert_int_equal(between(&series, 0, 10), 0);
	assert_int_equal(series.jumps, 2);
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

static void what_is_late_changes_its_neighbourhood_alone(void **state)
{
	const ms_t hour = MS_PER_HOUR;
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 100}, {10, 110}, {20, 105}, {30, 130}, {50, 140},
		  {2 * MS_PER_HOUR, 1}, {4 * MS_PER_HOUR, 2}, {5 * MS_PER_HOUR, 3});
	assert_int_equal(series_total(&series), 42);
	series_add(&series, 40, 137);
	series_add(&series, 6 * hour, 8);
	series_update(&series);
	assert_int_equal(series.changed.count, 2);
	assert_int_equal(series.changed.items[0].from, 30);
	assert_int_equal(series.changed.items[0].to, 50);
	assert_int_equal(series.changed.items[1].from, 5 * hour);
	assert_int_equal(series.changed.items[1].to, 6 * hour);
	assert_int_equal(series_total(&series), 47);
	/* a reset in the middle moves every later amount, and no later energy */
	series_add(&series, 60, 0);
	series_add(&series, 61 + hour, 1);
	series_update(&series);
	assert_int_equal(series.resets, 1);
	assert_changed(&series, 50, 4 * hour);
	assert_int_equal(between(&series, 50, 61 + hour), 1);
	assert_int_equal(between(&series, 4 * hour, 6 * hour), 6);
	series_free(&series);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_records_with_the_same_time_the_larger_index_counts),
		cmocka_unit_test(a_fall_that_recovers_is_a_glitch_and_is_left_out),
		cmocka_unit_test(a_fall_that_stays_is_a_reset_without_energy_across_it),
		cmocka_unit_test(a_glitch_lasts_as_long_as_its_run),
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
		cmocka_unit_test(the_same_weight_again_changes_nothing),
		cmocka_unit_test(the_first_weight_holds_for_all_time_before),
		cmocka_unit_test(
			a_weight_dated_by_a_clock_that_was_set_back_takes_over_from_the_last),
		cmocka_unit_test(a_step_beyond_64_bits_is_no_energy),
		cmocka_unit_test(a_record_that_came_before_changes_nothing),
		cmocka_unit_test(what_is_late_changes_its_neighbourhood_alone),
	};

	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
