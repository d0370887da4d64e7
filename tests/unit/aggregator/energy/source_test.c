#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/energy/source.h"

#define NOW INT64_C(1358247600000)

static const struct stale_limits limits = {150000, 5000};

static const struct about pulse_about = {
	.kind = "pulse",
	.medium = "electricity",
	.zone = "global",
	.nominal_w = NAN,
	.role = ROLE_MAIN,
	.wh_per_pulse = 80,
	.m3_per_pulse = NAN,
	.kwh_per_m3 = NAN,
	.min_interval_us = 100000,
};

static const struct about pac_about = {
	.kind = "pac3200",
	.medium = "electricity",
	.zone = "self",
	.nominal_w = NAN,
	.role = ROLE_PART,
	.wh_per_pulse = NAN,
	.m3_per_pulse = NAN,
	.kwh_per_m3 = NAN,
	.min_interval_us = NAN,
};

static struct source source;

static int source_setup(void **state)
{
	(void)state;
	source = (struct source){.name = "c/s"};
	source_open(&source, "c");
	return 0;
}

static int source_teardown(void **state)
{
	(void)state;
	source_close(&source);
	return 0;
}

static void pulse_live(ms_t t, int64_t pulses, double interval_us, ms_t now)
{
	struct live live = {.t = t, .is_pulse = true, .pulses = pulses, .interval_us = interval_us};
	struct fail fail = {0};

	assert_true(source_live(&source, &live, now, &fail));
}

static void pac_live(ms_t t, double power_w, double wh, ms_t now)
{
	struct live live = {.t = t, .interval_us = NAN, .power_w = power_w, .wh = wh};
	struct fail fail = {0};

	assert_true(source_live(&source, &live, now, &fail));
}

static void pulse_record(ms_t t, int64_t pulses, enum mark mark, ms_t now)
{
	struct record record = {.t = t,
				.is_pulse = true,
				.pulses = pulses,
				.mark = mark,
				.off_peak = UNKNOWN,
				.peak = UNKNOWN};
	struct fail fail = {0};
	int64_t count;

	assert_true(source_record(&source, &record, now, &count, &fail));
	series_update(&source.energy);
	series_update(&source.volume);
}

static void pac_record(ms_t t, double wh, ms_t now)
{
	struct record record = {.t = t, .wh = wh, .mark = MARK_NONE};
	struct fail fail = {0};
	int64_t count;

	assert_true(source_record(&source, &record, now, &count, &fail));
	series_update(&source.energy);
}

static double power(ms_t now)
{
	return source_power(&source, &limits, now);
}

static void pulse_power_is_unknown_before_two_pulses(void **state)
{
	(void)state;
	source_announce(&source, &pulse_about, NOW);
	assert_true(isnan(power(NOW)));
	pulse_live(NOW, 1, NAN, NOW);
	assert_true(isnan(power(NOW)));
	pulse_live(NOW + 1000, 2, 1e6, NOW + 1000);
	assert_true(power(NOW + 1000) == 288000);
}

static void pulse_power_is_unknown_across_a_start(void **state)
{
	(void)state;
	source_announce(&source, &pulse_about, NOW);
	pulse_live(NOW, 1, 1e6, NOW);
	pulse_record(NOW + 500, 1, MARK_START, NOW + 500);
	assert_true(isnan(power(NOW + 500)));
	pulse_live(NOW + 1500, 2, NAN, NOW + 1500);
	assert_true(isnan(power(NOW + 1500)));
	pulse_live(NOW + 2500, 3, 1e6, NOW + 2500);
	assert_true(power(NOW + 2500) == 288000);
	/* a start that comes late does not take it away again */
	pulse_record(NOW + 500, 1, MARK_START, NOW + 2600);
	assert_true(power(NOW + 2600) == 288000);
}

static void an_implausible_interval_is_energy_but_no_power(void **state)
{
	(void)state;
	source_announce(&source, &pulse_about, NOW);
	pulse_record(NOW, 10, MARK_MINUTE, NOW);
	pulse_live(NOW + 1000, 11, 99999, NOW + 1000);
	assert_true(isnan(power(NOW + 1000)));
	assert_int_equal(source_beyond(&source, NEVER), 80000);
	pulse_live(NOW + 1100, 12, 100000, NOW + 1100);
	assert_true(power(NOW + 1100) == 2880000);
}

static void minute_records_prove_that_a_pulse_meter_lives(void **state)
{
	(void)state;
	source_announce(&source, &pulse_about, NOW);
	pulse_live(NOW, 5, 1e6, NOW);
	pulse_record(NOW + 100000, 5, MARK_MINUTE, NOW + 100000);
	assert_true(source_answers(&source, &limits, NOW + 249999));
	assert_true(fabs(power(NOW + 249999) - 80 * 3600e3 / 249999) < 1e-9);
	assert_false(source_answers(&source, &limits, NOW + 250000));
	assert_true(isnan(power(NOW + 250000)));
	/* an old record that comes late proves nothing */
	pulse_record(NOW + 50000, 5, MARK_MINUTE, NOW + 260000);
	assert_false(source_answers(&source, &limits, NOW + 260000));
}

static void a_record_dated_ahead_of_our_clock_proves_life_only_now(void **state)
{
	(void)state;
	source_announce(&source, &pulse_about, NOW);
	pulse_record(NOW + MS_PER_DAY, 5, MARK_MINUTE, NOW);
	assert_true(source_answers(&source, &limits, NOW + 149999));
	assert_false(source_answers(&source, &limits, NOW + 150000));
}

static void pac_power_is_as_read_for_5_s(void **state)
{
	(void)state;
	source_announce(&source, &pac_about, NOW);
	pac_live(NOW, 48210.5, 812345678.25, NOW);
	assert_true(power(NOW + 4999) == 48210.5);
	assert_true(isnan(power(NOW + 5000)));
	pac_live(NOW + 6000, NAN, NAN, NOW + 6000);
	assert_true(source_answers(&source, &limits, NOW + 6000));
	assert_true(isnan(power(NOW + 6000)));
	/* with records alone the source answers, but its power is unknown */
	pac_record(NOW + 20000, 1, NOW + 20000);
	assert_true(source_answers(&source, &limits, NOW + 20000));
	assert_true(isnan(power(NOW + 20000)));
}

static void a_source_that_reads_seldom_is_stale_after_three_intervals(void **state)
{
	struct about about = pac_about;

	(void)state;
	about.interval_ms = 10000;
	source_announce(&source, &about, NOW);
	pac_live(NOW, 48210.5, 1, NOW);
	assert_true(power(NOW + 29999) == 48210.5);
	assert_true(source_answers(&source, &limits, NOW + 29999));
	assert_true(isnan(power(NOW + 30000)));
	assert_false(source_answers(&source, &limits, NOW + 30000));
	/* one that reads often has the usual limit */
	about.interval_ms = 500;
	source_announce(&source, &about, NOW);
	assert_true(power(NOW + 4999) == 48210.5);
	assert_true(isnan(power(NOW + 5000)));
}

static void pac_power_of_a_collector_whose_clock_is_wrong_is_power_all_the_same(void **state)
{
	(void)state;
	source_announce(&source, &pac_about, NOW);
	pac_live(NOW - 60000, 1000, 1, NOW);
	assert_true(power(NOW + 1) == 1000);
	pac_live(NOW + 60000, 2000, 2, NOW + 500);
	assert_true(power(NOW + 501) == 2000);
	/* its clock is set right */
	pac_live(NOW + 1000, 3000, 3, NOW + 1000);
	assert_true(power(NOW + 1001) == 3000);
}

static void a_live_reading_that_was_overtaken_changes_nothing(void **state)
{
	(void)state;
	source_announce(&source, &pac_about, NOW);
	pac_live(NOW, 1000, 1, NOW);
	pac_live(NOW - 500, 2000, 2, NOW);
	assert_true(power(NOW) == 1000);
}

static void a_source_is_offline_if_its_meter_or_collector_is(void **state)
{
	(void)state;
	assert_false(source_online(&source));
	source_announce(&source, &pac_about, NOW);
	pac_live(NOW, 1000, 1, NOW);
	assert_true(source_answers(&source, &limits, NOW));
	source.meter_online = false;
	assert_false(source_answers(&source, &limits, NOW));
	assert_true(isnan(power(NOW)));
	source.meter_online = true;
	source.collector_online = false;
	assert_false(source_answers(&source, &limits, NOW));
	source.collector_online = true;
	assert_true(source_answers(&source, &limits, NOW));
}

static void beyond_the_books_counts_from_the_last_record_to_the_newest_reading(void **state)
{
	(void)state;
	source_announce(&source, &pac_about, NOW);
	assert_int_equal(source_beyond(&source, NEVER), 0);
	pac_live(NOW + 500, 0, 20, NOW + 500);
	assert_int_equal(source_beyond(&source, NEVER), 0); /* no books yet */
	pac_record(NOW, 10, NOW + 500);
	assert_int_equal(source_beyond(&source, NEVER), 10000);
	/* midnight lies between: what was used before is floor(10000 x 123 / 500) */
	assert_int_equal(source_beyond(&source, NOW + 123), 10000 - 2460);
	assert_int_equal(source_beyond(&source, NOW + 500), 0);
	pac_record(NOW + 500, 20, NOW + 500);
	assert_int_equal(source_beyond(&source, NEVER), 0);
	pac_live(NOW + 1000, 0, 19, NOW + 1000);
	assert_int_equal(source_beyond(&source, NEVER), 0); /* never negative */
	pac_live(NOW + 1500, 0, NAN, NOW + 1500);
	assert_int_equal(source_beyond(&source, NEVER), 0);
}

static void gas_counts_volume_and_energy(void **state)
{
	struct about about = pulse_about;

	(void)state;
	about.wh_per_pulse = NAN;
	about.m3_per_pulse = 0.1;
	about.kwh_per_m3 = 11.2;
	source_announce(&source, &about, NOW);
	pulse_record(NOW, 0, MARK_MINUTE, NOW);
	pulse_record(NOW + 60000, 250, MARK_MINUTE, NOW);
	assert_int_equal(series_total(&source.energy), 280 * MWH_PER_KWH);
	assert_int_equal(series_total(&source.volume), 25000000);
	/* a new coefficient does not touch what was used before */
	about.kwh_per_m3 = 10;
	source_announce(&source, &about, NOW + 60000);
	pulse_record(NOW + 120000, 260, MARK_MINUTE, NOW + 120000);
	assert_int_equal(series_total(&source.energy), 290 * MWH_PER_KWH);
	assert_int_equal(series_total(&source.volume), 26000000);
}

static void water_counts_volume_alone(void **state)
{
	struct about about = pulse_about;

	(void)state;
	about.wh_per_pulse = NAN;
	about.m3_per_pulse = 0.01;
	source_announce(&source, &about, NOW);
	pulse_record(NOW, 0, MARK_MINUTE, NOW);
	pulse_record(NOW + 60000, 100, MARK_MINUTE, NOW);
	assert_int_equal(series_total(&source.energy), 0);
	assert_int_equal(series_total(&source.volume), 1000000);
}

static void assert_weight_refused(double wh_per_pulse)
{
	struct about about = pulse_about;
	struct fail fail = {0};

	about.wh_per_pulse = wh_per_pulse;
	assert_false(source_admits(&source, &about, &fail));
	assert_non_null(strstr(fail.text, "wh_per_pulse"));
}

static void a_weight_that_books_cannot_hold_is_refused(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_true(source_admits(&source, &pulse_about, &fail));
	assert_weight_refused(1e300);
	assert_weight_refused(1.1e9);
	assert_weight_refused(1e-10);
}

static void a_source_that_counted_pulses_does_not_take_wh(void **state)
{
	struct record record = {.t = NOW, .wh = 1, .mark = MARK_NONE};
	struct fail fail = {0};
	int64_t count;

	(void)state;
	pulse_record(NOW, 1, MARK_MINUTE, NOW);
	assert_false(source_record(&source, &record, NOW, &count, &fail));
	assert_string_equal(fail.text, "this source counts pulses, found wh");
}

#define source_test(test) cmocka_unit_test_setup_teardown(test, source_setup, source_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		source_test(pulse_power_is_unknown_before_two_pulses),
		source_test(pulse_power_is_unknown_across_a_start),
		source_test(an_implausible_interval_is_energy_but_no_power),
		source_test(minute_records_prove_that_a_pulse_meter_lives),
		source_test(a_record_dated_ahead_of_our_clock_proves_life_only_now),
		source_test(pac_power_is_as_read_for_5_s),
		source_test(a_source_that_reads_seldom_is_stale_after_three_intervals),
		source_test(pac_power_of_a_collector_whose_clock_is_wrong_is_power_all_the_same),
		source_test(a_live_reading_that_was_overtaken_changes_nothing),
		source_test(a_source_is_offline_if_its_meter_or_collector_is),
		source_test(beyond_the_books_counts_from_the_last_record_to_the_newest_reading),
		source_test(gas_counts_volume_and_energy),
		source_test(water_counts_volume_alone),
		source_test(a_weight_that_books_cannot_hold_is_refused),
		source_test(a_source_that_counted_pulses_does_not_take_wh),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
