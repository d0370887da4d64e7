#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/meter/meter_state.h"

#define TEN_SECONDS (10 * MS_PER_SECOND)

static struct measurement measurement_at(ms_t t, double power_w, double wh)
{
	return (struct measurement){.answered = true, .t = t, .power_w = power_w, .wh = wh};
}

static struct meter_results results_of(struct meter_state *meter, ms_t t, double power_w, double wh)
{
	struct measurement one = measurement_at(t, power_w, wh);

	return meter_state_update(meter, &one, 0);
}

static struct meter_results results_of_silence(struct meter_state *meter)
{
	return meter_state_update(meter, &(struct measurement){0}, 0);
}

static void the_first_answer_makes_a_meter_online(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);
	struct meter_results results = results_of(&meter, 1, 2, 3);

	(void)state;
	assert_true(results.status_changed);
	assert_int_equal(meter.status, METER_ONLINE);
	assert_false(results_of(&meter, 2, 2, 3).status_changed);
}

static void three_failures_in_a_row_make_a_meter_offline(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);

	(void)state;
	results_of(&meter, 1, 2, 3);
	assert_false(results_of_silence(&meter).status_changed);
	assert_false(results_of_silence(&meter).status_changed);
	assert_false(results_of(&meter, 2, 2, 3).status_changed);
	assert_false(results_of_silence(&meter).status_changed);
	assert_false(results_of_silence(&meter).status_changed);
	assert_int_equal(meter.status, METER_ONLINE);
	assert_true(results_of_silence(&meter).status_changed);
	assert_int_equal(meter.status, METER_OFFLINE);
	assert_false(results_of_silence(&meter).status_changed);
	assert_true(results_of(&meter, 3, 2, 3).status_changed);
	assert_int_equal(meter.status, METER_ONLINE);
}

static void a_meter_that_never_answered_is_offline_after_three_failures(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);

	(void)state;
	results_of_silence(&meter);
	assert_int_equal(meter.status, METER_UNKNOWN);
	results_of_silence(&meter);
	assert_true(results_of_silence(&meter).status_changed);
	assert_int_equal(meter.status, METER_OFFLINE);
}

static void a_failed_poll_publishes_nothing(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);
	struct meter_results results = results_of_silence(&meter);

	(void)state;
	assert_false(results.has_live);
	assert_false(results.has_record);
}

static void every_answer_is_live_with_unknown_values_unknown(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);
	struct meter_results results = results_of(&meter, 1700000000123, NAN, 812345678.25);

	(void)state;
	assert_true(results.has_live);
	assert_false(results.live.is_pulse);
	assert_int_equal(results.live.t, 1700000000123);
	assert_true(isnan(results.live.power_w));
	assert_true(results.live.wh == 812345678.25);
	results = results_of(&meter, 1700000000623, 5, NAN);
	assert_true(results.live.power_w == 5);
	assert_true(isnan(results.live.wh));
}

static void records_are_the_first_readings_after_each_aligned_instant(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);
	int records = 0;

	(void)state;
	for (ms_t t = 1700000003210; t < 1700000063210; t += 500) {
		struct meter_results results = results_of(&meter, t, 1, (double)t);

		assert_int_equal(results.has_record, t % TEN_SECONDS < 500);
		if (!results.has_record)
			continue;
		records++;
		assert_int_equal(results.record.t, t);
		assert_true(results.record.wh == (double)t);
		assert_false(results.record.is_pulse);
		assert_int_equal(results.record.mark, MARK_NONE);
	}
	assert_int_equal(records, 6);
}

static void a_record_waits_for_an_index_and_takes_a_doubtful_one(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);
	struct meter_results results;

	(void)state;
	assert_false(results_of(&meter, 9000, 1, 100).has_record);
	assert_false(results_of(&meter, 10000, 1, NAN).has_record);
	results = results_of(&meter, 10500, 1, 5);
	assert_true(isnan(results.live.wh));
	assert_true(results.has_record && results.record.wh == 5);
	assert_false(results_of(&meter, 11000, 1, 101).has_record);
	assert_true(results_of(&meter, 20100, 1, 101).has_record);
}

static void a_record_after_an_outage_does_not_wait_for_the_next_instant(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);

	(void)state;
	assert_false(results_of(&meter, 9000, 1, 100).has_record);
	for (int i = 0; i < 50; i++)
		results_of_silence(&meter);
	assert_true(results_of(&meter, 47300, 1, 120).has_record);
}

static void a_fallen_index_is_unknown_until_three_readings_agree(void **state)
{
	struct meter_state meter = meter_state_start(500, NAN);
	struct meter_results results;

	(void)state;
	assert_false(results_of(&meter, 500, 1, 1000000).verdict_changed);
	results = results_of(&meter, 1000, 1, 998500);
	assert_true(results.verdict_changed);
	assert_int_equal(meter.verdict, GUARD_FALLS);
	assert_true(results.wh_before == 1000000);
	assert_true(isnan(results.live.wh));
	assert_true(results.live.power_w == 1);
	assert_false(results_of(&meter, 1500, 1, 998500).verdict_changed);
	results = results_of(&meter, 2000, 1, 998500);
	assert_true(results.verdict_changed);
	assert_int_equal(meter.verdict, GUARD_GIVES_WAY);
	assert_true(results.live.wh == 998500);
	assert_true(results.has_record);
	assert_true(results.record.wh == 998500);
}

static void records_are_aligned_to_the_time_of_day_and_timed_on_the_clock_of_events(void **state)
{
	struct meter_state meter = meter_state_start(TEN_SECONDS, NAN);
	const ms_t offset = 1700000003217;

	(void)state;
	for (ms_t t = 500; t < 60500; t += 500) {
		struct measurement one = measurement_at(t, 1, (double)t);
		struct meter_results results = meter_state_update(&meter, &one, offset);

		assert_int_equal(results.has_record, (t + offset) % TEN_SECONDS < 500);
		assert_int_equal(results.live.t, t);
		if (results.has_record)
			assert_int_equal(results.record.t, t);
	}
}

static void the_first_reading_is_judged_by_the_newest_record_before_the_start(void **state)
{
	/* At most 600 kW: 10000 Wh a minute, and a minute more. */
	const struct {
		double wh;
		ms_t at, t;
		enum guard_verdict expected;
	} cases[] = {
		{1000000, 5000, 65000, GUARD_ACCEPTED},	 {999999, 5000, 65000, GUARD_FALLS},
		{1020000, 5000, 65000, GUARD_ACCEPTED},	 {1020001, 5000, 65000, GUARD_JUMPS},
		{1020001, -5000, 65000, GUARD_ACCEPTED}, /* ten seconds more, before this boot */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct meter_state meter = meter_state_start(TEN_SECONDS, 600000);

		guard_resume(&meter.guard, 1000000, cases[i].at);
		results_of(&meter, cases[i].t, 1, cases[i].wh);
		assert_int_equal(meter.verdict, cases[i].expected);
	}
}

static void a_meter_that_was_changed_meanwhile_is_believed_at_the_third_reading(void **state)
{
	struct meter_state meter = meter_state_start(500, 60000);

	(void)state;
	guard_resume(&meter.guard, 1000000, 0);
	assert_true(isnan(results_of(&meter, 1000, 1, 12).live.wh));
	assert_true(isnan(results_of(&meter, 1500, 1, 12).live.wh));
	assert_true(results_of(&meter, 2000, 1, 12).live.wh == 12);
	assert_true(results_of(&meter, 2500, 1, 12).has_record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_answer_makes_a_meter_online),
		cmocka_unit_test(three_failures_in_a_row_make_a_meter_offline),
		cmocka_unit_test(a_meter_that_never_answered_is_offline_after_three_failures),
		cmocka_unit_test(a_failed_poll_publishes_nothing),
		cmocka_unit_test(every_answer_is_live_with_unknown_values_unknown),
		cmocka_unit_test(records_are_the_first_readings_after_each_aligned_instant),
		cmocka_unit_test(a_record_waits_for_an_index_and_takes_a_doubtful_one),
		cmocka_unit_test(a_record_after_an_outage_does_not_wait_for_the_next_instant),
		cmocka_unit_test(a_fallen_index_is_unknown_until_three_readings_agree),
		cmocka_unit_test(
			records_are_aligned_to_the_time_of_day_and_timed_on_the_clock_of_events),
		cmocka_unit_test(the_first_reading_is_judged_by_the_newest_record_before_the_start),
		cmocka_unit_test(
			a_meter_that_was_changed_meanwhile_is_believed_at_the_third_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
