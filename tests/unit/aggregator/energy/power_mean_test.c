#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aggregator/energy/power_mean.h"

static void the_mean_is_that_of_the_powers_of_the_last_minute(void **state)
{
	struct power_mean mean = {0};
	ms_t now = 1764000000000;

	(void)state;
	assert_true(isnan(power_mean_at(&mean, now)));
	for (int i = 0; i < 120; i++)
		power_mean_add(&mean, now + 500 * i, i < 60 ? 1000 : 3000);
	assert_true(power_mean_at(&mean, now + 59500) == 2000);
	/* The first half has left. */
	assert_true(power_mean_at(&mean, now + 89500) == 3000);
	assert_true(isnan(power_mean_at(&mean, now + 120000)));
}

static void unknown_powers_and_those_of_the_future_do_not_count(void **state)
{
	struct power_mean mean = {0};
	ms_t now = 1764000000000;

	(void)state;
	power_mean_add(&mean, now, NAN);
	assert_true(isnan(power_mean_at(&mean, now)));
	power_mean_add(&mean, now, 500);
	power_mean_add(&mean, now, NAN);
	assert_true(power_mean_at(&mean, now) == 500);
	/* The clock was set back. */
	assert_true(isnan(power_mean_at(&mean, now - 10000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mean_is_that_of_the_powers_of_the_last_minute),
		cmocka_unit_test(unknown_powers_and_those_of_the_future_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
