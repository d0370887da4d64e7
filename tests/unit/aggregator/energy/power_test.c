#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "aggregator/energy/power.h"

static void power_is_unknown_before_two_pulses(void **state)
{
	struct power power = {0};

	(void)state;
	assert_true(isnan(power_at(&power, 1000)));
	power.last_pulse = 1000;
	assert_true(isnan(power_at(&power, 1000))); /* no interval yet */
	power.interval_us = NAN;
	assert_true(isnan(power_at(&power, 1000)));
}

static void power_halves_when_the_silence_doubles(void **state)
{
	struct power power = {.last_pulse = 1000, .interval_us = 1e6, .wh_per_pulse = 80};

	(void)state;
	assert_true(power_at(&power, 1000) == 288000);
	assert_true(power_at(&power, 2000) == 288000);
	assert_true(power_at(&power, 3000) == 144000);
	assert_true(power_at(&power, 5000) == 72000);
}

static void a_pulse_from_ahead_of_our_clock_has_its_full_power(void **state)
{
	struct power power = {.last_pulse = 5000, .interval_us = 1e6, .wh_per_pulse = 80};

	(void)state;
	assert_true(power_at(&power, 1000) == 288000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_is_unknown_before_two_pulses),
		cmocka_unit_test(power_halves_when_the_silence_doubles),
		cmocka_unit_test(a_pulse_from_ahead_of_our_clock_has_its_full_power),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
