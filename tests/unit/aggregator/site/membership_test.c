/* Which sources make which zones, as seen from outside. */
#include "tests/unit/aggregator/site_fixture.h"

/* Tuesday noon: HPH. */
static ms_t noon(struct fixture *fixture)
{
	return fixture_moment(fixture, "2013-01-15T12:00");
}

static void announce(struct fixture *fixture, const char *source, const char *zone,
		     const char *role)
{
	char below[2 * ID_SIZE + 8];

	snprintf(below, sizeof(below), "%s/about", source);
	fixture_send(fixture, below,
		     "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"%s\","
		     "\"label\":\"%s\",\"nominal_w\":60000,\"role\":\"%s\"}",
		     zone, zone, role);
}

/* 1 kWh a minute. */
static void run(struct fixture *fixture, const char *source, int from, int minutes)
{
	fixture->now = noon(fixture) + (from + minutes) * MS_PER_MINUTE;
	for (int i = from; i <= from + minutes; i++)
		fixture_wh(fixture, source, noon(fixture) + i * MS_PER_MINUTE, 1000.0 * i);
}

static void an_announcement_is_all_that_a_zone_needs(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture);
	fixture_announce_pac(fixture, "self", "self");
	fixture_look(fixture, noon(fixture));
	assert_topic(fixture, "zone/self/status", "stale");
	assert_field(fixture, "zone/self/state", "power_w", "null");
	assert_topic(fixture, "zone/self/power_w", "null");
	assert_field(fixture, "summary", "zones", "1");
	assert_field(fixture, "summary", "online", "0");
	assert_field(fixture, "zone/self/day", "energy_kwh", "0");
}

static void sources_of_the_same_zone_add_up(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = noon(fixture);

	fixture->now = t + MS_PER_MINUTE;
	fixture_announce_pac(fixture, "a", "self");
	fixture_announce_pac(fixture, "b", "self");
	for (int i = 0; i < 2; i++) {
		fixture_wh(fixture, "a", t + i * MS_PER_MINUTE, 5000 + 1000 * i);
		fixture_wh(fixture, "b", t + i * MS_PER_MINUTE, 100 + 250 * i);
	}
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":60000,\"wh\":6000}",
		     (long long)fixture->now);
	fixture_send(fixture, "pac/b/live", "{\"t\":%lld,\"power_w\":15000,\"wh\":350}",
		     (long long)fixture->now);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/self/state", "energy_kwh", "1.25");
	assert_field(fixture, "zone/self/state", "power_w", "75000");
	assert_field(fixture, "zone/self/state", "load_pct", "125");
}

static void rest_is_main_minus_the_parts_and_never_part_of_the_count(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = noon(fixture);

	fixture->now = t + MS_PER_MINUTE;
	announce(fixture, "pac/m", "global", "main");
	fixture_announce_pac(fixture, "a", "self");
	fixture_announce_pac(fixture, "b", "nord");
	for (int i = 0; i < 2; i++) {
		fixture_wh(fixture, "m", t + i * MS_PER_MINUTE, 10000 * i);
		fixture_wh(fixture, "a", t + i * MS_PER_MINUTE, 2500 * i);
		fixture_wh(fixture, "b", t + i * MS_PER_MINUTE, 500 * i);
	}
	fixture_send(fixture, "pac/m/live", "{\"t\":%lld,\"power_w\":600000,\"wh\":null}",
		     (long long)fixture->now);
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":150000,\"wh\":null}",
		     (long long)fixture->now);
	fixture_send(fixture, "pac/b/live", "{\"t\":%lld,\"power_w\":30000,\"wh\":null}",
		     (long long)fixture->now);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/rest/state", "energy_kwh", "7");
	assert_field(fixture, "zone/rest/state", "power_w", "420000");
	assert_field(fixture, "zone/rest/state", "label", "\"Reste\"");
	assert_field(fixture, "summary", "rest_w", "420000");
	assert_field(fixture, "summary", "power_w", "600000");
	assert_field(fixture, "summary", "zones", "3");
	assert_field(fixture, "summary", "online", "3");
}

static void gas_is_no_part_of_an_electric_main(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture);
	fixture_announce_main(fixture);
	fixture_send(fixture, "meter/gaz/about",
		     "{\"kind\":\"pulse\",\"medium\":\"gas\",\"zone\":\"gaz\",\"nominal_w\":null,"
		     "\"role\":\"part\",\"m3_per_pulse\":0.1,\"kwh_per_m3\":11.2}");
	fixture_look(fixture, fixture->now);
	assert_null(fixture_text(fixture, "zone/rest/state"));
}

static void a_withdrawn_source_leaves_its_energy_with_its_zone(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "self");
	run(fixture, "a", 0, 10);
	fixture_send(fixture, "pac/a/about", "%s", "");
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/self/status", "offline");
	assert_field(fixture, "zone/self/state", "energy_kwh", "10");
	assert_field(fixture, "zone/self/state", "quality", "\"stale\"");
}

static void a_zone_that_never_used_anything_disappears_with_its_source(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture);
	fixture_announce_pac(fixture, "a", "self");
	fixture_look(fixture, fixture->now);
	assert_non_null(fixture_text(fixture, "zone/self/state"));
	fixture_send(fixture, "pac/a/about", "%s", "");
	fixture_look(fixture, fixture->now);
	for (size_t i = 0; i < fixture->count; i++)
		if (strncmp(fixture->topics[i].name, "zone/", 5) == 0)
			assert_string_equal(fixture->topics[i].text, "");
	assert_field(fixture, "summary", "zones", "0");
}

static void a_source_announced_again_after_a_while_loses_no_energy(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "self");
	run(fixture, "a", 0, 10);
	fixture_send(fixture, "pac/a/about", "%s", "");
	fixture_look(fixture, fixture->now);
	run(fixture, "a", 11, 9);
	fixture_announce_pac(fixture, "a", "self");
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/self/state", "energy_kwh", "20");
	assert_topic(fixture, "zone/self/status", "online");
}

static void a_source_that_moves_counts_where_it_was_then(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "one");
	run(fixture, "a", 0, 10);
	fixture_announce_pac(fixture, "a", "two");
	run(fixture, "a", 11, 9);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/one/state", "energy_kwh", "10");
	assert_field(fixture, "zone/two/state", "energy_kwh", "10");
	assert_topic(fixture, "zone/one/status", "offline");
	assert_topic(fixture, "zone/two/status", "online");
}

static void a_source_that_moves_away_and_back_is_not_counted_twice(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "one");
	run(fixture, "a", 0, 10);
	fixture_announce_pac(fixture, "a", "two");
	run(fixture, "a", 11, 9);
	fixture_announce_pac(fixture, "a", "one");
	run(fixture, "a", 21, 9);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/one/state", "energy_kwh", "20");
	assert_field(fixture, "zone/two/state", "energy_kwh", "10");
	/* and again, by way of a withdrawal */
	fixture_send(fixture, "pac/a/about", "%s", "");
	fixture_announce_pac(fixture, "a", "two");
	run(fixture, "a", 31, 9);
	fixture_send(fixture, "pac/a/about", "%s", "");
	fixture_announce_pac(fixture, "a", "one");
	run(fixture, "a", 41, 9);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/one/state", "energy_kwh", "30");
	assert_field(fixture, "zone/two/state", "energy_kwh", "20");
}

static void a_move_dated_by_a_clock_that_was_set_back_counts_nothing_twice(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "one");
	run(fixture, "a", 0, 30);
	fixture->now = noon(fixture) + 20 * MS_PER_MINUTE;
	fixture_announce_pac(fixture, "a", "two");
	fixture->now = noon(fixture) + 10 * MS_PER_MINUTE;
	fixture_announce_pac(fixture, "a", "three");
	fixture->now = noon(fixture) + 5 * MS_PER_MINUTE;
	fixture_announce_pac(fixture, "a", "one");
	fixture_look(fixture, noon(fixture) + 30 * MS_PER_MINUTE);
	assert_field(fixture, "zone/one/state", "energy_kwh", "30");
	assert_field(fixture, "zone/two/state", "energy_kwh", "0");
	assert_field(fixture, "zone/three/state", "energy_kwh", "0");
}

static void late_records_of_a_source_that_moved_before_any_came_are_not_lost(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "wrong");
	fixture_announce_pac(fixture, "a", "right");
	run(fixture, "a", 0, 10);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/right/state", "energy_kwh", "10");
	assert_null(fixture_text(fixture, "zone/wrong/state"));
}

static void the_main_zone_can_be_renamed_by_its_only_source(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture);
	announce(fixture, "pac/m", "global", "main");
	announce(fixture, "pac/m", "site", "main");
	fixture_announce_pac(fixture, "a", "self");
	fixture_look(fixture, fixture->now);
	assert_null(fixture_text(fixture, "zone/global/state"));
	assert_non_null(fixture_text(fixture, "zone/site/state"));
	assert_non_null(fixture_text(fixture, "zone/rest/state"));
}

static void a_second_main_zone_is_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture);
	announce(fixture, "pac/m", "global", "main");
	assert_refused(fixture, "pac/n/about",
		       "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"other\","
		       "\"label\":\"x\",\"nominal_w\":1,\"role\":\"main\"}",
		       "zone global is the main zone already");
	assert_refused(fixture, "pac/n/about",
		       "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"rest\","
		       "\"label\":\"x\",\"nominal_w\":1,\"role\":\"part\"}",
		       "reserved for main minus the parts");
	assert_refused(fixture, "pac/n/about",
		       "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"global\","
		       "\"label\":\"x\",\"nominal_w\":1,\"role\":\"part\"}",
		       "role: expected that of pac/m");
	assert_refused(fixture, "pac/n/about",
		       "{\"kind\":\"pac3200\",\"medium\":\"heat\",\"zone\":\"global\","
		       "\"label\":\"x\",\"nominal_w\":1,\"role\":\"main\"}",
		       "medium: expected \"electricity\"");
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "rejected", "4");
	assert_field(fixture, "summary", "zones", "1");
}

static void records_that_came_before_their_announcement_count(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + 600000;
	for (int i = 0; i <= 10; i++)
		fixture_pulses(fixture, t + i * MS_PER_MINUTE, i % 10 ? "minute" : "top10", i * 60,
			       0, 1);
	fixture_look(fixture, fixture->now);
	fixture_announce_main(fixture);
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/global/mean10",
		     "{\"start\":\"2013-01-15T08:00:00+01:00\","
		     "\"end\":\"2013-01-15T08:10:00+01:00\",\"power_w\":288000,"
		     "\"energy_kwh\":48,\"band\":\"P\",\"cost\":8.71338624,"
		     "\"quality\":\"measured\",\"sync\":\"top\"}");
	assert_field(fixture, "tariff/state", "by", "\"contacts\"");
}

static void a_source_cannot_change_what_it_counts(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = noon(fixture) + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "self");
	run(fixture, "a", 0, 1);
	assert_refused(fixture, "pac/a/about",
		       "{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"self\","
		       "\"label\":\"x\",\"nominal_w\":1,\"role\":\"part\",\"wh_per_pulse\":1}",
		       "kind: found \"pulse\"");
	assert_refused(fixture, "pac/a/record",
		       "{\"t\":1,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":9,\"mark\":\"start\","
		       "\"pulses\":1,\"off_peak\":null,\"peak\":null}",
		       "this source counts wh");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(an_announcement_is_all_that_a_zone_needs),
		site_test(sources_of_the_same_zone_add_up),
		site_test(rest_is_main_minus_the_parts_and_never_part_of_the_count),
		site_test(gas_is_no_part_of_an_electric_main),
		site_test(a_withdrawn_source_leaves_its_energy_with_its_zone),
		site_test(a_zone_that_never_used_anything_disappears_with_its_source),
		site_test(a_source_announced_again_after_a_while_loses_no_energy),
		site_test(a_source_that_moves_counts_where_it_was_then),
		site_test(a_source_that_moves_away_and_back_is_not_counted_twice),
		site_test(a_move_dated_by_a_clock_that_was_set_back_counts_nothing_twice),
		site_test(late_records_of_a_source_that_moved_before_any_came_are_not_lost),
		site_test(the_main_zone_can_be_renamed_by_its_only_source),
		site_test(a_second_main_zone_is_refused),
		site_test(records_that_came_before_their_announcement_count),
		site_test(a_source_cannot_change_what_it_counts),
	};

	return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
