/* The worked examples: which band is in force. */
#include "tests/unit/aggregator/site_fixture.h"

/* The contacts' state is recorded at a local time, and looked at there. */
static void send_contacts(struct fixture *fixture, const char *local, int off_peak, int peak)
{
	ms_t t = fixture_moment(fixture, local);

	fixture->now = t;
	fixture_announce_main(fixture);
	fixture_pulses(fixture, t, "contacts", 1, off_peak, peak);
	fixture_look(fixture, t);
}

static void assert_band(struct fixture *fixture, const char *band, const char *by,
			const char *agree, const char *faults)
{
	assert_field(fixture, "tariff/state", "band", band);
	assert_field(fixture, "tariff/state", "by", by);
	assert_field(fixture, "tariff/state", "agree", agree);
	assert_field(fixture, "health", "contact_faults", faults);
	assert_field(fixture, "summary", "band", band);
	assert_field(fixture, "zone/global/state", "band", band);
}

static void off_peak_on_the_last_second_of_march_is_hch(void **state)
{
	send_contacts(*state, "2013-03-31T23:59:59", 1, 0);
	assert_band(*state, "\"HCH\"", "\"contacts\"", "true", "0");
}

static void off_peak_on_the_first_second_of_april_is_hce(void **state)
{
	send_contacts(*state, "2013-04-01T00:00:00", 1, 0);
	assert_band(*state, "\"HCE\"", "\"contacts\"", "true", "0");
}

static void no_contact_on_a_november_evening_is_hph(void **state)
{
	send_contacts(*state, "2012-11-30T18:30", 0, 0);
	assert_band(*state, "\"HPH\"", "\"contacts\"", "true", "0");
}

static void peak_on_a_saturday_evening_of_december_is_p(void **state)
{
	send_contacts(*state, "2012-12-01T18:30", 0, 1);
	assert_band(*state, "\"P\"", "\"contacts\"", "true", "0");
}

static void peak_on_a_leap_day_is_p(void **state)
{
	send_contacts(*state, "2016-02-29T09:00", 0, 1);
	assert_band(*state, "\"P\"", "\"contacts\"", "true", "0");
}

static void peak_in_march_is_a_contact_fault_and_hph_by_the_calendar(void **state)
{
	send_contacts(*state, "2016-03-01T09:00", 0, 1);
	assert_band(*state, "\"HPH\"", "\"calendar\"", "false", "1");
}

static void both_contacts_are_a_fault_and_p_by_the_calendar(void **state)
{
	send_contacts(*state, "2013-01-15T09:00", 1, 1);
	assert_band(*state, "\"P\"", "\"calendar\"", "false", "1");
}

static void contacts_that_contradict_the_calendar_decide_and_do_not_agree(void **state)
{
	send_contacts(*state, "2013-01-15T09:00", 1, 0);
	assert_band(*state, "\"HCH\"", "\"contacts\"", "false", "0");
}

static void a_contact_holds_15_minutes_and_then_the_calendar_decides(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T12:00");

	send_contacts(fixture, "2013-01-15T12:00", 1, 0);
	fixture_look(fixture, t + 15 * MS_PER_MINUTE - 1);
	assert_band(fixture, "\"HCH\"", "\"contacts\"", "false", "0");
	fixture_look(fixture, t + 15 * MS_PER_MINUTE);
	assert_band(fixture, "\"HPH\"", "\"calendar\"", "null", "0");
}

static void assert_calendar(struct fixture *fixture, const char *local, const char *band)
{
	fixture_look(fixture, fixture_moment(fixture, local));
	assert_field(fixture, "tariff/state", "band", band);
	assert_field(fixture, "tariff/state", "by", "\"calendar\"");
	assert_field(fixture, "tariff/state", "agree", "null");
}

static void christmas_2012_at_9_is_p_by_the_calendar(void **state)
{
	assert_calendar(*state, "2012-12-25T09:00", "\"P\"");
}

static void easter_monday_2013_at_10_is_hpe_by_the_calendar(void **state)
{
	assert_calendar(*state, "2013-04-01T10:00", "\"HPE\"");
}

static void all_saints_2013_at_10_is_hph_by_the_calendar(void **state)
{
	assert_calendar(*state, "2013-11-01T10:00", "\"HPH\"");
}

static void assert_hours(const struct fixture *fixture, const int64_t minutes[BAND_COUNT])
{
	static const int hours[BAND_COUNT] = {0, 308, 1756, 1559, 2944, 2193};

	(void)fixture;
	for (enum band band = BAND_P; band < BAND_COUNT; band++) {
		assert_int_equal(minutes[band] % 60, 0);
		assert_int_equal(minutes[band] / 60, hours[band]);
	}
}

static void the_8760_hours_of_2013_by_segments(void **state)
{
	struct fixture *fixture = *state;
	ms_t end = fixture_moment(fixture, "2014-01-01");
	int64_t minutes[BAND_COUNT] = {0};
	int64_t total = 0;
	ms_t until;

	for (ms_t t = fixture_moment(fixture, "2013-01-01"); t < end; t = until) {
		enum band band = tariff_calendar_band(&fixture->settings.tariff, t, &until);

		assert_true(until > t);
		minutes[band] += (until - t) / MS_PER_MINUTE;
		total += until - t;
	}
	assert_int_equal(total, 8760 * MS_PER_HOUR);
	assert_hours(fixture, minutes);
}

static void the_8760_hours_of_2013_minute_by_minute(void **state)
{
	struct fixture *fixture = *state;
	ms_t end = fixture_moment(fixture, "2014-01-01");
	int64_t minutes[BAND_COUNT] = {0};
	ms_t until;

	for (ms_t t = fixture_moment(fixture, "2013-01-01"); t < end; t += MS_PER_MINUTE)
		minutes[tariff_calendar_band(&fixture->settings.tariff, t, &until)]++;
	assert_hours(fixture, minutes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(off_peak_on_the_last_second_of_march_is_hch),
		site_test(off_peak_on_the_first_second_of_april_is_hce),
		site_test(no_contact_on_a_november_evening_is_hph),
		site_test(peak_on_a_saturday_evening_of_december_is_p),
		site_test(peak_on_a_leap_day_is_p),
		site_test(peak_in_march_is_a_contact_fault_and_hph_by_the_calendar),
		site_test(both_contacts_are_a_fault_and_p_by_the_calendar),
		site_test(contacts_that_contradict_the_calendar_decide_and_do_not_agree),
		site_test(a_contact_holds_15_minutes_and_then_the_calendar_decides),
		site_test(christmas_2012_at_9_is_p_by_the_calendar),
		site_test(easter_monday_2013_at_10_is_hpe_by_the_calendar),
		site_test(all_saints_2013_at_10_is_hph_by_the_calendar),
		site_test(the_8760_hours_of_2013_by_segments),
		site_test(the_8760_hours_of_2013_minute_by_minute),
	};

	return cmocka_run_group_tests_name("vectors: bands", tests, NULL, NULL);
}
