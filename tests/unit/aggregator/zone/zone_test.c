/* Windows of a zone: which is the last closed one, its band and its cost. */
#include "tests/unit/aggregator/site_fixture.h"

/* The main meter counts a pulse a second from a period signal on; the next period signal after
 * `seconds`. */
static void send_window(struct fixture *fixture, const char *local, int seconds)
{
	ms_t start = fixture_moment(fixture, local);
	ms_t end = start + seconds * MS_PER_SECOND;

	fixture->now = end;
	fixture_announce_main(fixture);
	for (ms_t t = start; t < end; t += MS_PER_MINUTE)
		fixture_pulses(fixture, t, t == start ? "top10" : "minute", (t - start) / 1000, 2,
			       2);
	fixture_pulses(fixture, end, "top10", seconds, 2, 2);
	fixture_look(fixture, end);
}

static void assert_window(struct fixture *fixture, const char *band, const char *cost)
{
	assert_field(fixture, "zone/global/mean10", "band", band);
	assert_field(fixture, "zone/global/mean10", "cost", cost);
}

static void a_window_has_the_band_of_most_of_its_time_and_its_cost_is_split(void **state)
{
	/* 360 s of HPH, 240 s of HCH: 28.8 x 0.09222356 + 19.2 x 0.05826912 */
	send_window(*state, "2013-01-15T21:54", 600);
	assert_window(*state, "\"HPH\"", "3.77480563");
}

static void of_two_halves_the_first_names_the_window(void **state)
{
	send_window(*state, "2013-01-15T21:55", 600);
	assert_window(*state, "\"HPH\"", "3.61182432");
}

static void a_band_of_less_time_does_not_name_the_window(void **state)
{
	send_window(*state, "2013-01-15T21:56", 600);
	assert_window(*state, "\"HCH\"", "3.44884301");
}

static void a_window_closes_with_its_signal(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T12:00");

	send_window(fixture, "2013-01-15T12:00", 600);
	fixture_pulses(fixture, t + 660000, "minute", 700, 2, 2);
	fixture_pulses(fixture, t + 1200000, "minute", 1300, 2, 2);
	fixture->now = t + 1200000;
	fixture_look(fixture, t + 1200000);
	assert_field(fixture, "zone/global/mean10", "end", "\"2013-01-15T12:10:00+01:00\"");
	assert_int_equal(fixture_find(fixture, "zone/global/mean10")->count, 1);
	/* the period signal comes 12 s late: the window is 612 s long */
	fixture->now = t + 1212000;
	fixture_pulses(fixture, t + 1212000, "top10", 1312, 2, 2);
	fixture_look(fixture, t + 1212000);
	assert_field(fixture, "zone/global/mean10", "end", "\"2013-01-15T12:20:12+01:00\"");
	assert_field(fixture, "zone/global/mean10", "sync", "\"top\"");
	assert_int_equal(fixture_find(fixture, "zone/global/mean10")->count, 2);
}

static void a_window_whose_signal_does_not_come_closes_when_the_meter_goes_on(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T12:00");

	send_window(fixture, "2013-01-15T12:00", 600);
	for (int i = 11; i <= 20; i++)
		fixture_pulses(fixture, t + i * MS_PER_MINUTE, "minute", i * 60, 2, 2);
	fixture_look(fixture, t + 1229999);
	assert_field(fixture, "zone/global/mean10", "end", "\"2013-01-15T12:10:00+01:00\"");
	fixture->now = t + 1230000;
	fixture_pulses(fixture, t + 1230000, "contacts", 1230, 2, 2);
	fixture_look(fixture, t + 1230000);
	assert_field(fixture, "zone/global/mean10", "end", "\"2013-01-15T12:20:00+01:00\"");
	assert_field(fixture, "zone/global/mean10", "sync", "\"clock\"");
}

static void a_zone_has_the_windows_of_the_main_meters_signal(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T12:00:07");

	fixture->now = t + 612000;
	fixture_announce_pac(fixture, "a", "self");
	for (int i = -10; i <= 62; i++)
		fixture_wh(fixture, "a", t - 7000 + i * 10000, 1000 + 100 * i);
	send_window(fixture, "2013-01-15T12:00:07", 612);
	assert_field(fixture, "zone/self/mean10", "start", "\"2013-01-15T12:00:07+01:00\"");
	assert_field(fixture, "zone/self/mean10", "end", "\"2013-01-15T12:10:19+01:00\"");
	assert_field(fixture, "zone/self/mean10", "power_w", "36000");
	assert_field(fixture, "zone/self/mean10", "energy_kwh", "6.12");
	assert_field(fixture, "zone/self/mean10", "sync", "\"top\"");
}

static void a_reset_makes_a_window_estimated(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + 600000;
	fixture_announce_main(fixture);
	for (int i = 0; i <= 10; i++)
		fixture_pulses(fixture, t + i * MS_PER_MINUTE, i % 10 ? "minute" : "top10",
			       i < 5 ? 1000 + i : i, 0, 1);
	fixture_look(fixture, t + 600000);
	assert_field(fixture, "zone/global/mean10", "quality", "\"estimated\"");
	assert_field(fixture, "zone/global/mean10", "energy_kwh", "0.72");
}

static void a_window_that_lacks_records_is_partial_and_one_with_a_gap_estimated(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + 660000;
	fixture_announce_main(fixture);
	fixture_pulses(fixture, t, "top10", 0, 0, 1);
	for (int i = 1; i < 10; i++)
		fixture_pulses(fixture, t + i * MS_PER_MINUTE, "minute", i, 0, 1);
	fixture_pulses(fixture, t + 600000, "top10", 10, 0, 1);
	fixture_announce_pac(fixture, "late", "late");
	for (int i = 30; i <= 66; i++)
		fixture_wh(fixture, "late", t + i * 10000, i);
	fixture_announce_pac(fixture, "gap", "gap");
	for (int i = -2; i <= 66; i++)
		if (i < -1 || i > 5)
			fixture_wh(fixture, "gap", t + i * 10000, 10 + i);
	fixture_announce_pac(fixture, "good", "good");
	for (int i = 0; i <= 66; i++)
		fixture_wh(fixture, "good", t + i * 10000, i);
	fixture_look(fixture, t + 660000);
	assert_field(fixture, "zone/global/mean10", "quality", "\"measured\"");
	assert_field(fixture, "zone/late/mean10", "quality", "\"partial\"");
	assert_field(fixture, "zone/gap/mean10", "quality", "\"estimated\"");
	assert_field(fixture, "zone/good/mean10", "quality", "\"measured\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(a_window_has_the_band_of_most_of_its_time_and_its_cost_is_split),
		site_test(of_two_halves_the_first_names_the_window),
		site_test(a_band_of_less_time_does_not_name_the_window),
		site_test(a_window_closes_with_its_signal),
		site_test(a_window_whose_signal_does_not_come_closes_when_the_meter_goes_on),
		site_test(a_zone_has_the_windows_of_the_main_meters_signal),
		site_test(a_reset_makes_a_window_estimated),
		site_test(a_window_that_lacks_records_is_partial_and_one_with_a_gap_estimated),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
