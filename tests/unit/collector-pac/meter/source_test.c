#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/meter/source.h"

#define TEN_SECONDS (10 * MS_PER_SECOND)

static struct reading reading(ms_t t, double power_w, double wh)
{
	return (struct reading){.answered = true, .t = t, .power_w = power_w, .wh = wh};
}

static struct news news_of(struct source *source, ms_t t, double power_w, double wh)
{
	struct reading one = reading(t, power_w, wh);

	return source_read(source, &one, 0);
}

static struct news news_of_silence(struct source *source)
{
	return source_read(source, &(struct reading){0}, 0);
}

static void the_first_answer_makes_a_meter_online(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);
	struct news news = news_of(&source, 1, 2, 3);

	(void)state;
	assert_true(news.state_changed);
	assert_int_equal(source.state, SOURCE_ONLINE);
	assert_false(news_of(&source, 2, 2, 3).state_changed);
}

static void three_failures_in_a_row_make_a_meter_offline(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);

	(void)state;
	news_of(&source, 1, 2, 3);
	assert_false(news_of_silence(&source).state_changed);
	assert_false(news_of_silence(&source).state_changed);
	assert_false(news_of(&source, 2, 2, 3).state_changed);
	assert_false(news_of_silence(&source).state_changed);
	assert_false(news_of_silence(&source).state_changed);
	assert_int_equal(source.state, SOURCE_ONLINE);
	assert_true(news_of_silence(&source).state_changed);
	assert_int_equal(source.state, SOURCE_OFFLINE);
	assert_false(news_of_silence(&source).state_changed);
	assert_true(news_of(&source, 3, 2, 3).state_changed);
	assert_int_equal(source.state, SOURCE_ONLINE);
}

static void a_meter_that_never_answered_is_offline_after_three_failures(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);

	(void)state;
	news_of_silence(&source);
	assert_int_equal(source.state, SOURCE_UNKNOWN);
	news_of_silence(&source);
	assert_true(news_of_silence(&source).state_changed);
	assert_int_equal(source.state, SOURCE_OFFLINE);
}

static void a_failed_poll_publishes_nothing(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);
	struct news news = news_of_silence(&source);

	(void)state;
	assert_false(news.has_live);
	assert_false(news.has_record);
}

static void every_answer_is_live_with_unknown_values_unknown(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);
	struct news news = news_of(&source, 1700000000123, NAN, 812345678.25);

	(void)state;
	assert_true(news.has_live);
	assert_false(news.live.is_pulse);
	assert_int_equal(news.live.t, 1700000000123);
	assert_true(isnan(news.live.power_w));
	assert_true(news.live.wh == 812345678.25);
	news = news_of(&source, 1700000000623, 5, NAN);
	assert_true(news.live.power_w == 5);
	assert_true(isnan(news.live.wh));
}

static void records_are_the_first_readings_after_each_aligned_instant(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);
	int records = 0;

	(void)state;
	for (ms_t t = 1700000003210; t < 1700000063210; t += 500) {
		struct news news = news_of(&source, t, 1, (double)t);

		assert_int_equal(news.has_record, t % TEN_SECONDS < 500);
		if (!news.has_record)
			continue;
		records++;
		assert_int_equal(news.record.t, t);
		assert_true(news.record.wh == (double)t);
		assert_false(news.record.is_pulse);
		assert_int_equal(news.record.mark, MARK_NONE);
	}
	assert_int_equal(records, 6);
}

static void a_record_waits_for_a_good_index(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);

	(void)state;
	assert_false(news_of(&source, 9000, 1, 100).has_record);
	assert_false(news_of(&source, 10000, 1, NAN).has_record);
	assert_false(news_of(&source, 10500, 1, 5).has_record); /* fell: held back */
	assert_true(news_of(&source, 11000, 1, 101).has_record);
	assert_false(news_of(&source, 11500, 1, 101).has_record);
	assert_true(news_of(&source, 20100, 1, 101).has_record);
}

static void a_record_after_an_outage_does_not_wait_for_the_next_instant(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);

	(void)state;
	assert_false(news_of(&source, 9000, 1, 100).has_record);
	for (int i = 0; i < 50; i++)
		news_of_silence(&source);
	assert_true(news_of(&source, 47300, 1, 120).has_record);
}

static void a_fallen_index_is_unknown_until_three_readings_agree(void **state)
{
	struct source source = source_start(500, NAN);
	struct news news;

	(void)state;
	assert_false(news_of(&source, 500, 1, 1000000).verdict_changed);
	news = news_of(&source, 1000, 1, 998500);
	assert_true(news.verdict_changed);
	assert_int_equal(source.verdict, GUARD_FALLS);
	assert_true(news.wh_before == 1000000);
	assert_true(isnan(news.live.wh));
	assert_true(news.live.power_w == 1);
	assert_false(news_of(&source, 1500, 1, 998500).verdict_changed);
	news = news_of(&source, 2000, 1, 998500);
	assert_true(news.verdict_changed);
	assert_int_equal(source.verdict, GUARD_GIVES_WAY);
	assert_true(news.live.wh == 998500);
	assert_true(news.has_record);
	assert_true(news.record.wh == 998500);
}

static void records_are_aligned_to_the_time_of_day_and_timed_on_the_clock_of_events(void **state)
{
	struct source source = source_start(TEN_SECONDS, NAN);
	const ms_t offset = 1700000003217;

	(void)state;
	for (ms_t t = 500; t < 60500; t += 500) {
		struct reading one = reading(t, 1, (double)t);
		struct news news = source_read(&source, &one, offset);

		assert_int_equal(news.has_record, (t + offset) % TEN_SECONDS < 500);
		assert_int_equal(news.live.t, t);
		if (news.has_record)
			assert_int_equal(news.record.t, t);
	}
}

static void the_first_reading_is_judged_by_the_newest_record_before_the_start(void **state)
{
	/* 60 kW at most, tenfold believed: 10000 Wh a minute, and one minute's energy at once. */
	const struct {
		double wh;
		ms_t at, t;
		enum guard_verdict expected;
	} cases[] = {
		{1000000, 5000, 65000, GUARD_ACCEPTED},	 {999999, 5000, 65000, GUARD_FALLS},
		{1011000, 5000, 65000, GUARD_ACCEPTED},	 {1011001, 5000, 65000, GUARD_JUMPS},
		{1011001, -5000, 65000, GUARD_ACCEPTED}, /* ten seconds more, before this boot */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct source source = source_start(TEN_SECONDS, 60000);

		source_resume(&source, 1000000, cases[i].at);
		news_of(&source, cases[i].t, 1, cases[i].wh);
		assert_int_equal(source.verdict, cases[i].expected);
	}
}

static void a_meter_that_was_changed_meanwhile_is_believed_at_the_third_reading(void **state)
{
	struct source source = source_start(500, 60000);

	(void)state;
	source_resume(&source, 1000000, 0);
	assert_true(isnan(news_of(&source, 1000, 1, 12).live.wh));
	assert_true(isnan(news_of(&source, 1500, 1, 12).live.wh));
	assert_true(news_of(&source, 2000, 1, 12).live.wh == 12);
	assert_true(news_of(&source, 2500, 1, 12).has_record);
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
		cmocka_unit_test(a_record_waits_for_a_good_index),
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
