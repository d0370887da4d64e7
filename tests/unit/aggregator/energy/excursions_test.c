/* The table 'Excursions' of the worked examples: a wrong index for up to an hour costs nothing. */
#include "tests/unit/aggregator/series_fixture.h"

#include <math.h>

/* A reading is {second, kWh, start}. */
#define START 1

/* The result of a series: mWh from the first record to the last, and what happened to records. */
struct result {
	double kwh;
	int64_t glitches, resets, jumps, rollovers;
};

static void assert_result(const struct index_series *series, struct result expected)
{
	assert_int_equal(series_total(series), llround(expected.kwh * (double)MWH_PER_KWH));
	assert_int_equal(series->glitches, expected.glitches);
	assert_int_equal(series->resets, expected.resets);
	assert_int_equal(series->jumps, expected.jumps);
	assert_int_equal(series->rollovers, expected.rollovers);
}

static void add(struct index_series *series, const double reading[3])
{
	ms_t t = (ms_t)reading[0] * MS_PER_SECOND;
	int64_t count = llround(reading[1] * (double)MWH_PER_KWH);

	if (reading[2] == START)
		series_add_start(series, t, count);
	else
		series_add(series, t, count);
}

/* In their order, one by one, backwards, and all at once. */
static void assert_readings(const double readings[][3], size_t count, int64_t modulus_kwh,
			    struct result expected)
{
	const struct weight weight = {.amount = WEIGHT_ONE, .modulus = modulus_kwh * MWH_PER_KWH};

	for (int order = 0; order < 3; order++) {
		struct index_series series = {0};

		series_set_weight(&series, weight);
		for (size_t i = 0; i < count; i++) {
			add(&series, readings[order == 1 ? count - 1 - i : i]);
			if (order < 2)
				series_update(&series);
		}
		series_update(&series);
		assert_result(&series, expected);
		series_free(&series);
	}
}

#define ASSERT_READINGS(modulus_kwh, expected, ...)                                                \
	do {                                                                                       \
		static const double readings[][3] = {__VA_ARGS__};                                 \
		assert_readings(readings, sizeof(readings) / sizeof(readings[0]), modulus_kwh,     \
				expected);                                                         \
	} while (0)

#define RESULT(...) ((struct result){__VA_ARGS__})

static void an_index_of_0_for_25_s_costs_nothing(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.1, .glitches = 2), {0, 812345}, {10, 0}, {20, 0},
			{35, 812345.1});
}

static void an_index_of_0_for_more_than_an_hour_is_a_reset_and_then_a_jump(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0, .resets = 1, .jumps = 1), {0, 812345}, {10, 0}, {3700, 0},
			{3720, 812345.1});
}

static void one_reading_that_is_100_mwh_too_high_costs_nothing(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.1, .glitches = 1), {0, 100}, {10, 100100}, {20, 100.1});
}

static void a_large_number_for_not_available_costs_nothing(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.2, .glitches = 2), {0, 100}, {10, 5000000}, {20, 5000000},
			{30, 100.2});
}

static void a_large_number_that_stays_is_a_jump(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(1, .jumps = 1), {0, 100}, {10, 5000000}, {4000, 5000001});
}

static void a_step_back_counts_nothing_twice(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.15, .glitches = 2), {0, 100}, {10, 100.1}, {20, 100.2},
			{30, 100.05}, {40, 100.15});
}

static void a_step_back_that_is_made_good_is_left_out(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.25, .glitches = 2), {0, 100}, {10, 100.1}, {20, 100.2},
			{30, 100.05}, {40, 100.15}, {50, 100.25});
}

static void a_fall_that_stays_is_a_reset(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.1, .resets = 1), {0, 50}, {7200, 3}, {7210, 3.1});
}

static void a_full_register_rolls_over(void **state)
{
	(void)state;
	ASSERT_READINGS(1000000, RESULT(0.3, .rollovers = 1), {0, 999999.9}, {10, 0.2});
}

static void an_index_of_0_is_no_rollover_if_the_index_comes_back(void **state)
{
	(void)state;
	ASSERT_READINGS(1000000000, RESULT(0.1, .glitches = 2), {0, 999999.9}, {10, 0}, {20, 0},
			{30, 1000000});
}

static void the_true_index_after_two_zeros_is_a_jump(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.1, .jumps = 1), {0, 0}, {10, 0}, {20, 812345}, {30, 812345.1});
}

static void of_two_large_numbers_the_lower_one_that_stays_is_a_jump(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(1, .glitches = 1, .jumps = 1), {0, 0}, {10, 5000000},
			{20, 4000000}, {4000, 4000001});
}

static void two_zeros_before_nine_hours_without_a_record_cost_nothing(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.1, .glitches = 2), {0, 812345}, {10, 0}, {20, 0},
			{32420, 812345.1});
}

static void wrong_indices_above_and_below_cost_nothing(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.1, .glitches = 3), {0, 100}, {10, 0}, {20, 5000000}, {30, 0},
			{40, 100.1});
}

/* 6 h of a record every 10 s, of which one in 40 minutes is wrong. */
static void a_wrong_record_every_40_minutes_costs_nothing(void **state)
{
	struct index_series series = {0};

	(void)state;
	series_set_weight(&series, (struct weight){.amount = WEIGHT_ONE});
	for (int i = 0; i < 6 * 360; i++) {
		int64_t count = 100 * MWH_PER_KWH + i * MWH_PER_KWH / 100;

		series_add(&series, i * 10 * MS_PER_SECOND,
			   i % 240 == 239 && i + 1 < 6 * 360 ? count + 100000 * MWH_PER_KWH
							     : count);
		series_update(&series);
	}
	assert_result(&series, RESULT(21.59, .glitches = 8));
	series_free(&series);
}

/* Pulses of 80 Wh. */
static void a_counter_that_says_start_begins_anew(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(96.8, .resets = 1), {0, 0}, {600, 48}, {1200, 96},
			{1210, 0, START}, {1220, 0.8});
}

static void a_counter_that_does_not_say_start_seems_to_have_been_wrong(void **state)
{
	(void)state;
	ASSERT_READINGS(0, RESULT(0.8, .glitches = 2), {0, 0}, {600, 48}, {1200, 96}, {1210, 0},
			{1220, 0.8});
}

static void ignore(void *context, const struct point *point)
{
	(void)context;
	(void)point;
}

/* Late by so much that the records around it are confirmed. */
static void a_late_record_above_a_confirmed_one_takes_no_energy_back(void **state)
{
	static const double confirmed[][3] = {{0, 10}, {3600, 12}, {7200, 14}, {10800, 16}};
	static const double late[][3] = {{1800, 13}, {3000, 12.5}, {9000, 15}};
	const struct weight weight = {.amount = WEIGHT_ONE};
	struct index_series series = {0};
	unsigned int flags = 0;

	(void)state;
	series_set_weight(&series, weight);
	for (size_t i = 0; i < 4; i++)
		add(&series, confirmed[i]);
	series_update(&series);
	series_confirm(&series, NEVER, FOREVER, ignore, NULL);
	for (size_t i = 0; i < 3; i++) {
		add(&series, late[i]);
		series_update(&series);
		for (ms_t t = 0; t < 10800 * MS_PER_SECOND; t += 600 * MS_PER_SECOND)
			assert_true(series_between(&series, t, t + 600 * MS_PER_SECOND, &flags) >=
				    0);
	}
	assert_result(&series, (struct result){.kwh = 6, .glitches = 2});
	series_free(&series);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_of_0_for_25_s_costs_nothing),
		cmocka_unit_test(an_index_of_0_for_more_than_an_hour_is_a_reset_and_then_a_jump),
		cmocka_unit_test(one_reading_that_is_100_mwh_too_high_costs_nothing),
		cmocka_unit_test(a_large_number_for_not_available_costs_nothing),
		cmocka_unit_test(a_large_number_that_stays_is_a_jump),
		cmocka_unit_test(a_step_back_counts_nothing_twice),
		cmocka_unit_test(a_step_back_that_is_made_good_is_left_out),
		cmocka_unit_test(a_fall_that_stays_is_a_reset),
		cmocka_unit_test(a_full_register_rolls_over),
		cmocka_unit_test(an_index_of_0_is_no_rollover_if_the_index_comes_back),
		cmocka_unit_test(the_true_index_after_two_zeros_is_a_jump),
		cmocka_unit_test(of_two_large_numbers_the_lower_one_that_stays_is_a_jump),
		cmocka_unit_test(two_zeros_before_nine_hours_without_a_record_cost_nothing),
		cmocka_unit_test(wrong_indices_above_and_below_cost_nothing),
		cmocka_unit_test(a_wrong_record_every_40_minutes_costs_nothing),
		cmocka_unit_test(a_counter_that_says_start_begins_anew),
		cmocka_unit_test(a_counter_that_does_not_say_start_seems_to_have_been_wrong),
		cmocka_unit_test(a_late_record_above_a_confirmed_one_takes_no_energy_back),
	};

	return cmocka_run_group_tests_name("excursions", tests, NULL, NULL);
}
