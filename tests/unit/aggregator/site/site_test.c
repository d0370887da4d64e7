/* What the site counts of the messages themselves. */
#include "tests/unit/aggregator/site_fixture.h"

static void record(struct fixture *fixture, int stream, int seq)
{
	fixture_send(fixture, "pac/self/record",
		     "{\"t\":%lld,\"stream\":\"%016x\",\"seq\":%d,\"wh\":1}",
		     (long long)fixture->now, (unsigned)stream, seq);
}

static void a_collector_that_started_anew_many_times_is_still_watched_for_gaps(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = fixture_moment(fixture, "2013-01-15");
	for (int stream = 1; stream <= 70; stream++) {
		record(fixture, stream, 1);
		record(fixture, stream, 4);
	}
	record(fixture, 70, 4);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "health", "sequence_gaps", "140");
	assert_field(fixture, "health", "duplicate", "1");
}

static void announce_main(struct fixture *fixture, const char *below, const char *zone,
			  bool admitted)
{
	struct fail fail = {0};
	char payload[200];

	snprintf(payload, sizeof(payload),
		 "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"%s\",\"role\":"
		 "\"main\"}",
		 zone);
	assert_int_equal(fixture_offer(fixture, &fail, below, payload), admitted);
}

static void a_second_main_meter_takes_over_when_the_first_is_withdrawn(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = fixture_moment(fixture, "2013-01-15");
	announce_main(fixture, "old/meter/about", "old", true);
	announce_main(fixture, "new/meter/about", "new", false);
	fixture_look(fixture, fixture->now);
	assert_null(fixture_text(fixture, "zone/new/state"));
	fixture_send(fixture, "old/meter/about", "%s", "");
	fixture_look(fixture, fixture->now);
	assert_topic(fixture, "zone/new/status", "stale");
	assert_non_null(fixture_text(fixture, "demand/state"));
}

static void without_a_main_zone_there_is_no_demand(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = fixture_moment(fixture, "2013-01-15");
	announce_main(fixture, "old/meter/about", "old", true);
	fixture_look(fixture, fixture->now);
	assert_non_null(fixture_text(fixture, "demand/state"));
	fixture_send(fixture, "old/meter/about", "%s", "");
	fixture_look(fixture, fixture->now);
	assert_null(fixture_text(fixture, "demand/state"));
}

static void water_has_a_volume_and_no_energy(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + 20 * MS_PER_MINUTE;
	fixture_send(fixture, "cave/eau/about",
		     "{\"kind\":\"pulse\",\"medium\":\"water\",\"zone\":\"eau\",\"role\":\"part\","
		     "\"m3_per_pulse\":0.001}");
	for (int i = 0; i <= 20; i++)
		fixture_send(fixture, "cave/eau/record",
			     "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM
			     "\",\"seq\":%d,\"mark\":\"minute\",\"pulses\":%d}",
			     (long long)(t + i * MS_PER_MINUTE), i + 1, 10 * i);
	fixture_look(fixture, t + 20 * MS_PER_MINUTE);
	assert_field(fixture, "zone/eau/state", "volume_m3", "0.2");
	assert_field(fixture, "zone/eau/state", "energy_kwh", "null");
	assert_field(fixture, "zone/eau/state", "power_10m_w", "null");
	assert_field(fixture, "zone/eau/mean10", "energy_kwh", "null");
	assert_field(fixture, "zone/eau/day", "energy_kwh", "null");
}

/* 192 kW in all, 96 kW of it in one part; the main meter's records come every minute, the part's
 * every 10 s: in between the rest is 96 kW all the same. */
static void the_rest_takes_off_what_its_parts_used_since_the_main_meters_record(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + 54000;
	fixture_announce_main(fixture);
	fixture_announce_pac(fixture, "a", "a");
	fixture_pulses(fixture, t - MS_PER_MINUTE, "minute", 1000, 0, 1);
	fixture_pulses(fixture, t, "top10", 1040, 0, 1);
	for (int i = -6; i <= 5; i++)
		fixture_wh(fixture, "a", t + i * 10000, 100000 + (double)i * 96000 / 360);
	fixture_send(fixture, "meter/global/live",
		     "{\"t\":%lld,\"pulses\":1076,\"interval_us\":1500000}", (long long)t + 54000);
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":96000,\"wh\":101440}",
		     (long long)t + 54000);
	fixture_look(fixture, t + 54000);
	assert_field(fixture, "zone/global/state", "energy_day_kwh", "6.08");
	assert_field(fixture, "zone/rest/state", "energy_day_kwh", "3.04");
}

static void retained(struct fixture *fixture, const char *below, const char *payload)
{
	struct fail fail = {0};
	char topic[TOPIC_SIZE];

	snprintf(topic, sizeof(topic), FIXTURE_TOPICS "collector/%s", below);
	if (!site_retained_message(fixture->site, topic, payload, strlen(payload), fixture->now,
				   &fail))
		fail_msg("%s", fail.text);
}

static void a_live_reading_that_was_retained_is_no_news(void **state)
{
	struct fixture *fixture = *state;
	char payload[200];

	fixture->now = fixture_moment(fixture, "2013-01-15T08:00");
	fixture_announce_pac(fixture, "a", "a");
	fixture_wh(fixture, "a", fixture->now - 10000, 1000);
	snprintf(payload, sizeof(payload), "{\"t\":%lld,\"power_w\":96000,\"wh\":1500}",
		 (long long)fixture->now - 500);
	retained(fixture, "pac/a/live", payload);
	retained(fixture, "pac/a/live", "");
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "power_w", "null");
	assert_field(fixture, "zone/a/state", "energy_day_kwh", "0");
	assert_field(fixture, "health", "retained_live", "1");
	assert_field(fixture, "health", "rejected", "0");
	fixture_send(fixture, "pac/a/live", "%s", payload);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "power_w", "96000");
}

/* It carries its time. */
static void a_record_that_was_retained_is_a_record(void **state)
{
	struct fixture *fixture = *state;
	char payload[200];

	fixture->now = fixture_moment(fixture, "2013-01-15T08:00");
	fixture_announce_pac(fixture, "a", "a");
	fixture_wh(fixture, "a", fixture->now - 10000, 1000);
	snprintf(payload, sizeof(payload),
		 "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":9,\"wh\":1500}",
		 (long long)fixture->now);
	retained(fixture, "pac/a/record", payload);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "0.5");
	assert_field(fixture, "health", "retained_live", "0");
}

static void energy_that_was_published_stays_until_the_books_pass_it(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "a");
	fixture_wh(fixture, "a", t, 50000);
	fixture_wh(fixture, "a", t + 60000, 60000);
	fixture_wh(fixture, "a", t + 600000, 200000);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "150");
	/* 50 kWh was a glitch, then. */
	fixture_wh(fixture, "a", t - 60000, 55000);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "150");
	assert_field(fixture, "zone/a/state", "energy_day_kwh", "145");
	assert_field(fixture, "zone/a/day", "energy_kwh", "145");
	fixture_wh(fixture, "a", t + 660000, 204000);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "150");
	fixture_wh(fixture, "a", t + 720000, 206000);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "151");
}

static void after_a_command_the_energy_of_the_books_is_published(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");
	struct swap swap = {.t = t + 90000, .final = 60000000, .initial = 199000000};
	struct fail fail = {0};

	fixture->now = t + MS_PER_HOUR;
	fixture_announce_pac(fixture, "a", "a");
	fixture_wh(fixture, "a", t, 50000);
	fixture_wh(fixture, "a", t + 60000, 60000);
	fixture_wh(fixture, "a", t + 600000, 200000);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "150");
	swap.final = INT64_C(6000000000000);
	assert_false(site_swap(fixture->site, "pac", "a", &swap, fixture->now, &fail));
	assert_non_null(
		strstr(fail.text, "above what the source can have reached since 60000.000"));
	swap.final = 60000000;
	assert_true(site_swap(fixture->site, "pac", "a", &swap, fixture->now, &fail));
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_kwh", "11");
}

/* The meter's index was 0 when it was recorded last: the reading shows what it used before. */
static void a_reading_that_is_wrong_or_follows_a_wrong_record_is_no_energy(void **state)
{
	struct fixture *fixture = *state;
	ms_t t = fixture_moment(fixture, "2013-01-15T08:00");

	fixture->now = t + 20000;
	fixture_announce_pac(fixture, "a", "a");
	fixture_wh(fixture, "a", t, 100000);
	fixture_wh(fixture, "a", t + 10000, 100100);
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":1,\"wh\":5e9}",
		     (long long)t + 10500);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_day_kwh", "0.1");
	fixture_wh(fixture, "a", t + 20000, 0);
	fixture_send(fixture, "pac/a/live", "{\"t\":%lld,\"power_w\":1,\"wh\":100200}",
		     (long long)t + 20500);
	fixture_look(fixture, fixture->now);
	assert_field(fixture, "zone/a/state", "energy_day_kwh", "0.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(a_collector_that_started_anew_many_times_is_still_watched_for_gaps),
		site_test(a_second_main_meter_takes_over_when_the_first_is_withdrawn),
		site_test(without_a_main_zone_there_is_no_demand),
		site_test(water_has_a_volume_and_no_energy),
		site_test(the_rest_takes_off_what_its_parts_used_since_the_main_meters_record),
		site_test(a_live_reading_that_was_retained_is_no_news),
		site_test(a_record_that_was_retained_is_a_record),
		site_test(energy_that_was_published_stays_until_the_books_pass_it),
		site_test(after_a_command_the_energy_of_the_books_is_published),
		site_test(a_reading_that_is_wrong_or_follows_a_wrong_record_is_no_energy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
