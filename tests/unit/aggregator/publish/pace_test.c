/* How fast a site of a thousand zones is. Prints; what it asserts is that everything arrived. */
#include "tests/unit/aggregator/site_fixture.h"

#include <time.h>

#define ZONES  1000
#define ROUNDS 20

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static long published;

static void count_only(void *context, const char *topic, const char *payload, int qos, bool each)
{
	(void)context;
	(void)topic;
	(void)payload;
	(void)qos;
	(void)each;
	published++;
}

static void send_round(struct fixture *fixture, ms_t t, int round)
{
	for (int i = 0; i < ZONES; i++) {
		char source[20], below[60];

		snprintf(source, sizeof(source), "s%d", i);
		snprintf(below, sizeof(below), "pac/s%d/live", i);
		fixture_wh(fixture, source, t, 1000.25 * round + i);
		fixture_send(fixture, below, "{\"t\":%lld,\"power_w\":%d,\"wh\":%d.5}",
			     (long long)t + 1, round * 10 + i, 1001 * round + i);
	}
}

static double look(struct fixture *fixture, ms_t now)
{
	double before = seconds();

	fixture->monotonic += 500;
	fixture->now = now;
	fixture_turn(fixture, false);
	return 1e3 * (seconds() - before);
}

static void a_thousand_zones(void **state)
{
	struct fixture fixture = {0};
	ms_t t, pulses = 0;
	double dirty = 0, worst = 0, quiet = 0, books = 0, facts = 0;

	(void)state;
	fixture_open(&fixture);
	fixture.publisher = (struct publisher){NULL, count_only};
	t = fixture_moment(&fixture, "2013-01-15T08:00");
	fixture.now = t;
	fixture_announce_main(&fixture);
	for (int i = 0; i < ZONES; i++) {
		char name[20];

		snprintf(name, sizeof(name), "s%d", i);
		fixture_announce_pac(&fixture, name, name);
	}
	for (int round = 0; round < 200; round++) { /* history: 33 minutes */
		if (round % 6 == 0)
			fixture_pulses(&fixture, t, round % 60 ? "minute" : "top10", pulses += 60,
				       0, 1);
		send_round(&fixture, t, round);
		fixture.now = t += 10000;
	}
	printf("  first look at everything: %.1f ms\n", look(&fixture, t));
	published = 0;
	for (int round = 0; round < ROUNDS; round++) {
		double before = seconds(), took;

		send_round(&fixture, t, 200 + round);
		facts += seconds() - before;
		took = look(&fixture, t + 2);
		dirty += took;
		worst = took > worst ? took : worst;
		quiet += look(&fixture, t + 2);
		fixture.monotonic += 10000;
		books += look(&fixture, t + 2);
		fixture.now = t += 10000;
	}
	printf("  %d zones: a look with all changed %.1f ms (worst %.1f), with none %.1f ms, "
	       "with none but every 5 s %.1f ms\n",
	       ZONES, dirty / ROUNDS, worst, quiet / ROUNDS, books / ROUNDS);
	printf("  %.0f facts a second, %ld messages a look\n", 2 * ZONES * ROUNDS / facts,
	       published / ROUNDS);
	assert_int_equal(fixture.site->zones.count, ZONES + 1);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_zones),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
