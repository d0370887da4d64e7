#include "tests/unit/aggregator/site_fixture.h"

#include "aggregator/config/timezone.h"
#include "tests/unit/common/seed.h"

static struct civil_zone paris;

static struct calendar calendars[2];
static struct prices prices[3];
static struct subscribed subscribed[2];
static struct tariff_settings settings;
static struct tariff tariff;

static ms_t moment(const char *local)
{
	ms_t t = -1;

	assert_true(civil_parse(&t, &paris, local));
	return t;
}

static int setup(void **state)
{
	struct fail fail = {0};

	(void)state;
	if (!timezone_load(&paris, "Europe/Paris", &fail))
		fail_msg("%s", fail.text);
	calendars[0] = fixture_calendars[0];
	prices[0] = fixture_prices[0];
	settings = (struct tariff_settings){.zone = paris,
					    .calendars = calendars,
					    .calendar_count = 1,
					    .prices = prices,
					    .prices_count = 1};
	tariff_open(&tariff, &settings);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tariff_close(&tariff);
	return 0;
}

static void contacts(const char *local, enum tristate off_peak, enum tristate peak)
{
	struct contact_state state = {moment(local), off_peak, peak, true, 1};

	contacts_add(&tariff.contacts, &state);
	tariff_update(&tariff);
}

static enum band band_at(const char *local)
{
	return tariff_at(&tariff, moment(local)).band;
}

static void a_price_takes_effect_at_its_date_and_never_before(void **state)
{
	(void)state;
	prices[1] = prices[0];
	prices[1].from = moment("2013-02-01");
	prices[1].of[BAND_P] = 20000000;
	prices[2] = prices[1];
	prices[2].from = moment("2013-02-01T09:00");
	prices[2].of[BAND_P] = 30000000;
	settings.prices_count = 3;
	assert_int_equal(tariff_at(&tariff, moment("2013-01-31T09:59:59")).price, 18152888);
	assert_int_equal(tariff_at(&tariff, moment("2013-02-01T08:59:59")).price, 20000000);
	assert_int_equal(tariff_at(&tariff, moment("2013-02-01T08:59:59")).end,
			 moment("2013-02-01T09:00"));
	assert_int_equal(tariff_at(&tariff, moment("2013-02-01T09:00")).price, 30000000);
	assert_int_equal(tariff_prices(&settings, moment("1999-01-01"))->of[BAND_P], 18152888);
}

static void a_calendar_takes_effect_at_its_date(void **state)
{
	(void)state;
	calendars[1] = (struct calendar){.from = moment("2013-01-16"),
					 .off_peak = {{21 * 60 + 30, 7 * 60 + 30}},
					 .off_peak_count = 1};
	settings.calendar_count = 2;
	assert_int_equal(band_at("2013-01-15T09:00"), BAND_P);
	assert_int_equal(band_at("2013-01-15T21:45"), BAND_HPH);
	assert_int_equal(band_at("2013-01-16T00:00"), BAND_HCH);
	assert_int_equal(band_at("2013-01-16T07:29:59"), BAND_HCH);
	assert_int_equal(band_at("2013-01-16T07:30"), BAND_HPH);
	assert_int_equal(band_at("2013-01-16T09:00"), BAND_HPH);
	assert_int_equal(band_at("2013-01-16T21:30"), BAND_HCH);
	assert_int_equal(tariff_at(&tariff, moment("2013-01-16T08:00")).end,
			 moment("2013-01-16T21:30"));
}

static void subscribed_power_is_dated_and_one_a_band(void **state)
{
	(void)state;
	assert_int_equal(tariff_subscribed(&settings, 0, BAND_P), 0);
	for (int i = 0; i < 2; i++)
		for (int band = BAND_P; band < BAND_COUNT; band++)
			subscribed[i].watts[band] = 1000 * (i + 1) + band;
	subscribed[0].from = NEVER;
	subscribed[1].from = moment("2013-01-15");
	settings.subscribed = subscribed;
	settings.subscribed_count = 2;
	assert_int_equal(tariff_subscribed(&settings, moment("2013-01-15") - 1, BAND_HCH), 1003);
	assert_int_equal(tariff_subscribed(&settings, moment("2013-01-15"), BAND_P), 2001);
}

static void the_next_band_is_found_up_to_eight_days_ahead(void **state)
{
	ms_t when;

	(void)state;
	assert_int_equal(tariff_next(&settings, moment("2013-01-15T07:00"), BAND_HPH, &when),
			 BAND_P);
	assert_int_equal(when, moment("2013-01-15T08:00"));
	/* Saturday 22:00 to Monday 6:00 */
	assert_int_equal(tariff_next(&settings, moment("2013-01-12T22:00"), BAND_HCH, &when),
			 BAND_HPH);
	assert_int_equal(when, moment("2013-01-14T06:00"));
	/* the end of winter, at midnight of a Monday */
	assert_int_equal(tariff_next(&settings, moment("2013-03-31T12:00"), BAND_HCH, &when),
			 BAND_HCE);
	assert_int_equal(when, moment("2013-04-01"));
	calendars[0].off_peak[0] = (struct hours){0, 24 * 60};
	calendars[0].peak_count = 0;
	assert_int_equal(tariff_next(&settings, moment("2013-01-15T07:00"), BAND_HCH, &when),
			 BAND_NONE);
}

static void the_calendar_replaces_a_contact_that_does_not_exist(void **state)
{
	(void)state;
	contacts("2013-01-15T09:00", NO, UNKNOWN);
	assert_int_equal(band_at("2013-01-15T09:00"), BAND_P);
	contacts("2013-01-15T12:00", NO, UNKNOWN);
	assert_int_equal(band_at("2013-01-15T12:00"), BAND_HPH);
	contacts("2013-01-15T13:00", YES, UNKNOWN);
	assert_int_equal(band_at("2013-01-15T13:00"), BAND_HCH);
	contacts("2013-01-15T14:00", UNKNOWN, YES);
	assert_int_equal(band_at("2013-01-15T14:00"), BAND_P);
	contacts("2013-01-15T18:30", UNKNOWN, NO);
	assert_int_equal(band_at("2013-01-15T18:30"), BAND_HPH);
	contacts("2013-01-15T23:00", UNKNOWN, NO);
	assert_int_equal(band_at("2013-01-15T23:00"), BAND_HCH);
	contacts("2013-01-16T12:00", UNKNOWN, UNKNOWN);
	assert_int_equal(tariff_at(&tariff, moment("2013-01-16T12:00")).by, BY_CALENDAR);
	assert_int_equal(tariff_at(&tariff, moment("2013-01-16T12:00")).agree, UNKNOWN);
}

static void a_fault_is_counted_when_it_begins(void **state)
{
	(void)state;
	contacts("2013-01-15T09:00", YES, YES);
	contacts("2013-01-15T09:10", YES, YES);
	contacts("2013-01-15T09:20", NO, YES);
	contacts("2013-07-15T09:20", NO, YES);
	assert_int_equal(tariff_faults(&tariff), 2);
	assert_int_equal(tariff_at(&tariff, moment("2013-07-15T09:21")).band, BAND_HPE);
	assert_int_equal(tariff_at(&tariff, moment("2013-07-15T09:21")).agree, NO);
	assert_true(tariff_at(&tariff, moment("2013-07-15T09:21")).fault);
}

static void peak_that_is_held_into_march_is_a_fault_from_midnight_on(void **state)
{
	struct segment segment;

	(void)state;
	contacts("2013-02-28T23:55", NO, YES);
	segment = tariff_at(&tariff, moment("2013-02-28T23:59:59"));
	assert_int_equal(segment.band, BAND_P);
	assert_int_equal(segment.end, moment("2013-03-01"));
	segment = tariff_at(&tariff, moment("2013-03-01"));
	assert_int_equal(segment.band, BAND_HCH);
	assert_true(segment.fault);
	assert_int_equal(segment.end, moment("2013-03-01T00:10"));
	assert_false(tariff_at(&tariff, moment("2013-03-01T00:10")).fault);
}

static void the_repeated_october_hour_is_two_hours_of_the_same_band(void **state)
{
	ms_t first = moment("2013-10-26T22:00");

	(void)state;
	/* Saturday 22:00 to Monday 6:00 is one off-peak period, 33 hours long. */
	for (ms_t t = first; t < first + 33 * MS_PER_HOUR; t += 600000)
		assert_int_equal(tariff_at(&tariff, t).band, BAND_HCE);
	assert_int_equal(tariff_at(&tariff, first + 33 * MS_PER_HOUR).band, BAND_HPE);
}

static void hours_across_the_jumps_follow_local_time(void **state)
{
	static struct civil_zone jumpy = {
		.count = 3,
		/* Tuesday 2013-01-15: 2:00 becomes 3:00; Thursday: 3:00 becomes 2:00 */
		.offsets = {{0, 3600},
			    {INT64_C(1358211600000), 7200},
			    {INT64_C(1358384400000), 3600}},
	};
	ms_t until, t = INT64_C(1358211600000) - 1;
	int64_t minutes[BAND_COUNT] = {0};

	(void)state;
	settings.zone = jumpy;
	calendars[0].off_peak[0] = (struct hours){2 * 60 + 15, 2 * 60 + 45};
	calendars[0].peak_count = 0;
	/* the skipped half hour does not exist … */
	assert_int_equal(tariff_calendar_band(&settings, t, &until), BAND_HPH);
	assert_int_equal(until, t + 1);
	assert_int_equal(tariff_calendar_band(&settings, t + 1, &until), BAND_HPH);
	/* … and the repeated one comes twice */
	for (t = INT64_C(1358384400000) - MS_PER_HOUR; t < INT64_C(1358384400000) + MS_PER_HOUR;
	     t = until) {
		enum band band = tariff_calendar_band(&settings, t, &until);

		minutes[band] += (until - t) / MS_PER_MINUTE;
		if (until > INT64_C(1358384400000) + MS_PER_HOUR)
			minutes[band] -=
				(until - INT64_C(1358384400000) - MS_PER_HOUR) / MS_PER_MINUTE;
	}
	assert_int_equal(minutes[BAND_HCH], 60);
	assert_int_equal(minutes[BAND_HPH], 60);
}

/* The band at one moment, slowly, from the contract. */
static enum band model_band(ms_t t, const struct contact_state states[], int count)
{
	struct civil local = civil_at(&paris, t);
	const struct contact_state *state = NULL;
	bool winter = local.month <= 3 || local.month >= 11;
	bool season = local.month <= 2 || local.month == 12;
	bool peak = local.hour == 8 || local.hour == 9 || local.hour == 18 || local.hour == 19;
	bool off_peak = local.weekday == 0 || local.hour < 6 || local.hour >= 22;
	enum band calendar = season && peak && local.weekday ? BAND_P
			     : winter			     ? off_peak ? BAND_HCH : BAND_HPH
			     : off_peak			     ? BAND_HCE
							     : BAND_HPE;

	for (int i = 0; i < count; i++)
		if (states[i].t <= t && (!state || states[i].t > state->t))
			state = &states[i];
	if (!state || t - state->t >= 900000)
		return calendar;
	if (state->peak && (state->off_peak || !season))
		return calendar;
	if (state->peak)
		return BAND_P;
	return winter		 ? state->off_peak ? BAND_HCH : BAND_HPH
	       : state->off_peak ? BAND_HCE
				 : BAND_HPE;
}

static void segments_partition_every_day_as_in_the_contract(void **state)
{
	static const char *const days[] = {"2013-03-31", "2013-10-27", "2013-01-15",
					   "2013-02-28", "2012-11-30", "2013-04-01"};

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 60; i++) {
		uint64_t seed = seed_state;
		struct contact_state states[40];
		ms_t day = moment(days[i % 6]);
		ms_t end = civil_day_end(&paris, day);
		int count = (int)seed_below(40);
		int segments = 0;

		teardown(NULL);
		setup(NULL);
		for (int j = 0; j < count; j++) {
			states[j] = (struct contact_state){
				.t = day - 1200000 + seed_below(26 * 60) * MS_PER_MINUTE +
				     /* never the same moment */ j,
				.off_peak = (enum tristate)seed_below(2),
				.peak = (enum tristate)(seed_below(3) == 0),
			};
			contacts_add(&tariff.contacts, &states[j]);
			if (seed_below(3) == 0) {
				tariff_update(&tariff);
				tariff_at(&tariff, day + seed_below(end - day));
			}
		}
		tariff_update(&tariff);
		for (ms_t t = day; t < end;) {
			struct segment segment = tariff_at(&tariff, t);

			assert_int_equal(segment.start, t);
			assert_true(segment.end > t && segment.end <= end);
			t = segment.end;
			segments++;
		}
		assert_true(segments <= 2 * count + 10);
		for (int j = 0; j < 1500; j++) {
			ms_t t = j < count ? states[j].t : day + seed_below(end - day);

			if (t < day || t >= end)
				continue;
			if (tariff_at(&tariff, t).band != model_band(t, states, count))
				fail_msg("SEED=%llu: %lld", (unsigned long long)seed, (long long)t);
		}
	}
}

#define tariff_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tariff_test(a_price_takes_effect_at_its_date_and_never_before),
		tariff_test(a_calendar_takes_effect_at_its_date),
		tariff_test(subscribed_power_is_dated_and_one_a_band),
		tariff_test(the_next_band_is_found_up_to_eight_days_ahead),
		tariff_test(the_calendar_replaces_a_contact_that_does_not_exist),
		tariff_test(a_fault_is_counted_when_it_begins),
		tariff_test(peak_that_is_held_into_march_is_a_fault_from_midnight_on),
		tariff_test(the_repeated_october_hour_is_two_hours_of_the_same_band),
		tariff_test(hours_across_the_jumps_follow_local_time),
		tariff_test(segments_partition_every_day_as_in_the_contract),
	};

	return cmocka_run_group_tests_name("tariff", tests, NULL, NULL);
}
