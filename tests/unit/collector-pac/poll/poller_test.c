#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "collector-pac/poll/poller.h"
#include "collector-pac/profiles/profiles.h"
#include "common/process/clock.h"
#include "tests/sim/pac_model.h"

#define METERS	  10
#define WH	  812345678.25
#define PERIOD_MS 500

struct fixture {
	struct profile profile;
	struct pac_load *loads[METERS];
	struct pac_model *models[METERS];
	struct poller_meter meters[METERS];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct fail fail = {0};

	if (!profiles_load(&fixture->profile, "pac3200", &fail))
		fail_msg("%s", fail.text);
	for (int i = 0; i < METERS; i++) {
		fixture->loads[i] = pac_load_open(0, WH + i);
		fixture->models[i] = pac_model_open(0, pac_load_read, fixture->loads[i], &fail);
		if (fixture->models[i] == NULL)
			fail_msg("%s", fail.text);
		fixture->meters[i] = (struct poller_meter){
			.peer = {.host = "127.0.0.1",
				 .port = pac_model_port(fixture->models[i]),
				 .unit = 1,
				 .timeout_ms = 1000},
			.profile = &fixture->profile,
		};
	}
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < METERS; i++) {
		pac_model_close(fixture->models[i]);
		pac_load_close(fixture->loads[i]);
	}
	config_free(profile_keys, &fixture->profile);
	free(fixture);
	return 0;
}

/* The results taken of a meter. */
struct tally {
	int taken, answered;
	struct poll_result last;
};

static void take(struct poller *poller, struct tally *tallies)
{
	struct pollfd ready = {.fd = poller_fd(poller), .events = POLLIN};
	struct poll_result polls[4];
	size_t count;

	assert_int_equal(poll(&ready, 1, 10000), 1);
	count = poller_take(poller, polls, 4);
	for (size_t i = 0; i < count; i++) {
		struct tally *tally = &tallies[polls[i].meter];

		tally->taken++;
		tally->answered += polls[i].measurement.answered;
		tally->last = polls[i];
		assert_int_equal(polls[i].polls, tally->taken);
		assert_int_equal(polls[i].failed, tally->taken - tally->answered);
	}
}

static void a_reading_is_dated_when_the_index_was_read(void **state)
{
	struct fixture *fixture = *state;
	struct tally tallies[METERS] = {0};
	ms_t before = clock_boot(), after;
	struct poller *poller = poller_open(fixture->meters, 1, PERIOD_MS, NULL);
	ms_t t;

	assert_non_null(poller);
	take(poller, tallies);
	after = clock_boot();
	t = tallies[0].last.measurement.t;
	assert_true(t >= before && t <= after);
	poller_close(poller);
}

static void power_that_is_no_number_leaves_the_index_known(void **state)
{
	struct fixture *fixture = *state;
	struct tally tallies[METERS] = {0};
	struct poller *poller;

	pac_model_fault(fixture->models[0], PAC_NAN, 0);
	poller = poller_open(fixture->meters, 1, PERIOD_MS, NULL);
	assert_non_null(poller);
	take(poller, tallies);
	assert_true(tallies[0].last.measurement.answered);
	assert_true(isnan(tallies[0].last.measurement.power_w));
	assert_true(tallies[0].last.measurement.wh == WH);
	poller_close(poller);
}

static void a_meter_that_comes_back_is_found_again(void **state)
{
	struct fixture *fixture = *state;
	struct tally tallies[METERS] = {0};
	struct poller *poller;

	pac_model_fault(fixture->models[0], PAC_REFUSING, 0);
	poller = poller_open(fixture->meters, 1, 50, NULL);
	assert_non_null(poller);
	while (tallies[0].taken < 3)
		take(poller, tallies);
	assert_int_equal(tallies[0].answered, 0);
	pac_model_fault(fixture->models[0], PAC_HEALTHY, 0);
	while (tallies[0].answered < 3)
		take(poller, tallies);
	poller_close(poller);
}

/* Two sources of one device. */
static void meters_of_one_address_take_turns_and_their_period_stretches(void **state)
{
	struct fixture *fixture = *state;
	struct tally tallies[METERS] = {0};
	struct poller *poller;

	pac_model_fault(fixture->models[0], PAC_SLOW, 100);
	fixture->meters[1].peer.port = fixture->meters[0].peer.port;
	poller = poller_open(fixture->meters, 2, 100, NULL);
	assert_non_null(poller);
	while (tallies[0].taken < 4 || tallies[1].taken < 4)
		take(poller, tallies);
	poller_close(poller);
	for (int i = 0; i < 2; i++) {
		assert_in_range(tallies[i].taken, 4, 5);
		assert_int_equal(tallies[i].answered, tallies[i].taken);
		assert_int_equal(tallies[i].last.missed, 0);
		/* Two requests each, of 100 ms each. */
		assert_true(tallies[i].last.period_ms >= 400);
	}
}

static void each_meter_has_its_own_period(void **state)
{
	struct fixture *fixture = *state;
	struct tally tallies[METERS] = {0};
	struct poller *poller;

	fixture->meters[1].period_ms = 50;
	poller = poller_open(fixture->meters, 2, PERIOD_MS, NULL);
	assert_non_null(poller);
	while (tallies[0].taken < 2)
		take(poller, tallies);
	poller_close(poller);
	assert_true(tallies[1].taken > 2 * tallies[0].taken);
	assert_int_equal(tallies[0].last.period_ms, PERIOD_MS);
	assert_true(tallies[1].last.period_ms < PERIOD_MS);
}

static void a_queue_that_nobody_empties_keeps_the_newest(void **state)
{
	struct fixture *fixture = *state;
	struct tally tallies[METERS] = {0};
	struct poller *poller = poller_open(fixture->meters, 1, 50, NULL);
	struct pollfd none = {.fd = -1};
	struct poll_result polls[100];
	size_t count;

	(void)tallies;
	assert_non_null(poller);
	while (poller_lost(poller) < 3)
		poll(&none, 1, 10);
	count = poller_take(poller, polls, 100);
	assert_true(count > 0 && count < 100);
	assert_true(polls[0].polls > 3);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(polls[i].polls, polls[i - 1].polls + 1);
	poller_close(poller);
}

static void too_few_descriptors_are_refused_with_a_way_out(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, low;
	struct fail fail = {0};

	/* The poller raises the soft limit. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	poller_close(poller_open(fixture->meters, METERS, PERIOD_MS, &fail));
	assert_string_equal(fail.text, "");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 74);

	/* The last of all tests: a hard limit cannot be raised again. */
	low.rlim_cur = low.rlim_max = 70;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_null(poller_open(fixture->meters, METERS, PERIOD_MS, &fail));
	assert_non_null(strstr(fail.text, "10 meters need 74 open files, the limit is 70"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_reading_is_dated_when_the_index_was_read),
		TEST(power_that_is_no_number_leaves_the_index_known),
		TEST(a_meter_that_comes_back_is_found_again),
		TEST(meters_of_one_address_take_turns_and_their_period_stretches),
		TEST(each_meter_has_its_own_period),
		TEST(a_queue_that_nobody_empties_keeps_the_newest),
		TEST(too_few_descriptors_are_refused_with_a_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
