#include "tests/unit/aggregator/series_fixture.h"

static void roll(struct index_series *series, int64_t modulus)
{
	series_set_weight(
		series,
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
	assert_int_equal(series_total(&series), 13 * 80000);
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
	assert_changed(&series, 20, 30);
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
	series_set_weight(
		&series,
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
	assert_true(series_add_swap(&series, (struct swap){200, 1140, 5, ""}));
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
	assert_false(series_add_swap(&series, (struct swap){200, 1140, 5, ""}));
	assert_unchanged(&series);
	series_free(&series);
}

static void a_swap_counts_as_a_record_before_the_new_meter_has_one(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 1000}, {100, 1100});
	series_add_swap(&series, (struct swap){200, 1150, 0, ""});
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
				series_add_swap(&series, (struct swap){200, 1140, 5, ""});
			series_add(&series, 200, counts[i]);
			series_update(&series);
			if (!order)
				series_add_swap(&series, (struct swap){200, 1140, 5, ""});
			series_update(&series);
			assert_int_equal(between(&series, 100, 200), 40);
			assert_int_equal(between(&series, 200, 300), 2);
			assert_int_equal(series.resets + series.glitches, 0);
			assert_true(series_holds(&series, 200, counts[i]));
			series_free(&series);
		}
	}
}

static void a_changed_swap_replaces_the_first(void **state)
{
	struct index_series series;

	(void)state;
	SERIES_OF(&series, {0, 1000}, {100, 1100}, {300, 7});
	series_add_swap(&series, (struct swap){200, 1140, 5, ""});
	series_update(&series);
	assert_true(series_add_swap(&series, (struct swap){200, 1120, 6, ""}));
	series_update(&series);
	assert_int_equal(series_total(&series), 121);
	assert_changed(&series, 100, 300);
	assert_true(series_add_swap(&series, (struct swap){200, 1130, 6, ""}));
	assert_true(series_add_swap(&series, (struct swap){200, 1131, 6, ""}));
	series_update(&series);
	assert_int_equal(series_total(&series), 132);
	assert_int_equal(series.swap_count, 1);
	series_free(&series);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_that_is_full_goes_on_from_0),
		cmocka_unit_test(a_fall_of_half_the_modulus_or_less_is_a_reset),
		cmocka_unit_test(an_index_beyond_the_modulus_does_not_roll_over),
		cmocka_unit_test(a_register_that_read_0_for_a_moment_did_not_roll_over),
		cmocka_unit_test(the_modulus_holds_from_its_date_on),
		cmocka_unit_test(a_swap_is_exact_to_the_final_index_and_from_the_initial_one),
		cmocka_unit_test(a_swap_counts_as_a_record_before_the_new_meter_has_one),
		cmocka_unit_test(a_record_in_the_very_moment_of_a_swap_does_not_count),
		cmocka_unit_test(a_changed_swap_replaces_the_first),
	};

	return cmocka_run_group_tests_name("series_rollover", tests, NULL, NULL);
}
