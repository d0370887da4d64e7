/* The worked examples: powers, costs an hour, demand, reset, gas. */
#include "tests/unit/aggregator/site_fixture.h"

#include "aggregator/zone/demand.h"
#include "aggregator/energy/power.h"

#define PER_PULSE (80 * MWH_PER_WH)

/* Tuesday 2013-01-15 08:00, peak hours. */
#define EIGHT "2013-01-15T08:00"

/* The main meter counts `pulses` evenly from one period signal to the next, with a record every
 * minute. */
static ms_t send_window(struct fixture *fixture, ms_t start, ms_t duration, int64_t before,
			int64_t pulses)
{
	ms_t end = start + duration;

	fixture->now = end;
	fixture_announce_main(fixture);
	fixture_pulses(fixture, start, "top10", before, 0, 1);
	for (ms_t t = start + MS_PER_MINUTE; t < end; t += MS_PER_MINUTE)
		fixture_pulses(fixture, t, "minute", before + pulses * (t - start) / duration, 0,
			       1);
	fixture_pulses(fixture, end, "top10", before + pulses, 0, 1);
	fixture_look(fixture, end);
	return end;
}

static void six_hundred_pulses_between_two_signals_are_48_kwh_and_288_kw(void **state)
{
	send_window(*state, fixture_moment(*state, EIGHT), 600000, 1234567, 600);
	assert_topic(
		*state, "zone/global/mean10",
		"{\"start\":\"2013-01-15T08:00:00+01:00\",\"end\":\"2013-01-15T08:10:00+01:00\","
		"\"power_w\":288000,\"energy_kwh\":48,\"band\":\"P\",\"cost\":8.71338624,"
		"\"quality\":\"measured\",\"sync\":\"top\"}");
	assert_topic(*state, "zone/global/power_10m_w", "288000");
}

static void a_thousand_pulses_in_a_window_are_480_kw(void **state)
{
	send_window(*state, fixture_moment(*state, EIGHT), 600000, 0, 1000);
	assert_field(*state, "zone/global/mean10", "power_w", "480000");
	assert_field(*state, "zone/global/mean10", "energy_kwh", "80");
}

static void a_minute_of_60_61_and_100_pulses_is_288_and_292800_and_480_kw(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t;
	fixture_announce_main(fixture);
	fixture_pulses(fixture, t, "top10", 0, 0, 1);
	fixture_pulses(fixture, t + 60000, "minute", 60, 0, 1);
	fixture_look(fixture, t + 60000);
	assert_field(fixture, "zone/global/state", "power_1m_w", "288000");
	fixture_pulses(fixture, t + 120000, "minute", 121, 0, 1);
	fixture_look(fixture, t + 120000);
	assert_field(fixture, "zone/global/state", "power_1m_w", "292800");
	fixture_pulses(fixture, t + 180000, "minute", 221, 0, 1);
	fixture_look(fixture, t + 180000);
	assert_field(fixture, "zone/global/state", "power_1m_w", "480000");
}

static void assert_interval(struct fixture *fixture, double interval_us, const char *power_w)
{
	ms_t t = fixture->now + 1000;

	fixture->now = t;
	fixture_send(fixture, "meter/global/live", "{\"t\":%lld,\"pulses\":12,\"interval_us\":%g}",
		     (long long)t, interval_us);
	fixture_look(fixture, t);
	assert_field(fixture, "zone/global/state", "power_w", power_w);
}

static void an_interval_of_600_ms_is_480_kw_6_s_48_kw_28800_ms_10_kw(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = fixture_moment(fixture, EIGHT);
	fixture_announce_main(fixture);
	assert_interval(fixture, 0.6e6, "480000");
	assert_interval(fixture, 6e6, "48000");
	assert_interval(fixture, 28.8e6, "10000");
}

static void without_a_pulse_for_60_s_it_is_at_most_4800_w(void **state)
{
	struct fixture *fixture = *state;
	ms_t t;

	fixture->now = fixture_moment(fixture, EIGHT);
	fixture_announce_main(fixture);
	assert_interval(fixture, 0.6e6, "480000");
	t = fixture->now;
	fixture_look(fixture, t + 60000);
	assert_topic(fixture, "zone/global/power_w", "4800");
	fixture_look(fixture, t + 120000);
	assert_topic(fixture, "zone/global/power_w", "2400");
}

static void the_core_gives_the_same_powers(void **state)
{
	struct power power = {1000, 0.6e6, 80};

	(void)state;
	assert_true(power_at(&power, 1000) == 480000);
	assert_true(power_at(&power, 1600) == 480000);
	assert_true(power_at(&power, 1601) < 480000);
	assert_true(power_at(&power, 61000) == 4800);
	power.interval_us = 6e6;
	assert_true(power_at(&power, 1000) == 48000);
	power.interval_us = 28.8e6;
	assert_true(power_at(&power, 1000) == 10000);
}

static void a_window_of_612_s_with_612_pulses_is_288_kw_too(void **state)
{
	send_window(*state, fixture_moment(*state, EIGHT), 612000, 0, 612);
	assert_topic(
		*state, "zone/global/mean10",
		"{\"start\":\"2013-01-15T08:00:00+01:00\",\"end\":\"2013-01-15T08:10:12+01:00\","
		"\"power_w\":288000,\"energy_kwh\":48.96,\"band\":\"P\",\"cost\":8.88765396,"
		"\"quality\":\"measured\",\"sync\":\"top\"}");
}

struct windows {
	int count;
	char text[4][400];
};

static void note_windows(struct fixture *fixture, const char *topic, const char *text)
{
	struct windows *windows = fixture->context;

	if (strcmp(topic, "zone/global/mean10") != 0)
		return;
	assert_true(windows->count < 4);
	snprintf(windows->text[windows->count++], sizeof(windows->text[0]), "%s", text);
}

static void a_missing_signal_makes_two_estimated_windows_of_288_kw(void **state)
{
	struct fixture *fixture = *state;
	struct windows windows = {0};

	fixture->on_publish = note_windows;
	fixture->context = &windows;
	send_window(fixture, fixture_moment(fixture, EIGHT), 1200000, 0, 1200);
	assert_int_equal(windows.count, 2);
	assert_string_equal(windows.text[0],
			    "{\"start\":\"2013-01-15T08:00:00+01:00\","
			    "\"end\":\"2013-01-15T08:10:00+01:00\",\"power_w\":288000,"
			    "\"energy_kwh\":48,\"band\":\"P\",\"cost\":8.71338624,"
			    "\"quality\":\"estimated\",\"sync\":\"clock\"}");
	assert_string_equal(windows.text[1],
			    "{\"start\":\"2013-01-15T08:10:00+01:00\","
			    "\"end\":\"2013-01-15T08:20:00+01:00\",\"power_w\":288000,"
			    "\"energy_kwh\":48,\"band\":\"P\",\"cost\":8.71338624,"
			    "\"quality\":\"estimated\",\"sync\":\"clock\"}");
}

static void a_pac_index_24_kwh_higher_after_600_s_is_144_kw(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t + 600000;
	fixture_announce_pac(fixture, "self", "self");
	for (int i = 0; i <= 60; i++)
		fixture_wh(fixture, "self", t + 10000 * i, 812345678.25 + 400 * i);
	fixture_look(fixture, t + 600000);
	assert_field(fixture, "zone/self/mean10", "power_w", "144000");
	assert_field(fixture, "zone/self/mean10", "energy_kwh", "24");
	assert_field(fixture, "zone/self/mean10", "sync", "\"clock\"");
}

static void in_hph_240_kw_cost_22_1336544_an_hour(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T12:00");

	fixture->now = t;
	fixture_announce_pac(fixture, "self", "self");
	fixture_send(fixture, "pac/self/live", "{\"t\":%lld,\"power_w\":240000,\"wh\":1}",
		     (long long)t);
	fixture_look(fixture, t);
	assert_field(fixture, "zone/self/state", "band", "\"HPH\"");
	assert_field(fixture, "zone/self/state", "cost_hour", "22.1336544");
	assert_topic(fixture, "zone/self/cost_hour", "22.1336544");
}

/* `last` of the `pulses` since the period signal came in the last minute. */
static void send_demand(struct fixture *fixture, ms_t elapsed, int64_t pulses, int64_t last)
{
	ms_t start = fixture_moment(fixture, EIGHT);

	fixture->now = start + elapsed;
	fixture_announce_main(fixture);
	fixture_pulses(fixture, start, "top10", 5000, 0, 1);
	fixture_pulses(fixture, start + elapsed - 60000, "minute", 5000 + pulses - last, 0, 1);
	fixture_pulses(fixture, start + elapsed, "minute", 5000 + pulses, 0, 1);
	fixture_look(fixture, start + elapsed);
}

static void demand_460_pulses_after_240_s_project_370560_w_without_alarm(void **state)
{
	send_demand(*state, 240000, 460, 52);
	assert_topic(
		*state, "demand/state",
		"{\"time\":\"2013-01-15T08:04:00+01:00\",\"start\":\"2013-01-15T08:00:00+01:00\","
		"\"end\":\"2013-01-15T08:10:00+01:00\",\"energy_kwh\":36.8,"
		"\"projected_w\":370560,\"subscribed_w\":480000,\"allowed_w\":432000,"
		"\"shed_w\":0,\"alarm\":false}");
}

static void demand_790_pulses_after_420_s_project_537600_w_and_192_kw_to_shed(void **state)
{
	send_demand(*state, 420000, 790, 110);
	assert_topic(
		*state, "demand/state",
		"{\"time\":\"2013-01-15T08:07:00+01:00\",\"start\":\"2013-01-15T08:00:00+01:00\","
		"\"end\":\"2013-01-15T08:10:00+01:00\",\"energy_kwh\":63.2,"
		"\"projected_w\":537600,\"subscribed_w\":480000,\"allowed_w\":336000,"
		"\"shed_w\":192000,\"alarm\":true}");
}

static void demand_projects_772_and_1120_pulses(void **state)
{
	struct demand demand = demand_at(460 * PER_PULSE, 0, 240000, 52 * 80 * 60, 480000, false);

	(void)state;
	assert_true(demand.projected_w * 600 / 3600 == 772 * 80);
	assert_false(demand.alarm);
	demand = demand_at(790 * PER_PULSE, 0, 420000, 110 * 80 * 60, 480000, false);
	assert_true(demand.projected_w * 600 / 3600 == 1120 * 80);
	assert_true(demand.allowed_w == 336000 && demand.shed_w == 192000 && demand.alarm);
}

static void a_pac_index_that_falls_is_one_reset_and_no_negative_energy(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t + 30000;
	fixture_announce_pac(fixture, "self", "self");
	fixture_wh(fixture, "self", t, 999000);
	fixture_wh(fixture, "self", t + 10000, 1000000);
	fixture_wh(fixture, "self", t + 20000, 998500);
	fixture_look(fixture, t + 20000);
	assert_field(fixture, "zone/self/state", "energy_kwh", "1");
	assert_field(fixture, "health", "resets", "1");
	/* the new baseline */
	fixture_wh(fixture, "self", t + 30000, 998750);
	fixture_look(fixture, t + 30000);
	assert_field(fixture, "zone/self/state", "energy_kwh", "1.25");
	assert_field(fixture, "zone/self/day", "energy_kwh", "1.25");
	assert_field(fixture, "health", "resets", "1");
	assert_field(fixture, "health", "glitches", "0");
}

static void gas_250_pulses_of_100_l_are_25_m3_and_280_kwh(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t + 60000;
	fixture_send(fixture, "meter/gaz/about",
		     "{\"kind\":\"pulse\",\"medium\":\"gas\",\"zone\":\"gaz-cuisine\","
		     "\"label\":\"Gaz cuisine\",\"nominal_w\":null,\"role\":\"part\","
		     "\"m3_per_pulse\":0.1,\"kwh_per_m3\":11.2}");
	for (int i = 0; i < 2; i++)
		fixture_send(fixture, "meter/gaz/record",
			     "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":%d,"
			     "\"mark\":\"minute\",\"pulses\":%d,\"off_peak\":null,\"peak\":null}",
			     (long long)t + i * 60000, i + 1, 1000 + i * 250);
	fixture_look(fixture, t + 60000);
	assert_field(fixture, "zone/gaz-cuisine/state", "energy_kwh", "280");
	assert_field(fixture, "zone/gaz-cuisine/state", "volume_m3", "25");
	assert_field(fixture, "zone/gaz-cuisine/day", "energy_kwh", "280");
	assert_field(fixture, "zone/gaz-cuisine/state", "cost_day", "null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(six_hundred_pulses_between_two_signals_are_48_kwh_and_288_kw),
		site_test(a_thousand_pulses_in_a_window_are_480_kw),
		site_test(a_minute_of_60_61_and_100_pulses_is_288_and_292800_and_480_kw),
		site_test(an_interval_of_600_ms_is_480_kw_6_s_48_kw_28800_ms_10_kw),
		site_test(without_a_pulse_for_60_s_it_is_at_most_4800_w),
		cmocka_unit_test(the_core_gives_the_same_powers),
		site_test(a_window_of_612_s_with_612_pulses_is_288_kw_too),
		site_test(a_missing_signal_makes_two_estimated_windows_of_288_kw),
		site_test(a_pac_index_24_kwh_higher_after_600_s_is_144_kw),
		site_test(in_hph_240_kw_cost_22_1336544_an_hour),
		site_test(demand_460_pulses_after_240_s_project_370560_w_without_alarm),
		site_test(demand_790_pulses_after_420_s_project_537600_w_and_192_kw_to_shed),
		cmocka_unit_test(demand_projects_772_and_1120_pulses),
		site_test(a_pac_index_that_falls_is_one_reset_and_no_negative_energy),
		site_test(gas_250_pulses_of_100_l_are_25_m3_and_280_kwh),
	};

	return cmocka_run_group_tests_name("vectors: powers", tests, NULL, NULL);
}
