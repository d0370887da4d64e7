#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "collector-meter/survey/comparison.h"

/* A register that is read to `decimals`, and the pulses, at the end of a time that began at
 * 812345.6 and 100 pulses. */
static struct comparison compare(double value, int decimals, int64_t pulses, double unit_per_pulse)
{
	const struct comparison_point from = {{812345.6, 1}, 100};
	const struct comparison_point to = {{value, decimals}, 100 + pulses};
	struct comparison comparison;

	assert_true(comparison_make(&comparison, &from, &to, unit_per_pulse));
	return comparison;
}

static void the_count_is_compared_with_the_register(void **state)
{
	struct comparison comparison = compare(812425.6, 1, 990, 0.08);

	(void)state;
	assert_true(fabs(comparison.amount - 80) < 1e-6);
	assert_int_equal(comparison.counted, 990);
	assert_true(fabs(comparison.expected - 1000) < 1e-6);
	assert_true(fabs(comparison.tolerance - 2.25) < 1e-6);
	assert_true(fabs(comparison.deviation_pct + 1) < 1e-6);
	assert_false(comparison.agrees || comparison.early);
	assert_true(comparison.likely == 0);
}

static void the_digits_that_were_read_give_the_tolerance(void **state)
{
	(void)state;
	assert_true(compare(812425.6, 1, 998, 0.08).agrees);
	assert_false(compare(812425.6, 1, 997, 0.08).agrees);
	assert_true(compare(812426, 0, 997, 0.08).agrees);
	assert_true(compare(812426, 0, 1, 0.08).early == false);
	assert_true(compare(812345.7, 1, 1, 0.08).early);
	assert_true(compare(812345.6, 1, 0, 0.08).agrees);
	assert_true(isnan(compare(812345.6, 1, 0, 0.08).deviation_pct));
}

static void a_weight_that_is_wrong_by_a_round_factor_is_found(void **state)
{
	static const double weights[] = {0.001, 0.008, 0.01, 0.02, 0.04, 0.16, 0.2, 0.8, 1, 8, 80};

	(void)state;
	for (size_t i = 0; i < sizeof(weights) / sizeof(*weights); i++) {
		int64_t counted = llround(8000 / weights[i]);
		struct comparison comparison = compare(812345.6 + 8000, 1, counted, 0.08);

		assert_false(comparison.agrees);
		if (counted > 50)
			assert_true(fabs(comparison.likely - weights[i]) < 1e-9);
	}
}

static void no_weight_is_guessed_where_none_explains_it(void **state)
{
	(void)state;
	assert_true(compare(812345.6 + 8000, 1, 140000, 0.08).likely == 0);
	assert_true(compare(812345.6 + 8000, 1, 99000, 0.08).likely == 0);
	assert_true(compare(812345.6 + 8000, 1, 0, 0.08).likely == 0);
	/* Too early: 3 pulses or 1.3 to 5.9. */
	assert_true(compare(812345.9, 1, 2, 0.08).likely == 0);
}

static void a_register_does_not_go_back(void **state)
{
	const struct comparison_point from = {{812345.6, 1}, 100};
	const struct comparison_point to = {{812345.5, 1}, 100};
	struct comparison comparison;

	(void)state;
	assert_false(comparison_make(&comparison, &from, &to, 0.08));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_count_is_compared_with_the_register),
		cmocka_unit_test(the_digits_that_were_read_give_the_tolerance),
		cmocka_unit_test(a_weight_that_is_wrong_by_a_round_factor_is_found),
		cmocka_unit_test(no_weight_is_guessed_where_none_explains_it),
		cmocka_unit_test(a_register_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
