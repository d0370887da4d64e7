#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-meter/survey/survey.h"

#define MS NS_PER_MS

static struct survey survey;
static ns_t now;

static void open_survey(double min_on_ms, double min_off_ms)
{
	const struct counter_config config = {
		.min_on = (ns_t)(min_on_ms * MS),
		.min_off = (ns_t)(min_off_ms * MS),
	};

	survey_open(&survey, &config);
	now = NS_PER_SECOND;
}

/* On for `on`, then off for `off`. */
static void level(ns_t on, ns_t off)
{
	survey_edge(&survey, true, now);
	survey_edge(&survey, false, now + on);
	now += on + off;
}

/* Pulses of 60 ms, 700 ms apart, with bounces of 1 and 2 ms before them, and spikes of 3 ms. */
static void a_minute(void)
{
	for (int i = 0; i < 60; i++) {
		level(1 * MS, 1 * MS);
		level(2 * MS, 1 * MS);
		level(60 * MS, 300 * MS);
		level(i % 10 ? 0 : 3 * MS, 335 * MS);
	}
}

static ns_t longest(const struct histogram *histogram)
{
	int i = HISTOGRAM_BINS - 1;

	while (i > 0 && !histogram->bins[i].count)
		i--;
	return histogram->bins[i].longest;
}

static void widths_are_those_of_real_levels_and_of_those_that_were_too_short(void **state)
{
	(void)state;
	open_survey(30, 30);
	for (int i = 0; i < 3; i++) {
		level(2 * MS, 1 * MS);
		level(60 * MS, 637 * MS);
	}
	/* The line was off before the first edge, for how long is not known; the last levels may
	 * not be over. */
	assert_int_equal(histogram_count(&survey.real[true]), 2);
	assert_int_equal(histogram_shortest(&survey.real[true]), 60 * MS);
	assert_int_equal(histogram_count(&survey.real[false]), 2);
	assert_int_equal(histogram_shortest(&survey.real[false]), 640 * MS);
	assert_int_equal(histogram_count(&survey.rejected[true]), 3);
	assert_int_equal(longest(&survey.rejected[true]), 2 * MS);
	assert_int_equal(histogram_count(&survey.rejected[false]), 0);
	assert_int_equal(histogram_count(&survey.intervals), 2);
	assert_int_equal(histogram_shortest(&survey.intervals), 700 * MS);
}

static void a_gap_in_a_level_is_a_rejected_level_and_ends_nothing(void **state)
{
	(void)state;
	open_survey(30, 30);
	level(40 * MS, 5 * MS);
	level(40 * MS, 600 * MS);
	survey_edge(&survey, true, now);
	assert_int_equal(longest(&survey.rejected[false]), 5 * MS);
	assert_int_equal(histogram_count(&survey.real[true]), 1);
	assert_int_equal(histogram_shortest(&survey.real[true]), 85 * MS);
}

static void over_an_interruption_nothing_is_measured(void **state)
{
	(void)state;
	open_survey(0, 0);
	level(60 * MS, 600 * MS);
	level(60 * MS, 600 * MS);
	survey_interrupt(&survey);
	now += 100 * NS_PER_SECOND;
	survey_edge(&survey, false, now);
	level(60 * MS, 600 * MS);
	level(60 * MS, 600 * MS);
	assert_int_equal(longest(&survey.intervals), 660 * MS);
	assert_int_equal(longest(&survey.real[true]), 60 * MS);
	assert_int_equal(longest(&survey.real[false]), 600 * MS);
}

static void the_advice_is_between_the_longest_bounce_and_the_shortest_level(void **state)
{
	/* Whatever the filter is now. */
	static const double filters[] = {0, 2, 30, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		struct width_advice on;

		open_survey(filters[i], 30);
		a_minute();
		on = survey_width(&survey, true);
		assert_int_equal(on.advice, ADVICE_GIVEN);
		assert_int_equal(on.below, 3 * MS);
		/* A filter that is too short takes the bounces in. */
		assert_in_range(on.above, 60 * MS, 65 * MS);
		assert_true(on.ms > 10 && on.ms <= 30);
	}
}

static void without_bounces_it_is_half_of_the_shortest_level_and_no_more_than_s0_needs(void **state)
{
	(void)state;
	open_survey(30, 30);
	for (int i = 0; i < 30; i++)
		level(36 * MS, 600 * MS);
	assert_true(survey_width(&survey, true).ms == 18);
	assert_int_equal(survey_width(&survey, true).below, 0);
	assert_true(survey_width(&survey, false).ms == 20);
}

static void with_too_few_levels_or_levels_of_every_width_there_is_no_advice(void **state)
{
	(void)state;
	open_survey(30, 30);
	assert_int_equal(survey_width(&survey, true).advice, ADVICE_TOO_FEW);
	assert_true(survey_interval_ms(&survey) == 0);
	for (int i = 0; i < SURVEY_LEVELS - 1; i++)
		level(60 * MS, 600 * MS);
	assert_int_equal(survey_width(&survey, true).advice, ADVICE_TOO_FEW);
	for (int i = 0; i < 200; i++)
		level(MS / 2 * (1 + i), 600 * MS);
	assert_int_equal(survey_width(&survey, true).advice, ADVICE_NO_GAP);
	assert_int_equal(survey_width(&survey, true).above, MS / 2);
	assert_int_equal(survey_width(&survey, false).advice, ADVICE_GIVEN);
}

static void an_interval_may_be_a_quarter_of_the_shortest_that_was_seen(void **state)
{
	(void)state;
	open_survey(30, 30);
	a_minute();
	assert_int_equal(histogram_shortest(&survey.intervals), 700 * MS);
	assert_true(survey_interval_ms(&survey) == 175);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_those_of_real_levels_and_of_those_that_were_too_short),
		cmocka_unit_test(a_gap_in_a_level_is_a_rejected_level_and_ends_nothing),
		cmocka_unit_test(over_an_interruption_nothing_is_measured),
		cmocka_unit_test(the_advice_is_between_the_longest_bounce_and_the_shortest_level),
		cmocka_unit_test(
			without_bounces_it_is_half_of_the_shortest_level_and_no_more_than_s0_needs),
		cmocka_unit_test(with_too_few_levels_or_levels_of_every_width_there_is_no_advice),
		cmocka_unit_test(an_interval_may_be_a_quarter_of_the_shortest_that_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
