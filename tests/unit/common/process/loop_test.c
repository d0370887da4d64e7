#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/process/loop.h"

static struct loop *loop_under_test;

static int set_up(void **state)
{
	(void)state;
	loop_under_test = loop_open();
	return loop_under_test ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_close(loop_under_test);
	return 0;
}

static void stop(void *context)
{
	(void)context;
	loop_stop(loop_under_test, EXIT_DONE);
}

/* -------- timers (loop_timer_test.c has more) -------- */

static struct loop_timer *timer, *last;
static int calls;
static ms_t set_at;

static void call_once(void *context)
{
	(void)context;
	assert_true(clock_monotonic() - set_at >= 20);
	calls++;
	loop_timer_set(last, 50);
}

static void a_timer_is_called_once_at_the_time_set_last(void **state)
{
	(void)state;
	calls = 0;
	timer = loop_timer_open(loop_under_test, call_once, NULL);
	last = loop_timer_open(loop_under_test, stop, NULL);
	set_at = clock_monotonic();
	loop_timer_set(timer, 1);
	loop_timer_set(timer, 20);
	loop_run(loop_under_test);
	assert_int_equal(calls, 1);
}

static void call_never(void *context)
{
	(void)context;
	fail();
}

static void close_both(void *context)
{
	(void)context;
	loop_timer_close(timer);
	loop_timer_close(last);
	loop_every(loop_under_test, 20, stop, NULL);
}

static void a_timer_may_be_closed_in_a_callback(void **state)
{
	(void)state;
	timer = loop_timer_open(loop_under_test, call_never, NULL);
	last = loop_timer_open(loop_under_test, close_both, NULL);
	loop_timer_set(timer, 60000);
	loop_timer_set(last, 0);
	loop_timer_close(NULL);
	loop_run(loop_under_test);
}

/* -------- descriptors -------- */

struct tube {
	int in, out;
	int calls;
	struct tube *other; /* to unwatch when called */
	bool begins;	    /* watch `other` instead */
};

static void tube_open(struct tube *tube)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*tube = (struct tube){.in = ends[0], .out = ends[1]};
}

static void tube_close(struct tube *tube)
{
	close(tube->in);
	close(tube->out);
}

static void tube_ready(void *context, short events)
{
	struct tube *tube = context;
	char byte;

	assert_true(events & POLLIN);
	assert_int_equal(read(tube->in, &byte, 1), 1);
	tube->calls++;
	if (tube->other && tube->begins)
		loop_watch(loop_under_test, tube->other->in, POLLIN, tube_ready, tube->other);
	else if (tube->other)
		loop_unwatch(loop_under_test, tube->other->in);
}

static void tube_watch(struct tube *tube)
{
	loop_watch(loop_under_test, tube->in, POLLIN, tube_ready, tube);
}

static void tube_fill(struct tube *tube)
{
	assert_int_equal(write(tube->out, "x", 1), 1);
}

static void a_descriptor_is_called_when_it_is_readable(void **state)
{
	struct tube first, second;

	(void)state;
	tube_open(&first);
	tube_open(&second);
	tube_watch(&first);
	tube_watch(&second);
	tube_fill(&second);
	tube_fill(&second);
	loop_every(loop_under_test, 30, stop, NULL);
	loop_run(loop_under_test);
	assert_int_equal(first.calls, 0);
	assert_int_equal(second.calls, 2);
	tube_close(&first);
	tube_close(&second);
}

static void what_was_unwatched_is_not_called_even_if_it_was_seen(void **state)
{
	struct tube first, second;

	(void)state;
	tube_open(&first);
	tube_open(&second);
	first.other = &second;
	second.other = &first;
	tube_watch(&first);
	tube_watch(&second);
	tube_fill(&first);
	tube_fill(&second);
	loop_every(loop_under_test, 30, stop, NULL);
	loop_run(loop_under_test);
	assert_int_equal(first.calls + second.calls, 1);
	tube_close(&first);
	tube_close(&second);
}

static void what_is_watched_in_a_callback_is_called_later(void **state)
{
	struct tube tubes[40];

	(void)state;
	for (int i = 0; i < 40; i++) {
		tube_open(&tubes[i]);
		tube_fill(&tubes[i]);
		tubes[i].other = &tubes[(i + 1) % 40];
		tubes[i].begins = i < 39;
	}
	/* One begins the next; the last one gives the first one up. */
	tube_watch(&tubes[0]);
	loop_every(loop_under_test, 50, stop, NULL);
	loop_run(loop_under_test);
	for (int i = 0; i < 40; i++)
		assert_int_equal(tubes[i].calls, 1);
	for (int i = 0; i < 40; i++)
		tube_close(&tubes[i]);
}

static void a_regular_file_is_always_ready(void **state)
{
	char path[] = "/tmp/loop-test-XXXXXX";
	struct tube file = {.in = mkstemp(path), .other = &file};

	(void)state;
	unlink(path);
	assert_int_equal(pwrite(file.in, "xx", 2, 0), 2);
	tube_watch(&file);
	loop_every(loop_under_test, 30, stop, NULL);
	loop_run(loop_under_test);
	assert_int_equal(file.calls, 1);
	close(file.in);
}

static void send_signal(void *context, short events)
{
	int *pieces = context;

	assert_true(events & POLLIN);
	if (++*pieces == 10)
		kill(getpid(), SIGTERM);
}

/* It is never unwatched, and always ready. */
static void a_regular_file_holds_up_neither_timers_nor_signals(void **state)
{
	char path[] = "/tmp/loop-test-XXXXXX";
	int fd = mkstemp(path), pieces = 0;

	(void)state;
	unlink(path);
	loop_watch(loop_under_test, fd, POLLIN, send_signal, &pieces);
	assert_int_equal(loop_run(loop_under_test), EXIT_DONE);
	assert_true(pieces >= 10);
	loop_close(loop_under_test);
	loop_under_test = loop_open();
	pieces = 11;
	loop_watch(loop_under_test, fd, POLLIN, send_signal, &pieces);
	loop_every(loop_under_test, 10, stop, NULL);
	assert_int_equal(loop_run(loop_under_test), EXIT_DONE);
	close(fd);
}

static void closed_gone(void *context, short events)
{
	struct tube *tube = context;

	assert_true(events & POLLHUP);
	tube->calls++;
	loop_stop(loop_under_test, 7);
}

static void the_end_of_a_peer_is_reported(void **state)
{
	struct tube tube;

	(void)state;
	tube_open(&tube);
	loop_watch(loop_under_test, tube.in, POLLIN, closed_gone, &tube);
	close(tube.out);
	assert_int_equal(loop_run(loop_under_test), 7);
	assert_int_equal(tube.calls, 1);
	close(tube.in);
}

/* -------- ends -------- */

static void every_signal_of_a_service_manager_ends_it(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	(void)state;
	for (int i = 0; i < 3; i++) {
		kill(getpid(), signals[i]);
		assert_int_equal(loop_run(loop_under_test), EXIT_DONE);
		loop_close(loop_under_test);
		loop_under_test = loop_open();
	}
}

static void the_first_reason_to_stop_counts(void **state)
{
	(void)state;
	loop_stop(loop_under_test, EXIT_FAILED);
	loop_stop(loop_under_test, EXIT_DONE);
	assert_int_equal(loop_run(loop_under_test), EXIT_FAILED);
}

static void a_reader_that_left_does_not_kill_the_program(void **state)
{
	struct tube tube;

	(void)state;
	tube_open(&tube);
	close(tube.in);
	assert_int_equal(write(tube.out, "x", 1), -1);
	close(tube.out);
}

/* -------- the service manager -------- */

static int manager = -1;
static char manager_path[] = "/tmp/loop-test-XXXXXX";

static int set_up_manager(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char pid[16];

	(void)state;
	strcpy(manager_path + strlen(manager_path) - 6, "XXXXXX");
	close(mkstemp(manager_path));
	unlink(manager_path);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, manager_path);
	if (bind(manager, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("NOTIFY_SOCKET", manager_path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	return set_up(state);
}

static int tear_down_manager(void **state)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	close(manager);
	unlink(manager_path);
	return tear_down(state);
}

static void expect_report(const char *expected)
{
	char text[300];
	ssize_t size = recv(manager, text, sizeof(text) - 1, 0);

	assert_true(size >= 0);
	text[size] = 0;
	assert_string_equal(text, expected);
}

static void the_service_manager_is_informed(void **state)
{
	char byte;

	(void)state;
	loop_ready(loop_under_test);
	loop_ready(loop_under_test);
	loop_status(loop_under_test, "%d meters", 3);
	loop_status(loop_under_test, "%d meters", 3);
	loop_status(loop_under_test, "%d meters", 2);
	loop_stop(loop_under_test, EXIT_DONE);
	loop_run(loop_under_test);
	expect_report("READY=1");
	expect_report("STATUS=3 meters");
	expect_report("STATUS=2 meters");
	expect_report("STOPPING=1");
	assert_int_equal(recv(manager, &byte, 1, 0), -1);
}

static void manager_received(void *context, short events)
{
	int *fed = context;
	char text[100];
	ssize_t size = recv(manager, text, sizeof(text) - 1, 0);

	(void)events;
	assert_true(size > 0);
	text[size] = 0;
	*fed += strcmp(text, "WATCHDOG=1") == 0;
	if (*fed == 10)
		loop_stop(loop_under_test, EXIT_DONE);
}

static void the_watchdog_is_fed_before_its_time_is_over(void **state)
{
	ms_t started = clock_monotonic();
	int fed = 0;

	(void)state;
	loop_watch(loop_under_test, manager, POLLIN, manager_received, &fed);
	loop_every(loop_under_test, 2050, stop, NULL);
	loop_run(loop_under_test);
	/* At once, and then not before half of the time. */
	assert_int_equal(fed, 10);
	assert_true(clock_monotonic() - started >= 9 * 100);
}

#define test(name)	   cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define test_manager(name) cmocka_unit_test_setup_teardown(name, set_up_manager, tear_down_manager)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_timer_is_called_once_at_the_time_set_last),
		test(a_timer_may_be_closed_in_a_callback),
		test(a_descriptor_is_called_when_it_is_readable),
		test(what_was_unwatched_is_not_called_even_if_it_was_seen),
		test(what_is_watched_in_a_callback_is_called_later),
		test(a_regular_file_is_always_ready),
		test(a_regular_file_holds_up_neither_timers_nor_signals),
		test(the_end_of_a_peer_is_reported),
		test(every_signal_of_a_service_manager_ends_it),
		test(the_first_reason_to_stop_counts),
		test(a_reader_that_left_does_not_kill_the_program),
		test_manager(the_service_manager_is_informed),
		test_manager(the_watchdog_is_fed_before_its_time_is_over),
	};

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
