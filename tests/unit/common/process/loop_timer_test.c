/* Timers of the loop on a simulated clock: sd-event gets the deadlines of this file, not those of
 * the loop, so that how fast the machine is does not matter. */
#include <dlfcn.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/process/loop.h"

/* -------- the simulated clock -------- */

#define START INT64_C(1000)

static struct {
	sd_event_source *source;
	ms_t deadline;
} timers[4];
static size_t timer_count;

static ms_t now;
static ms_t late; /* how late the loop calls a timer */
static bool running;

static size_t earliest(void)
{
	size_t found = 0;

	for (size_t i = 1; i < timer_count; i++)
		if (timers[i].deadline < timers[found].deadline)
			found = i;
	return found;
}

/* The loop reads it when a timer is due, which is always the earliest one. */
ms_t clock_monotonic(void)
{
	if (running && now < timers[earliest()].deadline + late)
		now = timers[earliest()].deadline + late;
	return now;
}

/* Instead of libsystemd's: lets the earliest timer expire at once, and no other one. */
int sd_event_source_set_time(sd_event_source *source, uint64_t time_us)
{
	static int (*set_time)(sd_event_source *, uint64_t);
	size_t i = 0;

	if (!set_time)
		set_time = (int (*)(sd_event_source *, uint64_t))dlsym(RTLD_NEXT, __func__);
	while (i < timer_count && timers[i].source != source)
		i++;
	if (i == timer_count)
		timers[timer_count++].source = source;
	timers[i].deadline = (ms_t)(time_us / 1000);
	for (i = 0; i < timer_count; i++)
		set_time(timers[i].source, i == earliest() ? 0 : UINT64_MAX);
	return 0;
}

static struct loop *loop_under_test;

static int set_up(void **state)
{
	(void)state;
	timer_count = 0;
	now = START;
	late = 0;
	running = false;
	loop_under_test = loop_open();
	return loop_under_test ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_close(loop_under_test);
	return 0;
}

static void run(void)
{
	running = true;
	assert_int_equal(loop_run(loop_under_test), EXIT_DONE);
}

/* -------- the tests -------- */

static int calls, until;

/* The next deadline is set before the callback, however long that takes. */
static void deadline_is_the_next(void *context)
{
	const ms_t *period = context;

	calls++;
	assert_int_equal(timers[0].deadline, START + (calls + 1) * *period);
	if (calls == until)
		loop_stop(loop_under_test, EXIT_DONE);
}

static void timers_do_not_drift(void **state)
{
	ms_t period = 20;

	(void)state;
	calls = 0;
	until = 1000;
	late = 19;
	loop_every(loop_under_test, period, deadline_is_the_next, &period);
	assert_int_equal(timers[0].deadline, START + period);
	run();
	assert_int_equal(calls, until);
}

static void deadline_is_the_first_one_ahead(void *context)
{
	const ms_t *expected = context;

	assert_int_equal(timers[0].deadline, START + expected[calls]);
	if (++calls == until)
		loop_stop(loop_under_test, EXIT_DONE);
}

static void deadlines_missed_are_not_repeated(void **state)
{
	/* Each call is 50 ms late: that of 20 at 70, that of 80 at 130, ... */
	static ms_t expected[] = {80, 140, 200, 260, 320};

	(void)state;
	calls = 0;
	until = 5;
	late = 50;
	loop_every(loop_under_test, 20, deadline_is_the_first_one_ahead, expected);
	run();
	assert_int_equal(calls, 5);
}

static int fast, slow;

static void count_fast(void *context)
{
	(void)context;
	fast++;
}

static void count_slow(void *context)
{
	(void)context;
	if (++slow == 5)
		loop_stop(loop_under_test, EXIT_DONE);
}

static void each_timer_has_its_own_period(void **state)
{
	(void)state;
	fast = slow = 0;
	loop_every(loop_under_test, 50, count_slow, NULL);
	loop_every(loop_under_test, 5, count_fast, NULL);
	run();
	/* Both are due at 250: in either order. */
	assert_in_range(fast, 49, 50);
	assert_int_equal(now, START + 250);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(timers_do_not_drift),
		test(deadlines_missed_are_not_repeated),
		test(each_timer_has_its_own_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
