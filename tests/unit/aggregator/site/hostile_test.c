/* What no honest collector sends: nothing may crash, overflow or take for ever. Worth most with
 * SANITIZE=address,undefined. */
#include "tests/unit/aggregator/site_fixture.h"

#include <time.h>

#include "tests/unit/common/seed.h"

#define NOON INT64_C(1358247600000) /* 2013-01-15T11:00Z */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* May be refused. */
__attribute__((format(printf, 3, 4))) static bool try_to(struct fixture *fixture, const char *below,
							 const char *format, ...)
{
	struct fail fail = {0};
	char payload[600];
	va_list arguments;
	bool taken;

	va_start(arguments, format);
	vsnprintf(payload, sizeof(payload), format, arguments);
	va_end(arguments);
	taken = fixture_offer(fixture, &fail, below, payload);
	if (!taken)
		assert_true(fail.text[0]);
	return taken;
}

static bool try_record(struct fixture *fixture, const char *source, long long t, long long seq,
		       const char *index)
{
	char below[80];

	snprintf(below, sizeof(below), "%s/record", source);
	return try_to(fixture, below,
		      "{\"t\":%lld,\"stream\":\"" FIXTURE_STREAM "\",\"seq\":%lld,%s}", t, seq,
		      index);
}

#define PULSES(count) "\"mark\":\"minute\",\"off_peak\":null,\"peak\":null,\"pulses\":" count

static void announce_weight(struct fixture *fixture, const char *weight)
{
	try_to(fixture, "meter/global/about",
	       "{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"global\","
	       "\"label\":\"Global\",\"nominal_w\":1e-300,\"role\":\"main\",%s}",
	       weight);
}

static void all_pulses_that_fit_at_any_weight(void **state)
{
	static const char *const weights[] = {
		"\"wh_per_pulse\":80",	   "\"wh_per_pulse\":1",
		"\"wh_per_pulse\":1e300",  "\"wh_per_pulse\":1e16",
		"\"wh_per_pulse\":1e9",	   "\"wh_per_pulse\":1e-300",
		"\"wh_per_pulse\":0.0004", "\"m3_per_pulse\":1e300,\"kwh_per_m3\":1e300",
		"\"m3_per_pulse\":1e12",   "\"m3_per_pulse\":1e-12,\"kwh_per_m3\":1e12",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
		struct fixture own = {0};

		fixture_open(&own);
		own.now = NOON;
		announce_weight(&own, weights[i]);
		try_record(&own, "meter/global", NOON - 120000, 1, PULSES("0"));
		try_record(&own, "meter/global", NOON - 60000, 2, PULSES("9000000000000000"));
		try_to(&own, "meter/global/live",
		       "{\"t\":%lld,\"pulses\":9000000000000000,\"interval_us\":1e-300}",
		       (long long)NOON);
		fixture_look(&own, NOON);
		fixture_look(&own, NOON + 600000);
		assert_non_null(fixture_text(&own, "health"));
		fixture_close(&own);
	}
	(void)fixture;
}

static void meters_that_swing_between_nothing_and_everything(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = NOON;
	announce_weight(fixture, "\"wh_per_pulse\":1000000");
	fixture_announce_pac(fixture, "a", "a");
	fixture_announce_pac(fixture, "b", "a");
	for (int i = 0; i < 3000; i++) {
		ms_t t = NOON - 86400000 + i * 20000;

		try_record(fixture, "meter/global", t, i + 1,
			   i % 2 ? PULSES("9000000000000000") : PULSES("0"));
		try_record(fixture, "pac/a", t, 2 * i + 1, i % 3 ? "\"wh\":9e12" : "\"wh\":0");
		try_record(fixture, "pac/b", t, 2 * i + 2, i % 3 ? "\"wh\":9e12" : "\"wh\":0");
	}
	fixture_look(fixture, NOON);
	fixture_look(fixture, NOON + 1);
	assert_non_null(fixture_text(fixture, "zone/a/day"));
}

static void weights_that_change_all_the_time(void **state)
{
	struct fixture *fixture = *state;
	char weight[120];

	seed_start(__func__);
	for (int i = 0; i < 300; i++) {
		fixture->now = NOON + seed_below(3600000);
		snprintf(weight, sizeof(weight), "\"wh_per_pulse\":%.17g",
			 seed_fraction() * (double)seed_any_size(INT64_C(1) << 60) + 1e-9);
		announce_weight(fixture, weight);
		snprintf(weight, sizeof(weight), PULSES("%lld"),
			 (long long)seed_any_size(INT64_C(9000000000000000)));
		try_record(fixture, "meter/global", NOON + seed_below(3600000), i + 1, weight);
		if (i % 10 == 0)
			fixture_look(fixture, fixture->now);
	}
}

static void sequence_numbers_of_any_size_in_many_streams(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = NOON;
	fixture_announce_pac(fixture, "a", "a");
	for (int i = 0; i < 200; i++) {
		for (int j = 0; j < 2; j++)
			try_to(fixture, "pac/a/record",
			       "{\"t\":%lld,\"stream\":\"%016d\",\"seq\":%lld,\"wh\":1,"
			       "\"blind_ms\":9000000000000000,\"lost\":9000000000000000}",
			       (long long)NOON, i, j ? (long long)INT64_MAX : 1LL);
		for (int j = 0; j < 20; j++)
			try_to(fixture, "pac/a/record",
			       "{\"t\":%lld,\"stream\":\"%016d\",\"seq\":%d,\"wh\":1,"
			       "\"blind_ms\":9000000000000000,\"lost\":9000000000000000}",
			       (long long)NOON, i, 2 * j + 3);
	}
	fixture_look(fixture, NOON);
	assert_true(fixture_field(fixture, "health", "sequence_gaps")[0] != '-');
	assert_true(fixture_field(fixture, "health", "blind_ms")[0] != '-');
	assert_true(fixture_field(fixture, "health", "edges_lost")[0] != '-');
}

static void records_at_the_ends_of_time(void **state)
{
	struct fixture *fixture = *state;
	double before = seconds();

	fixture->now = NOON;
	fixture_announce_main(fixture);
	fixture_announce_pac(fixture, "a", "a");
	for (int i = 0; i < 2; i++) {
		const char *source = i ? "pac/a" : "meter/global";
		const char *one = i ? "\"wh\":1" : PULSES("1");
		const char *two = i ? "\"wh\":2" : PULSES("2");

		assert_true(try_record(fixture, source, 0, 10 + i, one));
		fixture_look(fixture, NOON);
		assert_true(try_record(fixture, source, NOON + 10 * MS_PER_MINUTE, 20 + i, two));
		assert_false(try_record(fixture, source, NOON + MS_PER_DAY + 1, 30 + i, two));
		assert_false(try_record(fixture, source, -1, 40 + i, two));
		assert_false(try_record(fixture, source, INT64_C(253402300799999), 50 + i, two));
		fixture_look(fixture, NOON);
	}
	/* a period signal and a contact of 1970 */
	fixture_pulses(fixture, 0, "top10", 1, 1, 1);
	fixture_pulses(fixture, NOON, "top10", 1, 1, 1);
	fixture_look(fixture, NOON);
	printf("  %.0f ms\n", 1e3 * (seconds() - before));
}

/* The main meter's books stopped in 1970, but it says that it lives. */
static void a_main_meter_that_lives_in_another_time_does_not_slow_the_others(void **state)
{
	struct fixture *fixture = *state;
	double before;

	fixture->now = NOON;
	fixture_announce_main(fixture);
	fixture_announce_pac(fixture, "a", "a");
	fixture_pulses(fixture, 0, "top10", 1, 0, 0);
	fixture_wh(fixture, "a", 0, 1);
	fixture_wh(fixture, "a", NOON, 2);
	before = seconds();
	for (int i = 0; i < 10; i++) {
		fixture_send(fixture, "meter/global/live",
			     "{\"t\":%lld,\"pulses\":2,\"interval_us\":1000}", (long long)NOON + i);
		fixture_look(fixture, NOON + i);
	}
	printf("  %.1f ms a look\n", 100 * (seconds() - before));
}

static void roles_zones_and_kinds_that_change_all_the_time(void **state)
{
	static const char *const kinds[] = {
		"\"kind\":\"pac3200\"",
		"\"kind\":\"pulse\",\"wh_per_pulse\":80",
		"\"kind\":\"pulse\",\"m3_per_pulse\":0.1,\"kwh_per_m3\":11.2",
		"\"kind\":\"pulse\",\"m3_per_pulse\":0.1",
	};
	static const char *const media[] = {"electricity", "gas", "water"};
	static const char *const indices[] = {
		"\"wh\":", PULSES(""),
		"\"mark\":\"top10\",\"off_peak\":true,\"peak\":true,\"pulses\":"};
	struct fixture *fixture = *state;

	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		char below[80], source[40], payload[200];

		fixture->now = NOON + seed_below(1800000) + i * 100;
		snprintf(source, sizeof(source), "c%d/s%d", (int)seed_below(3), (int)seed_below(4));
		switch (seed_below(6)) {
		case 0:
			snprintf(below, sizeof(below), "%s/about", source);
			if (seed_below(4) == 0)
				try_to(fixture, below, "%s", "");
			else
				try_to(fixture, below,
				       "{%s,\"medium\":\"%s\",\"zone\":\"z%d\",\"role\":\"%s\"}",
				       kinds[seed_below(4)], media[seed_below(3)],
				       (int)seed_below(4), seed_below(2) ? "main" : "part");
			break;
		case 1:
			snprintf(below, sizeof(below), seed_below(2) ? "%s/status" : "%.2s/status",
				 source);
			try_to(fixture, below, "%s", seed_below(2) ? "online" : "offline");
			break;
		case 2:
			snprintf(below, sizeof(below), "%s/live", source);
			try_to(fixture, below,
			       seed_below(2) ? "{\"t\":%lld,\"pulses\":5,\"interval_us\":null}"
					     : "{\"t\":%lld,\"power_w\":1e308,\"wh\":null}",
			       (long long)fixture->now);
			break;
		default:
			snprintf(payload, sizeof(payload), "%s%lld", indices[seed_below(3)],
				 (long long)seed_any_size(INT64_C(9000000000000)));
			try_record(fixture, source, fixture->now - seed_below(7200000), i + 1,
				   payload);
		}
		if (seed_below(50) == 0)
			fixture_look(fixture, fixture->now);
	}
}

static void payloads_and_topics_of_any_bytes(void **state)
{
	static const char *const topics[] = {"c/s/record", "c/s/live", "c/s/about", "c/s/status",
					     "c/status",   "c/about",  "c/ack",	    "c/s/nothing"};
	static const char *const payloads[] = {
		"{\"t\":1358247600000,\"stream\":\"0123456789abcdef\",\"seq\":1,\"wh\":1.5}",
		"{\"t\":1358247600000,\"stream\":\"0123456789abcdef\",\"seq\":1,\"mark\":"
		"\"minute\",\"pulses\":1,\"off_peak\":true,\"peak\":null}",
		"{\"t\":1358247600000,\"power_w\":1,\"wh\":2}",
		"{\"t\":1358247600000,\"pulses\":1,\"interval_us\":2}",
		"{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"z\",\"label\":\"x\","
		"\"nominal_w\":1,\"role\":\"main\",\"wh_per_pulse\":80}",
		"online",
	};
	struct fixture *fixture = *state;
	int refused = 0;
	char expected[20];

	seed_start(__func__);
	fixture->now = NOON;
	for (int i = 0; i < 20000; i++) {
		char topic[60], payload[300];
		struct fail fail = {0};
		size_t size;

		strcpy(topic, topics[seed_below(8)]);
		strcpy(payload, payloads[seed_below(6)]);
		size = strlen(payload);
		if (seed_below(3))
			seed_mangle(payload, size);
		if (seed_below(8) == 0)
			seed_mangle(topic, strlen(topic));
		payload[size] = '\0';
		if (!fixture_offer(fixture, &fail, topic, payload)) {
			refused++;
			assert_true(strlen(fail.text) > 20);
		}
		if (seed_below(100) == 0)
			fixture_look(fixture, NOON);
	}
	fixture_look(fixture, NOON);
	snprintf(expected, sizeof(expected), "%d", refused);
	assert_field(fixture, "health", "rejected", expected);
}

static void more_sources_than_anybody_has(void **state)
{
	struct fixture *fixture = *state;
	double before = seconds();
	int refused = 0;

	fixture->settings.leaves = false;
	fixture->now = NOON;
	for (int i = 0; i < 10100; i++) {
		char below[60], status[60];

		snprintf(below, sizeof(below), "c%d/s%d/about", i / 100, i);
		refused += !try_to(fixture, below,
				   "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":"
				   "\"z%d\",\"role\":\"part\"}",
				   i / 100);
		snprintf(status, sizeof(status), "d%d/status", i);
		refused += !try_to(fixture, status, "online");
	}
	/* 100 sources, and as many collectors as those that have sources leave over */
	assert_int_equal(refused, 100 + 100 + 100);
	for (int i = 0; i < 2; i++)
		fixture_look(fixture, NOON + i);
	printf("  %.0f ms\n", 1e3 * (seconds() - before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(all_pulses_that_fit_at_any_weight),
		site_test(meters_that_swing_between_nothing_and_everything),
		site_test(weights_that_change_all_the_time),
		site_test(sequence_numbers_of_any_size_in_many_streams),
		site_test(records_at_the_ends_of_time),
		site_test(a_main_meter_that_lives_in_another_time_does_not_slow_the_others),
		site_test(roles_zones_and_kinds_that_change_all_the_time),
		site_test(payloads_and_topics_of_any_bytes),
		site_test(more_sources_than_anybody_has),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
