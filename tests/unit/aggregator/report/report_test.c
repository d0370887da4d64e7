/* The retained topics as texts: which sources, in which order, null where something is unknown. */
#include "tests/unit/aggregator/site_fixture.h"

#define EIGHT "2013-01-15T08:00"

static void an_unknown_zone_leaves_no_source_out(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = fixture_moment(fixture, "2013-01-15T12:00");
	fixture_send(fixture, "pac/a/about",
		     "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"self\","
		     "\"label\":\"Self\",\"nominal_w\":null,\"role\":\"part\"}");
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/self/state",
		     "{\"time\":\"2013-01-15T12:00:00+01:00\",\"label\":\"Self\","
		     "\"medium\":\"electricity\",\"power_w\":null,\"power_1m_w\":null,"
		     "\"power_10m_w\":null,\"nominal_w\":null,\"load_pct\":null,\"energy_kwh\":0,"
		     "\"energy_day_kwh\":0,\"cost_hour\":null,\"cost_day\":0,\"cost_total\":0,"
		     "\"day_start\":\"2013-01-15T00:00:00+01:00\",\"band\":\"HPH\","
		     "\"band_index\":2,\"price_kwh\":0.09222356,\"quality\":\"stale\"}");
	assert_topic(fixture, "zone/self/day",
		     "{\"day\":\"2013-01-15\",\"day_start\":\"2013-01-15T00:00:00+01:00\","
		     "\"energy_kwh\":0,\"cost\":0,\"bands\":{\"P\":{\"kwh\":0,\"cost\":0},"
		     "\"HPH\":{\"kwh\":0,\"cost\":0},\"HCH\":{\"kwh\":0,\"cost\":0},"
		     "\"HPE\":{\"kwh\":0,\"cost\":0},\"HCE\":{\"kwh\":0,\"cost\":0}},"
		     "\"periods\":[]}");
	assert_null(fixture_text(fixture, "zone/self/mean10"));
	assert_null(fixture_text(fixture, "zone/self/hour"));
	assert_topic(fixture, "summary",
		     "{\"time\":\"2013-01-15T12:00:00+01:00\",\"zones\":1,\"online\":0,"
		     "\"power_w\":null,\"rest_w\":null,\"energy_day_kwh\":null,\"cost_day\":null,"
		     "\"cost_hour\":null,\"band\":\"HPH\",\"price_kwh\":0.09222356}");
	assert_null(fixture_text(fixture, "demand/state"));
}

static void the_tariff_says_what_is_in_force_and_what_comes_next(void **state)
{
	struct fixture *fixture = *state;

	fixture_look(fixture, fixture_moment(fixture, "2013-01-15T07:00"));
	assert_topic(fixture, "tariff/state",
		     "{\"time\":\"2013-01-15T07:00:00+01:00\",\"band\":\"HPH\",\"band_index\":2,"
		     "\"by\":\"calendar\",\"agree\":null,\"price_kwh\":0.09222356,"
		     "\"currency\":\"EUR\",\"vat_included\":true,\"prices\":{\"P\":0.18152888,"
		     "\"HPH\":0.09222356,\"HCH\":0.05826912,\"HPE\":0.05081804,"
		     "\"HCE\":0.03168204},\"next_band\":\"P\","
		     "\"next_change\":\"2013-01-15T08:00:00+01:00\",\"subscribed_w\":480000}");
	assert_topic(fixture, "tariff/band", "HPH");
	assert_topic(fixture, "tariff/band_index", "2");
	assert_topic(fixture, "tariff/price_kwh", "0.09222356");
}

static void a_gas_zone_has_no_band_and_no_cost(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t + 600000;
	fixture_send(fixture, "meter/gaz/about",
		     "{\"kind\":\"pulse\",\"medium\":\"gas\",\"zone\":\"gaz\",\"label\":\"Gaz\","
		     "\"nominal_w\":null,\"role\":\"part\",\"m3_per_pulse\":0.1,"
		     "\"kwh_per_m3\":11.2}");
	for (int i = 0; i <= 10; i++)
		fixture_send(fixture, "meter/gaz/record",
			     "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":%d,"
			     "\"mark\":\"minute\",\"pulses\":%d,\"off_peak\":null,\"peak\":null}",
			     (long long)t + i * 60000, i + 1, i);
	fixture_look(fixture, t + 600000);
	assert_topic(fixture, "zone/gaz/state",
		     "{\"time\":\"2013-01-15T08:10:00+01:00\",\"label\":\"Gaz\",\"medium\":\"gas\","
		     "\"power_w\":null,\"power_1m_w\":67200,\"power_10m_w\":67200,"
		     "\"nominal_w\":null,\"load_pct\":null,\"energy_kwh\":11.2,"
		     "\"energy_day_kwh\":11.2,\"volume_m3\":1,\"cost_hour\":null,"
		     "\"cost_day\":null,\"cost_total\":null,"
		     "\"day_start\":\"2013-01-15T00:00:00+01:00\",\"band\":null,"
		     "\"band_index\":null,\"price_kwh\":null,\"quality\":\"measured\"}");
	assert_topic(fixture, "zone/gaz/mean10",
		     "{\"start\":\"2013-01-15T08:00:00+01:00\","
		     "\"end\":\"2013-01-15T08:10:00+01:00\",\"power_w\":67200,"
		     "\"energy_kwh\":11.2,\"band\":null,\"cost\":null,\"quality\":\"measured\","
		     "\"sync\":\"clock\"}");
	assert_topic(fixture, "zone/gaz/volume_m3", "1");
	assert_topic(fixture, "zone/gaz/band", "null");
}

static void the_last_hour_has_60_minutes_and_null_where_nothing_is_known(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);
	char expected[2000] = "{\"end\":\"2013-01-15T08:02:00+01:00\",\"step_s\":60,\"power_w\":[";

	fixture->now = t + 120000;
	fixture_announce_pac(fixture, "a", "self");
	for (int i = 0; i <= 12; i++)
		fixture_wh(fixture, "a", t + i * 10000, i < 6 ? 0 : 50.5 * (i - 6));
	fixture_look(fixture, t + 120000);
	for (int i = 0; i < 58; i++)
		strcat(expected, "null,");
	strcat(expected, "0,18180],\"load_pct\":[");
	for (int i = 0; i < 58; i++)
		strcat(expected, "null,");
	strcat(expected, "0,30.3]}");
	assert_topic(fixture, "zone/self/hour", expected);
}

static void leaves_are_bare_scalars_of_qos_0_only_when_they_changed(void **state)
{
	static const char *const leaves[][2] = {
		{"power_w", "48210.5"},
		{"power_1m_w", "null"},
		{"power_10m_w", "null"},
		{"nominal_w", "60000"},
		{"load_pct", "80.35"},
		{"energy_kwh", "0"},
		{"energy_day_kwh", "0"},
		{"cost_hour", "8.75159807"},
		{"cost_day", "0"},
		{"cost_total", "0"},
		{"band", "P"},
		{"band_index", "1"},
		{"price_kwh", "0.18152888"},
	};
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);
	char name[60];

	fixture->now = t;
	fixture_announce_pac(fixture, "a", "self");
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":48210.5,\"wh\":1}",
		     (long long)t);
	fixture_look(fixture, t);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		snprintf(name, sizeof(name), "zone/self/%s", leaves[i][0]);
		assert_topic(fixture, name, leaves[i][1]);
		assert_int_equal(fixture_find(fixture, name)->qos, 0);
	}
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":48211.5,\"wh\":1}",
		     (long long)t + 500);
	fixture_look(fixture, t + 500);
	assert_int_equal(fixture_find(fixture, "zone/self/power_w")->count, 2);
	assert_int_equal(fixture_find(fixture, "zone/self/nominal_w")->count, 1);
	assert_int_equal(fixture_find(fixture, "zone/self/state")->count, 2);
	assert_int_equal(fixture_find(fixture, "zone/self/state")->qos, 1);
	/* nothing but the time moved */
	fixture_look(fixture, t + 600);
	assert_int_equal(fixture_find(fixture, "zone/self/state")->count, 2);
	assert_int_equal(fixture_find(fixture, "summary")->count, 1);
}

static void leaves_can_be_switched_off(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.leaves = false;
	fixture_open_consumers(fixture);
	fixture->now = fixture_moment(fixture, EIGHT);
	fixture_announce_pac(fixture, "a", "self");
	fixture_look(fixture, fixture->now);
	assert_non_null(fixture_text(fixture, "zone/self/state"));
	assert_null(fixture_text(fixture, "zone/self/power_w"));
}

/* A volume that appears must not shift the leaves that come after it. */
static void a_zone_that_begins_to_count_volume_says_every_leaf_right(void **state)
{
	static const char *const names[] = {"volume_m3", "cost_hour",  "cost_day",  "cost_total",
					    "band",	 "band_index", "price_kwh", "energy_kwh"};
	struct fixture *fixture = *state;
	char topic[60];

	fixture->now = fixture_moment(fixture, EIGHT);
	fixture_announce_pac(fixture, "a", "self");
	fixture_look(fixture, fixture->now);
	fixture_send(fixture, "meter/w/about",
		     "{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"self\","
		     "\"label\":\"x\",\"nominal_w\":1,\"role\":\"part\",\"m3_per_pulse\":1}");
	fixture_look(fixture, fixture->now);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *expected = fixture_field(fixture, "zone/self/state", names[i]);

		snprintf(topic, sizeof(topic), "zone/self/%s", names[i]);
		if (strcmp(names[i], "band") == 0)
			expected = "P";
		assert_topic(fixture, topic, expected);
		assert_int_equal(fixture_find(fixture, topic)->count, 1);
	}
}

static void health_counts_what_came_in_and_how(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t;
	fixture_announce_main(fixture);
	fixture_pulses(fixture, t - 60000, "top10", 10, 0, 1);
	fixture_pulses(fixture, t, "minute", 20, 0, 1);
	fixture->seq = 0; /* again */
	fixture_pulses(fixture, t - 60000, "top10", 10, 0, 1);
	fixture->seq = 4; /* 3 and 4 are missing; spurious */
	fixture_pulses(fixture, t - 30000, "top10", 15, 0, 1);
	fixture_send(fixture, "meter/global/record",
		     "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":6,\"mark\":\"start\","
		     "\"pulses\":25,\"off_peak\":null,\"peak\":null,\"blind_ms\":5320,\"lost\":3,"
		     "\"lost_possible\":true}",
		     (long long)t);
	assert_refused(fixture, "meter/global/record", "{}", "expected one of pulses and wh");
	site_clock_stepped(fixture->site);
	fixture_look(fixture, t);
	assert_topic(fixture, "health",
		     "{\"time\":\"2013-01-15T08:00:00+01:00\","
		     "\"started\":\"1970-01-01T01:00:00+01:00\",\"accepted\":5,\"duplicate\":1,"
		     "\"late\":2,\"rejected\":1,\"last_rejected\":{"
		     "\"time\":\"2013-01-15T08:00:00+01:00\","
		     "\"topic\":\"wattzone/lycee/collector/meter/global/record\","
		     "\"reason\":\"expected one of pulses and wh, found neither\"},"
		     "\"deferred\":0,\"retained_live\":0,\"store_trouble\":null,\"sequence_gaps\":"
		     "2,\"resets\":0,"
		     "\"glitches\":0,\"rollovers\":0,\"jumps\":0,\"swaps\":0,\"last_event\":null,"
		     "\"spurious_"
		     "tops\":1,"
		     "\"contact_faults\":0,\"edges_lost\":3,\"lost_possible\":1,"
		     "\"blind_ms\":5320,\"clock_steps\":1}");
}

static void quality_says_what_took_part(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->now = t;
	fixture_announce_pac(fixture, "a", "self");
	fixture_announce_pac(fixture, "b", "self");
	fixture_wh(fixture, "a", t, 1);
	fixture_look(fixture, t);
	assert_field(fixture, "zone/self/state", "quality", "\"partial\"");
	assert_topic(fixture, "zone/self/status", "online");
	fixture_wh(fixture, "b", t, 1);
	fixture_look(fixture, t);
	assert_field(fixture, "zone/self/state", "quality", "\"estimated\""); /* by calendar */
	fixture_send(fixture, "pac/b/status", "offline");
	fixture_look(fixture, t);
	assert_field(fixture, "zone/self/state", "quality", "\"partial\"");
	fixture_send(fixture, "pac/status", "offline");
	fixture_look(fixture, t);
	assert_field(fixture, "zone/self/state", "quality", "\"stale\"");
	assert_topic(fixture, "zone/self/status", "offline");
	fixture_send(fixture, "pac/status", "online");
	fixture_look(fixture, t + 4999);
	assert_topic(fixture, "zone/self/status", "online");
	fixture_look(fixture, t + 5000);
	assert_topic(fixture, "zone/self/status", "stale");
	assert_field(fixture, "zone/self/state", "energy_kwh", "0");
}

static void topics_are_published_at_most_every_publish_ms(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, EIGHT);

	fixture->settings.publish_ms = 500;
	fixture->now = t;
	fixture_announce_pac(fixture, "a", "self");
	for (int i = 0; i <= 1000; i += 50) {
		fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":%d,\"wh\":1}",
			     (long long)t + i, i);
		fixture->now = t + i;
		fixture->monotonic = i;
		fixture_turn(fixture, false);
	}
	assert_int_equal(fixture_find(fixture, "zone/self/state")->count, 3);
	assert_field(fixture, "zone/self/state", "power_w", "1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(an_unknown_zone_leaves_no_source_out),
		site_test(the_tariff_says_what_is_in_force_and_what_comes_next),
		site_test(a_gas_zone_has_no_band_and_no_cost),
		site_test(the_last_hour_has_60_minutes_and_null_where_nothing_is_known),
		site_test(leaves_are_bare_scalars_of_qos_0_only_when_they_changed),
		site_test(leaves_can_be_switched_off),
		site_test(a_zone_that_begins_to_count_volume_says_every_leaf_right),
		site_test(health_counts_what_came_in_and_how),
		site_test(quality_says_what_took_part),
		site_test(topics_are_published_at_most_every_publish_ms),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
