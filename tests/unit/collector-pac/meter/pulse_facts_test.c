#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/meter/meter_state.h"
#include "collector-pac/meter/pulse_facts.h"

/* Expects a live reading with this interval in ms; NAN: unknown. */
static void expect_live(struct pulse_facts *facts, ms_t t, double pulses, double interval_ms)
{
	struct live live = {.t = t, .wh = pulses, .power_w = NAN};

	assert_true(pulse_live(facts, &live));
	assert_true(live.is_pulse && live.t == t && live.pulses == (int64_t)pulses);
	assert_true(isnan(live.wh));
	if (isnan(interval_ms))
		assert_true(isnan(live.interval_us));
	else
		assert_true(live.interval_us == interval_ms * 1000);
}

static void expect_none(struct pulse_facts *facts, ms_t t, double pulses)
{
	struct live live = {.t = t, .wh = pulses, .power_w = NAN};

	assert_false(pulse_live(facts, &live));
}

static void the_interval_is_known_after_two_pulses(void **state)
{
	struct pulse_facts facts = {0};

	(void)state;
	expect_live(&facts, 1000, 70, NAN);
	expect_none(&facts, 1500, 70);
	expect_live(&facts, 9000, 71, NAN);
	expect_none(&facts, 9500, 71);
	expect_live(&facts, 21000, 72, 12000);
	expect_live(&facts, 27000, 75, 2000); /* the mean of three */
}

static void an_unknown_count_is_no_pulse(void **state)
{
	struct pulse_facts facts = {0};

	(void)state;
	expect_none(&facts, 500, NAN);
	expect_live(&facts, 1000, 5, NAN);
	expect_none(&facts, 1500, NAN);
	expect_none(&facts, 2000, 5);
}

static void a_counter_that_was_reset_begins_anew(void **state)
{
	struct pulse_facts facts = {0};

	(void)state;
	expect_live(&facts, 1000, 70, NAN);
	expect_live(&facts, 2000, 71, NAN);
	expect_live(&facts, 3000, 0, NAN);
	expect_live(&facts, 4000, 1, NAN);
	expect_live(&facts, 6000, 2, 2000);
}

static void a_record_has_pulses_a_mark_and_no_contacts(void **state)
{
	struct record record = {.t = 7, .wh = 999999999, .mark = MARK_NONE, .off_peak = UNKNOWN};

	(void)state;
	pulse_record(&record);
	assert_true(record.is_pulse);
	assert_int_equal(record.pulses, 999999999);
	assert_int_equal(record.mark, MARK_MINUTE);
	assert_int_equal(record.off_peak, UNKNOWN);
}

static void a_ratio_multiplies_power_and_index(void **state)
{
	struct measurement measurement = {.answered = true, .power_w = -2.5, .wh = 1000.25};

	(void)state;
	measurement_scale(&measurement, 40);
	assert_true(measurement.power_w == -100 && measurement.wh == 40010);
	measurement.wh = 5e12;
	measurement_scale(&measurement, 2); /* beyond the contract */
	assert_true(isnan(measurement.wh));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_is_known_after_two_pulses),
		cmocka_unit_test(an_unknown_count_is_no_pulse),
		cmocka_unit_test(a_counter_that_was_reset_begins_anew),
		cmocka_unit_test(a_record_has_pulses_a_mark_and_no_contacts),
		cmocka_unit_test(a_ratio_multiplies_power_and_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
