#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-meter/survey/histogram.h"

#define MS NS_PER_MS

static void bins_are_three_to_a_decade(void **state)
{
	(void)state;
	assert_int_equal(histogram_from(0), 0);
	assert_int_equal(histogram_from(1), MS / 10);
	assert_int_equal(histogram_from(2), MS / 5);
	assert_int_equal(histogram_from(3), MS / 2);
	assert_int_equal(histogram_from(4), MS);
	assert_int_equal(histogram_from(HISTOGRAM_BINS - 1), 100 * NS_PER_SECOND);
}

static void a_duration_is_in_the_bin_that_begins_with_it(void **state)
{
	struct histogram histogram = {0};

	(void)state;
	histogram_add(&histogram, 0);
	histogram_add(&histogram, 50 * MS - 1);
	histogram_add(&histogram, 50 * MS);
	histogram_add(&histogram, 99 * MS);
	histogram_add(&histogram, 100000 * NS_PER_SECOND);
	assert_int_equal(histogram.bins[0].count, 1);
	assert_int_equal(histogram.bins[8].count, 1);
	assert_int_equal(histogram.bins[9].count, 2);
	assert_int_equal(histogram.bins[9].shortest, 50 * MS);
	assert_int_equal(histogram.bins[9].longest, 99 * MS);
	assert_int_equal(histogram.bins[HISTOGRAM_BINS - 1].count, 1);
	assert_int_equal(histogram_count(&histogram), 5);
	assert_int_equal(histogram_shortest(&histogram), 0);
	assert_int_equal(histogram.bins[HISTOGRAM_BINS - 1].longest, 100000 * NS_PER_SECOND);
}

static void joined_they_have_the_durations_of_both(void **state)
{
	struct histogram one = {0}, other = {0};

	(void)state;
	histogram_add(&one, 60 * MS);
	histogram_add(&other, 55 * MS);
	histogram_add(&other, 80 * MS);
	histogram_add(&other, 2 * MS);
	histogram_join(&one, &other);
	assert_int_equal(histogram_count(&one), 4);
	assert_int_equal(one.bins[9].shortest, 55 * MS);
	assert_int_equal(one.bins[9].longest, 80 * MS);
	assert_int_equal(histogram_shortest(&one), 2 * MS);
}

static void the_gap_found_is_the_highest_that_is_wide_enough(void **state)
{
	struct histogram histogram = {0};
	struct histogram_gap gap;

	(void)state;
	assert_false(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	histogram_add(&histogram, MS / 10);
	histogram_add(&histogram, 60 * MS);
	histogram_add(&histogram, 70 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.below, MS / 10);
	assert_int_equal(gap.above, 60 * MS);
	assert_int_equal(gap.count, 2);
	histogram_add(&histogram, 2 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.below, 2 * MS);
	/* Nothing but bounces is looked for. */
	histogram_add(&histogram, 900 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.above, 60 * MS);
	histogram_add(&histogram, 20 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.below, 20 * MS);
	histogram_add(&histogram, 21 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.below, 2 * MS);
	histogram_add(&histogram, 7 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.below, 2 * MS);
	histogram_add(&histogram, 4 * MS);
	assert_true(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
	assert_int_equal(gap.below, MS / 10);
	histogram_add(&histogram, MS / 4);
	histogram_add(&histogram, MS / 2);
	histogram_add(&histogram, MS);
	assert_false(histogram_find_gap(&histogram, 3, 20 * MS, &gap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_are_three_to_a_decade),
		cmocka_unit_test(a_duration_is_in_the_bin_that_begins_with_it),
		cmocka_unit_test(joined_they_have_the_durations_of_both),
		cmocka_unit_test(the_gap_found_is_the_highest_that_is_wide_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
