/* The worked examples: whole days, as collectors send them and as users read them. */
#include "tests/unit/aggregator/site_fixture.h"

/* The school's load, kW in each hour of the day: 80 Wh a pulse makes whole pulses a minute. */
static const int load_kw[24] = {96,  96,  96,  96,  96,	 96,  240, 240, 384, 384, 336, 336,
				336, 336, 336, 336, 336, 336, 288, 288, 192, 192, 120, 120};

static const enum band hour_bands[24] = {
	BAND_HCH, BAND_HCH, BAND_HCH, BAND_HCH, BAND_HCH, BAND_HCH, BAND_HPH, BAND_HPH,
	BAND_P,	  BAND_P,   BAND_HPH, BAND_HPH, BAND_HPH, BAND_HPH, BAND_HPH, BAND_HPH,
	BAND_HPH, BAND_HPH, BAND_P,   BAND_P,	BAND_HPH, BAND_HPH, BAND_HCH, BAND_HCH};

/* Every 10-minute window of a zone, as it was published. */
struct windows {
	const char *topic;
	int count;
	char text[160][400];
};

static void note_windows(struct fixture *fixture, const char *topic, const char *text)
{
	struct windows *windows = fixture->context;

	if (strcmp(topic, windows->topic) != 0)
		return;
	assert_true(windows->count < 160);
	snprintf(windows->text[windows->count++], sizeof(windows->text[0]), "%s", text);
}

/* Pulses, period signals and contacts of a day; `sunday`: the off-peak contact assignments closed.
 */
static void send_day(struct fixture *fixture, ms_t start, bool sunday)
{
	int64_t pulses = 4000000;

	for (int minute = 0; minute <= 1440; minute++) {
		int hour = minute / 60 % 24;
		bool off_peak = sunday || hour >= 22 || hour < 6;
		bool peak = !off_peak && (hour == 8 || hour == 9 || hour == 18 || hour == 19);
		ms_t t = start + minute * MS_PER_MINUTE;

		if (minute % 60 == 0)
			fixture_pulses(fixture, t, "contacts", pulses, off_peak, peak);
		fixture_pulses(fixture, t, minute % 10 ? "minute" : "top10", pulses, off_peak,
			       peak);
		pulses += load_kw[hour] * 1000 / 60 / 80;
	}
}

#define WINTER_DAY                                                                                 \
	"{\"day\":\"2013-01-15\",\"day_start\":\"2013-01-15T00:00:00+01:00\","                     \
	"\"energy_kwh\":5712,\"cost\":619.10050176,\"bands\":{"                                    \
	"\"P\":{\"kwh\":1344,\"cost\":243.97481472},"                                              \
	"\"HPH\":{\"kwh\":3552,\"cost\":327.57808512},"                                            \
	"\"HCH\":{\"kwh\":816,\"cost\":47.54760192},"                                              \
	"\"HPE\":{\"kwh\":0,\"cost\":0},\"HCE\":{\"kwh\":0,\"cost\":0}},\"periods\":["             \
	"{\"start\":\"2013-01-15T00:00:00+01:00\",\"end\":\"2013-01-15T06:00:00+01:00\","          \
	"\"band\":\"HCH\",\"kwh\":576,\"cost\":33.56301312},"                                      \
	"{\"start\":\"2013-01-15T06:00:00+01:00\",\"end\":\"2013-01-15T08:00:00+01:00\","          \
	"\"band\":\"HPH\",\"kwh\":480,\"cost\":44.2673088},"                                       \
	"{\"start\":\"2013-01-15T08:00:00+01:00\",\"end\":\"2013-01-15T10:00:00+01:00\","          \
	"\"band\":\"P\",\"kwh\":768,\"cost\":139.41417984},"                                       \
	"{\"start\":\"2013-01-15T10:00:00+01:00\",\"end\":\"2013-01-15T18:00:00+01:00\","          \
	"\"band\":\"HPH\",\"kwh\":2688,\"cost\":247.89692928},"                                    \
	"{\"start\":\"2013-01-15T18:00:00+01:00\",\"end\":\"2013-01-15T20:00:00+01:00\","          \
	"\"band\":\"P\",\"kwh\":576,\"cost\":104.56063488},"                                       \
	"{\"start\":\"2013-01-15T20:00:00+01:00\",\"end\":\"2013-01-15T22:00:00+01:00\","          \
	"\"band\":\"HPH\",\"kwh\":384,\"cost\":35.41384704},"                                      \
	"{\"start\":\"2013-01-15T22:00:00+01:00\",\"end\":\"2013-01-16T00:00:00+01:00\","          \
	"\"band\":\"HCH\",\"kwh\":240,\"cost\":13.9845888}]}"

static void a_winter_day_is_5712_kwh_and_619_10050176_in_seven_periods(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = fixture_moment(fixture, "2013-01-15");

	fixture->now = start + MS_PER_DAY - 1000;
	fixture_announce_main(fixture);
	send_day(fixture, start, false);
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/global/day", WINTER_DAY);
	assert_field(fixture, "zone/global/state", "energy_day_kwh", "5712");
	assert_field(fixture, "zone/global/state", "cost_day", "619.10050176");
	assert_topic(fixture, "zone/global/cost_day", "619.10050176");
	assert_field(fixture, "zone/global/state", "cost_total", "619.10050176");
	assert_field(fixture, "summary", "cost_day", "619.10050176");
	assert_field(fixture, "summary", "energy_day_kwh", "5712");
}

static void the_calendar_alone_gives_the_same_winter_day(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = fixture_moment(fixture, "2013-01-15");
	double wh = 1e6;

	fixture->now = start + MS_PER_DAY - 1000;
	fixture_announce_pac(fixture, "m", "global");
	for (int i = 0; i <= 1440; i++) {
		fixture_wh(fixture, "m", start + i * MS_PER_MINUTE, wh);
		wh += load_kw[i / 60 % 24] * 1000 / 60.0;
	}
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/global/day", WINTER_DAY);
}

static void every_window_of_the_winter_day_is_exact(void **state)
{
	struct fixture *fixture = *state;
	struct windows *windows = calloc(1, sizeof(*windows));
	ms_t start = fixture_moment(fixture, "2013-01-15");
	char expected[400];

	windows->topic = "zone/global/mean10";
	fixture->on_publish = note_windows;
	fixture->context = windows;
	fixture->now = start + MS_PER_DAY - 1000;
	fixture_announce_main(fixture);
	send_day(fixture, start, false);
	fixture_look(fixture, fixture->now);
	assert_int_equal(windows->count, 144);
	for (int i = 0; i < 144; i++) {
		int hour = i / 6;
		int next = i + 1;
		int kwh = load_kw[hour] / 6;
		enum band band = hour_bands[hour];

		snprintf(expected, sizeof(expected),
			 "{\"start\":\"2013-01-15T%02d:%02d:00+01:00\","
			 "\"end\":\"2013-01-%02dT%02d:%02d:00+01:00\",\"power_w\":%d000,"
			 "\"energy_kwh\":%d,\"band\":\"%s\",\"cost\":%.15g,"
			 "\"quality\":\"measured\",\"sync\":\"top\"}",
			 hour, i % 6 * 10, 15 + next / 144, next / 6 % 24, next % 6 * 10,
			 load_kw[hour], kwh, band_name(band),
			 (double)(fixture_prices[0].of[band] * kwh) / 1e8);
		assert_string_equal(windows->text[i], expected);
	}
	free(windows);
}

static void cost_day_is_live_within_the_day_and_0_at_midnight(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = fixture_moment(fixture, "2013-01-15");

	fixture->now = start + MS_PER_DAY - 1000;
	fixture_announce_main(fixture);
	send_day(fixture, start, false);
	/* 8 hours into the day it was 1056 kWh, without the next day's records 0 at midnight. */
	fixture_look(fixture, start + MS_PER_DAY);
	assert_field(fixture, "zone/global/state", "cost_day", "0");
	assert_field(fixture, "zone/global/state", "energy_day_kwh", "0");
	assert_field(fixture, "zone/global/state", "cost_total", "619.10050176");
	assert_field(fixture, "zone/global/state", "day_start", "\"2013-01-16T00:00:00+01:00\"");
	assert_field(fixture, "zone/global/day", "day", "\"2013-01-16\"");
	assert_field(fixture, "zone/global/day", "cost", "0");
}

static void after_eight_hours_of_the_winter_day_it_is_1056_kwh_and_77_83032192(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = fixture_moment(fixture, "2013-01-15");
	ms_t eight = start + 8 * MS_PER_HOUR;
	int64_t pulses = 0;

	fixture->now = eight;
	fixture_announce_main(fixture);
	for (int minute = 0; minute <= 480; minute++) {
		int hour = minute / 60;

		fixture_pulses(fixture, start + minute * MS_PER_MINUTE,
			       minute % 10 ? "minute" : "top10", pulses, hour < 6, hour == 8);
		pulses += load_kw[hour] * 1000 / 60 / 80;
	}
	fixture_send(fixture, "meter/global/live",
		     "{\"t\":%lld,\"pulses\":%lld,\"interval_us\":750000}", (long long)eight,
		     13200LL);
	fixture_look(fixture, eight + 750);
	assert_topic(fixture, "zone/global/state",
		     "{\"time\":\"2013-01-15T08:00:00.750+01:00\",\"label\":\"Global\","
		     "\"medium\":\"electricity\",\"power_w\":384000,\"power_1m_w\":240000,"
		     "\"power_10m_w\":240000,\"nominal_w\":480000,\"load_pct\":80,"
		     "\"energy_kwh\":1056,\"energy_day_kwh\":1056,\"cost_hour\":69.70708992,"
		     "\"cost_day\":77.83032192,\"cost_total\":77.83032192,"
		     "\"day_start\":\"2013-01-15T00:00:00+01:00\",\"band\":\"P\",\"band_index\":1,"
		     "\"price_kwh\":0.18152888,\"quality\":\"measured\"}");
}

static void the_same_loads_on_a_sunday_cost_332_83321344(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = fixture_moment(fixture, "2013-01-13");

	fixture->now = start + MS_PER_DAY - 1000;
	fixture_announce_main(fixture);
	send_day(fixture, start, true);
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/global/day",
		     "{\"day\":\"2013-01-13\",\"day_start\":\"2013-01-13T00:00:00+01:00\","
		     "\"energy_kwh\":5712,\"cost\":332.83321344,\"bands\":{"
		     "\"P\":{\"kwh\":0,\"cost\":0},\"HPH\":{\"kwh\":0,\"cost\":0},"
		     "\"HCH\":{\"kwh\":5712,\"cost\":332.83321344},"
		     "\"HPE\":{\"kwh\":0,\"cost\":0},\"HCE\":{\"kwh\":0,\"cost\":0}},\"periods\":["
		     "{\"start\":\"2013-01-13T00:00:00+01:00\","
		     "\"end\":\"2013-01-14T00:00:00+01:00\",\"band\":\"HCH\",\"kwh\":5712,"
		     "\"cost\":332.83321344}]}");
}

/* 100 kW throughout, a record every 10 s; returns how many windows were published. */
static int send_100_kw(struct fixture *fixture, ms_t start, ms_t end)
{
	struct windows *windows = calloc(1, sizeof(*windows));
	int count;

	windows->topic = "zone/global/mean10";
	fixture->on_publish = note_windows;
	fixture->context = windows;
	fixture->now = end - 1000;
	fixture_send(fixture, "pac/m/about",
		     "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"global\","
		     "\"label\":\"Global\",\"nominal_w\":480000,\"role\":\"main\"}");
	for (ms_t t = start; t <= end; t += 10000)
		fixture_wh(fixture, "m", t, 5e6 + 1e5 * (double)(t - start) / 3600e3);
	fixture_look(fixture, end - 1000);
	for (int i = 0; i < windows->count; i++)
		assert_non_null(strstr(windows->text[i], "\"power_w\":99999.99")
					? windows->text[i]
					: strstr(windows->text[i], "\"power_w\":100000"));
	count = windows->count;
	free(windows);
	return count;
}

static void the_spring_day_has_23_hours_138_windows_and_costs_134_018976(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = INT64_C(1364684400000); /* 2013-03-30T23:00Z */

	assert_int_equal(fixture_moment(fixture, "2013-03-31"), start);
	assert_int_equal(send_100_kw(fixture, start, start + 23 * MS_PER_HOUR), 138);
	assert_topic(fixture, "zone/global/day",
		     "{\"day\":\"2013-03-31\",\"day_start\":\"2013-03-31T00:00:00+01:00\","
		     "\"energy_kwh\":2300,\"cost\":134.018976,\"bands\":{"
		     "\"P\":{\"kwh\":0,\"cost\":0},\"HPH\":{\"kwh\":0,\"cost\":0},"
		     "\"HCH\":{\"kwh\":2300,\"cost\":134.018976},"
		     "\"HPE\":{\"kwh\":0,\"cost\":0},\"HCE\":{\"kwh\":0,\"cost\":0}},\"periods\":["
		     "{\"start\":\"2013-03-31T00:00:00+01:00\","
		     "\"end\":\"2013-04-01T00:00:00+02:00\",\"band\":\"HCH\",\"kwh\":2300,"
		     "\"cost\":134.018976}]}");
}

static void the_autumn_day_has_25_hours_and_150_windows(void **state)
{
	struct fixture *fixture = *state;
	ms_t start = fixture_moment(fixture, "2013-10-27");

	assert_int_equal(send_100_kw(fixture, start, start + 25 * MS_PER_HOUR), 150);
	/* Sunday in summer time's tariff: 2500 kWh of HCE. */
	assert_topic(fixture, "zone/global/day",
		     "{\"day\":\"2013-10-27\",\"day_start\":\"2013-10-27T00:00:00+02:00\","
		     "\"energy_kwh\":2500,\"cost\":79.2051,\"bands\":{"
		     "\"P\":{\"kwh\":0,\"cost\":0},\"HPH\":{\"kwh\":0,\"cost\":0},"
		     "\"HCH\":{\"kwh\":0,\"cost\":0},\"HPE\":{\"kwh\":0,\"cost\":0},"
		     "\"HCE\":{\"kwh\":2500,\"cost\":79.2051}},\"periods\":["
		     "{\"start\":\"2013-10-27T00:00:00+02:00\","
		     "\"end\":\"2013-10-28T00:00:00+01:00\",\"band\":\"HCE\",\"kwh\":2500,"
		     "\"cost\":79.2051}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(a_winter_day_is_5712_kwh_and_619_10050176_in_seven_periods),
		site_test(the_calendar_alone_gives_the_same_winter_day),
		site_test(every_window_of_the_winter_day_is_exact),
		site_test(cost_day_is_live_within_the_day_and_0_at_midnight),
		site_test(after_eight_hours_of_the_winter_day_it_is_1056_kwh_and_77_83032192),
		site_test(the_same_loads_on_a_sunday_cost_332_83321344),
		site_test(the_spring_day_has_23_hours_138_windows_and_costs_134_018976),
		site_test(the_autumn_day_has_25_hours_and_150_windows),
	};

	return cmocka_run_group_tests_name("vectors: days", tests, NULL, NULL);
}
