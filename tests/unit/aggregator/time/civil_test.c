#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/time/civil.h"
#include "tests/unit/common/seed.h"

/* 2013-03-31T01:00Z and 2013-10-27T01:00Z */
#define SPRING	    INT64_C(1364691600000)
#define AUTUMN	    INT64_C(1382835600000)
#define TEN_MINUTES (10 * MS_PER_MINUTE)

static const struct civil_zone paris = {
	.name = "Europe/Paris",
	.count = 3,
	.offsets = {{0, 3600}, {SPRING, 7200}, {AUTUMN, 3600}},
};

static const struct civil_zone utc = {.name = "UTC", .count = 1};
static const struct civil_zone kolkata = {.count = 1, .offsets = {{0, 19800}}};

/* Clocks go from 23:00 to 0:00 and, later, from 0:00 back to 23:00 (as once in São Paulo). */
static const struct civil_zone midnight = {
	.count = 3,
	.offsets = {{0, -3 * 3600},
		    {INT64_C(1350788400000), -2 * 3600},  /* 2012-10-21T03:00Z: 0:00 to 1:00 */
		    {INT64_C(1361066400000), -3 * 3600}}, /* 2013-02-17T02:00Z: 0:00 to 23:00 */
};

/* Clocks go back from 0:01 to 23:01 (as once in St. John's). */
static const struct civil_zone across = {
	.count = 2,
	.offsets = {{0, -9000}, {INT64_C(1288492260000), -12600}}, /* 2010-10-31T02:31Z */
};

/* 30 December 2011 does not exist (as in Samoa). */
static const struct civil_zone samoa = {
	.count = 2,
	.offsets = {{0, -10 * 3600}, {INT64_C(1325239200000), 14 * 3600}}, /* 2011-12-30T10:00Z */
};

static const struct civil_zone *const zones[] = {&paris,    &utc,    &kolkata,
						 &midnight, &across, &samoa};
#define ZONES (sizeof(zones) / sizeof(zones[0]))

static ms_t moment(const struct civil_zone *zone, const char *text)
{
	ms_t t = -1;

	assert_true(civil_parse(&t, zone, text));
	return t;
}

static void assert_iso(const struct civil_zone *zone, ms_t t, const char *expected)
{
	char text[CIVIL_ISO_SIZE];

	civil_iso(text, zone, t);
	assert_string_equal(text, expected);
}

static void dates_follow_the_gregorian_calendar(void **state)
{
	(void)state;
	assert_int_equal(civil_days(1970, 1, 1), 0);
	assert_int_equal(civil_days(1969, 12, 31), -1);
	assert_int_equal(civil_days(2000, 2, 29), 11016);
	assert_int_equal(civil_days(2000, 3, 1), 11017);
	assert_int_equal(civil_days(2013, 1, 15), 15720);
	assert_int_equal(civil_days(2100, 3, 1) - civil_days(2100, 2, 28), 1);
	assert_int_equal(civil_days(1, 1, 1), -719162);
}

static void days_and_months_beyond_their_range_roll_over(void **state)
{
	(void)state;
	assert_int_equal(civil_days(2013, 13, 1), civil_days(2014, 1, 1));
	assert_int_equal(civil_days(2013, 0, 1), civil_days(2012, 12, 1));
	assert_int_equal(civil_days(2013, -11, 1), civil_days(2012, 1, 1));
	assert_int_equal(civil_days(2013, 2, 29), civil_days(2013, 3, 1));
	assert_int_equal(civil_days(2013, 3, 0), civil_days(2013, 2, 28));
}

static void every_day_of_six_centuries_follows_the_one_before(void **state)
{
	struct civil before = civil_at(&utc, civil_days(1699, 12, 31) * MS_PER_DAY);

	(void)state;
	for (int64_t day = civil_days(1700, 1, 1); day < civil_days(2300, 1, 1); day++) {
		struct civil civil = civil_at(&utc, day * MS_PER_DAY);

		assert_int_equal(civil_days(civil.year, civil.month, civil.day), day);
		assert_int_equal(civil.weekday, (before.weekday + 1) % 7);
		if (civil.day == 1)
			assert_int_equal(civil.month, before.month % 12 + 1);
		else
			assert_int_equal(civil.day, before.day + 1);
		before = civil;
	}
}

static void local_time_carries_its_weekday_and_offset(void **state)
{
	struct civil civil = civil_at(&paris, INT64_C(1358233200750));

	(void)state;
	assert_int_equal(civil.year, 2013);
	assert_int_equal(civil.month, 1);
	assert_int_equal(civil.day, 15);
	assert_int_equal(civil.weekday, 2);
	assert_int_equal(civil.hour, 8);
	assert_int_equal(civil.minute, 0);
	assert_int_equal(civil.second, 0);
	assert_int_equal(civil.millisecond, 750);
	assert_int_equal(civil.offset_s, 3600);
}

static void iso_text_shows_milliseconds_only_where_there_are_any(void **state)
{
	(void)state;
	assert_iso(&paris, INT64_C(1358233200000), "2013-01-15T08:00:00+01:00");
	assert_iso(&paris, INT64_C(1358233200750), "2013-01-15T08:00:00.750+01:00");
	assert_iso(&paris, INT64_C(1358233200005), "2013-01-15T08:00:00.005+01:00");
	assert_iso(&utc, 0, "1970-01-01T00:00:00+00:00");
	assert_iso(&kolkata, 0, "1970-01-01T05:30:00+05:30");
	assert_iso(&across, 0, "1969-12-31T21:30:00-02:30");
}

static void offsets_change_at_their_very_millisecond(void **state)
{
	(void)state;
	assert_iso(&paris, SPRING - 1, "2013-03-31T01:59:59.999+01:00");
	assert_iso(&paris, SPRING, "2013-03-31T03:00:00+02:00");
	assert_iso(&paris, AUTUMN - 1, "2013-10-27T02:59:59.999+02:00");
	assert_iso(&paris, AUTUMN, "2013-10-27T02:00:00+01:00");
}

static void a_time_that_occurs_twice_is_the_first_one(void **state)
{
	(void)state;
	assert_int_equal(moment(&paris, "2013-10-27T02:00"), AUTUMN - MS_PER_HOUR);
	assert_int_equal(moment(&paris, "2013-10-27T02:59:59"), AUTUMN - MS_PER_SECOND);
	assert_int_equal(moment(&paris, "2013-10-27T03:00"), AUTUMN + MS_PER_HOUR);
}

static void a_time_that_is_skipped_is_the_moment_of_the_jump(void **state)
{
	(void)state;
	assert_int_equal(moment(&paris, "2013-03-31T01:59:59"), SPRING - MS_PER_SECOND);
	assert_int_equal(moment(&paris, "2013-03-31T02:00"), SPRING);
	assert_int_equal(moment(&paris, "2013-03-31T02:30"), SPRING);
	assert_int_equal(moment(&paris, "2013-03-31T03:00"), SPRING);
	assert_int_equal(moment(&paris, "2013-03-31T03:00:01"), SPRING + MS_PER_SECOND);
}

static void hours_of_24_and_more_are_the_next_day(void **state)
{
	struct civil civil = {.year = 2013, .month = 12, .day = 31, .hour = 24};

	(void)state;
	assert_int_equal(civil_moment(&paris, &civil), moment(&paris, "2014-01-01"));
	civil.hour = 30;
	civil.minute = 90;
	assert_int_equal(civil_moment(&paris, &civil), moment(&paris, "2014-01-01T07:30"));
}

static int64_t windows_of_day(const char *date)
{
	ms_t noon = moment(&paris, date) + 12 * MS_PER_HOUR;

	return (civil_day_end(&paris, noon) - civil_day_start(&paris, noon)) / TEN_MINUTES;
}

static void the_spring_day_has_138_windows_and_the_autumn_day_150(void **state)
{
	(void)state;
	assert_int_equal(windows_of_day("2013-03-30"), 144);
	assert_int_equal(windows_of_day("2013-03-31"), 138);
	assert_int_equal(windows_of_day("2013-10-27"), 150);
	assert_int_equal(windows_of_day("2013-10-28"), 144);
	assert_iso(&utc, civil_day_start(&paris, SPRING), "2013-03-30T23:00:00+00:00");
	assert_iso(&utc, civil_day_end(&paris, SPRING), "2013-03-31T22:00:00+00:00");
}

static void midnight_itself_begins_the_day(void **state)
{
	ms_t start = moment(&paris, "2013-01-15");

	(void)state;
	assert_int_equal(civil_day_start(&paris, start), start);
	assert_int_equal(civil_day_start(&paris, start - 1), start - MS_PER_DAY);
	assert_int_equal(civil_day_end(&paris, start), start + MS_PER_DAY);
	assert_int_equal(civil_day_end(&paris, start - 1), start);
}

static void a_day_without_midnight_begins_at_the_jump(void **state)
{
	ms_t jump = midnight.offsets[1].from;

	(void)state;
	assert_int_equal(civil_day_start(&midnight, jump + MS_PER_HOUR), jump);
	assert_int_equal(civil_day_end(&midnight, jump + MS_PER_HOUR), jump + 23 * MS_PER_HOUR);
	assert_int_equal(civil_day_end(&midnight, jump - 1), jump);
}

static void a_day_whose_last_hour_repeats_has_25_hours(void **state)
{
	ms_t back = midnight.offsets[2].from;

	(void)state;
	assert_int_equal(civil_day_end(&midnight, back - 1), back + MS_PER_HOUR);
	assert_int_equal(civil_day_end(&midnight, back), back + MS_PER_HOUR);
	assert_int_equal(civil_day_start(&midnight, back), back - 24 * MS_PER_HOUR);
}

static void a_day_that_does_not_exist_is_skipped(void **state)
{
	ms_t jump = samoa.offsets[1].from;

	(void)state;
	assert_iso(&samoa, jump - 1, "2011-12-29T23:59:59.999-10:00");
	assert_iso(&samoa, jump, "2011-12-31T00:00:00+14:00");
	assert_int_equal(civil_day_end(&samoa, jump - 1), jump);
	assert_int_equal(civil_day_start(&samoa, jump), jump);
	assert_int_equal(civil_day_end(&samoa, jump), jump + MS_PER_DAY);
}

static ms_t near_a_change(const struct civil_zone *zone)
{
	ms_t change = zone->offsets[seed_below((int64_t)zone->count)].from;

	return (change ? change : SPRING) + seed_below(4 * MS_PER_DAY) - 2 * MS_PER_DAY;
}

static void days_join_without_gap_or_overlap(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 50000; i++) {
		const struct civil_zone *zone = zones[seed_below(ZONES)];
		ms_t t = near_a_change(zone);
		ms_t start = civil_day_start(zone, t);
		ms_t end = civil_day_end(zone, t);

		assert_true(start <= t && t < end);
		assert_int_equal(civil_day_start(zone, end), end);
		assert_int_equal(civil_day_end(zone, start - 1), start);
		assert_int_equal(civil_day_start(zone, end - 1), start);
	}
}

static void local_time_leads_back_to_its_moment_or_to_its_first(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 50000; i++) {
		const struct civil_zone *zone = zones[seed_below(ZONES)];
		ms_t t = near_a_change(zone);
		struct civil local = civil_at(zone, t);
		ms_t back = civil_moment(zone, &local);
		struct civil again = civil_at(zone, back);

		assert_true(back <= t);
		assert_int_equal(again.day, local.day);
		assert_int_equal(again.hour, local.hour);
		assert_int_equal(again.minute, local.minute);
		assert_int_equal(again.millisecond, local.millisecond);
		assert_int_equal(t - back, (again.offset_s - local.offset_s) * MS_PER_SECOND);
	}
}

static void dates_are_read_as_they_are_written(void **state)
{
	char text[CIVIL_ISO_SIZE];

	(void)state;
	assert_int_equal(moment(&utc, "1970-01-01"), 0);
	assert_int_equal(moment(&paris, "2013-01-15"), INT64_C(1358204400000));
	assert_int_equal(moment(&paris, "2013-01-15T08:00"), INT64_C(1358233200000));
	assert_int_equal(moment(&paris, "2013-01-15T08:00:07"), INT64_C(1358233207000));
	assert_int_equal(moment(&utc, "2016-02-29T23:59:59") + MS_PER_SECOND,
			 moment(&utc, "2016-03-01"));
	civil_date(text, &paris, INT64_C(1358204399999));
	assert_string_equal(text, "2013-01-14");
	civil_date(text, &paris, INT64_C(1358204400000));
	assert_string_equal(text, "2013-01-15");
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"2013",
		"2013-1-15",
		"2013-01-15 ",
		" 2013-01-15",
		"2013-01-15T",
		"2013-01-15T08",
		"2013-01-15T08:0",
		"2013-01-15T8:00",
		"2013-01-15 08:00",
		"2013-01-15T08:00:",
		"2013-01-15T08:00:7",
		"2013-01-15T08:00:00Z",
		"2013-01-15T08:00:00.5",
		"2013-01-15T08:00+01:00",
		"2013-01-15T24:00",
		"2013-01-15T23:60",
		"2013-01-15T23:59:60",
		"2013-13-01",
		"2013-00-01",
		"2013-01-00",
		"2013-01-32",
		"2013-02-29",
		"2100-02-29",
		"2013-04-31",
		"1969-12-31",
		"20130115",
		"+2013-01-15",
		"-013-01-15",
		"15.01.2013",
	};
	ms_t t = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(civil_parse(&t, &paris, wrong[i]));
	assert_int_equal(t, 42);
}

static void absurd_times_stay_within_the_calendar(void **state)
{
	static const ms_t absurd[] = {INT64_MIN, INT64_MIN + 1, -1, INT64_MAX - 1, INT64_MAX};
	struct civil civil = {.year = INT32_MAX,
			      .month = INT32_MAX,
			      .day = INT32_MAX,
			      .hour = INT32_MAX,
			      .minute = INT32_MIN};
	char text[CIVIL_ISO_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		civil_iso(text, &paris, absurd[i]);
		assert_true(strlen(text) < CIVIL_ISO_SIZE - 1);
		assert_true(civil_day_start(&paris, absurd[i]) < civil_day_end(&paris, absurd[i]));
	}
	assert_true(civil_moment(&paris, &civil) > 0);
	civil.year = civil.month = civil.day = INT32_MIN;
	assert_true(civil_moment(&paris, &civil) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_follow_the_gregorian_calendar),
		cmocka_unit_test(days_and_months_beyond_their_range_roll_over),
		cmocka_unit_test(every_day_of_six_centuries_follows_the_one_before),
		cmocka_unit_test(local_time_carries_its_weekday_and_offset),
		cmocka_unit_test(iso_text_shows_milliseconds_only_where_there_are_any),
		cmocka_unit_test(offsets_change_at_their_very_millisecond),
		cmocka_unit_test(a_time_that_occurs_twice_is_the_first_one),
		cmocka_unit_test(a_time_that_is_skipped_is_the_moment_of_the_jump),
		cmocka_unit_test(hours_of_24_and_more_are_the_next_day),
		cmocka_unit_test(the_spring_day_has_138_windows_and_the_autumn_day_150),
		cmocka_unit_test(midnight_itself_begins_the_day),
		cmocka_unit_test(a_day_without_midnight_begins_at_the_jump),
		cmocka_unit_test(a_day_whose_last_hour_repeats_has_25_hours),
		cmocka_unit_test(a_day_that_does_not_exist_is_skipped),
		cmocka_unit_test(days_join_without_gap_or_overlap),
		cmocka_unit_test(local_time_leads_back_to_its_moment_or_to_its_first),
		cmocka_unit_test(dates_are_read_as_they_are_written),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(absurd_times_stay_within_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
