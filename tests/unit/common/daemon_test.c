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

#include "common/daemon.h"

static struct daemon *daemon_;
static int calls;
static int pipes[20][2];

static int set_up(void **state)
{
	(void)state;
	calls = 0;
	daemon_ = daemon_open();
	for (int i = 0; i < 20; i++)
		assert_int_equal(pipe(pipes[i]), 0);
	return daemon_ ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	daemon_close(daemon_);
	for (int i = 0; i < 20; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return 0;
}

static void stop(void *context)
{
	(void)context;
	daemon_stop(daemon_, EXIT_DONE);
}

static void count_and_stop(void *context, short events)
{
	(void)context;
	assert_int_equal(events, POLLIN);
	calls++;
	daemon_stop(daemon_, EXIT_DONE);
}

static void each_signal_ends_the_loop_well(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct daemon *daemon = daemon_open();

		raise(signals[i]);
		assert_int_equal(daemon_run(daemon), EXIT_DONE);
		daemon_close(daemon);
	}
}

static void a_program_outlives_a_closed_pipe(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1);
	close(ends[1]);
}

static void the_first_exit_code_counts(void **state)
{
	(void)state;
	daemon_stop(daemon_, EXIT_FAILED);
	daemon_stop(daemon_, EXIT_DONE);
	assert_int_equal(daemon_run(daemon_), EXIT_FAILED);
}

static void a_watch_is_called_when_its_descriptor_is_ready(void **state)
{
	(void)state;
	daemon_watch(daemon_, pipes[0][0], POLLIN, count_and_stop, NULL);
	daemon_watch(daemon_, pipes[1][0], POLLIN, count_and_stop, NULL);
	assert_int_equal(write(pipes[1][1], "x", 1), 1);
	daemon_run(daemon_);
	assert_int_equal(calls, 1);
}

/* Both are ready; whichever is called first unwatches the other. */
static void unwatch_all(void *context, short events)
{
	(void)context;
	(void)events;
	calls++;
	daemon_unwatch(daemon_, pipes[0][0]);
	daemon_unwatch(daemon_, pipes[1][0]);
}

static void an_unwatched_descriptor_is_not_called_for_what_was_seen_before(void **state)
{
	(void)state;
	daemon_watch(daemon_, pipes[0][0], POLLIN, unwatch_all, NULL);
	daemon_watch(daemon_, pipes[1][0], POLLIN, unwatch_all, NULL);
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	assert_int_equal(write(pipes[1][1], "x", 1), 1);
	daemon_every(daemon_, 20, stop, NULL);
	daemon_run(daemon_);
	assert_int_equal(calls, 1);
}

static void count_and_drain(void *context, short events)
{
	char byte;

	(void)events;
	calls++;
	assert_int_equal(read(*(int *)context, &byte, 1), 1);
	if (calls == 20)
		daemon_stop(daemon_, EXIT_DONE);
}

/* Makes the watches move in memory while they are gone through. */
static void watch_many(void *context, short events)
{
	count_and_drain(context, events);
	daemon_unwatch(daemon_, pipes[0][0]);
	for (int i = 1; i < 20; i++)
		daemon_watch(daemon_, pipes[i][0], POLLIN, count_and_drain, &pipes[i][0]);
}

static void a_callback_may_watch_more(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
	daemon_watch(daemon_, pipes[0][0], POLLIN, watch_many, &pipes[0][0]);
	assert_int_equal(daemon_run(daemon_), EXIT_DONE);
	assert_int_equal(calls, 20);
}

static ms_t times[3];

static void note_time_and_dawdle(void *context)
{
	(void)context;
	times[calls++] = clock_monotonic();
	/* Longer than two periods: the slots in it are missed. */
	if (calls == 1)
		usleep(110000);
	if (calls == 3)
		daemon_stop(daemon_, EXIT_DONE);
}

static void timers_keep_to_their_grid_and_do_not_make_up_for_missed_slots(void **state)
{
	ms_t start = clock_monotonic();

	(void)state;
	daemon_every(daemon_, 50, note_time_and_dawdle, NULL);
	daemon_run(daemon_);
	assert_in_range(times[0] - start, 50, 1000);
	/* 110 ms after the slot at 50, those at 100 and 150 are called once, late; then comes 200.
	 */
	assert_true(times[1] >= start + 160);
	assert_true(times[2] >= start + 200);
}

/* -------- the service manager -------- */

static char notified[1000];

static int notify_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* An abstract one: nothing stays behind. */
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "wattzone-test-%d",
		 (int)getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					  strlen(address.sun_path + 1))),
			 0);
	address.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return fd;
}

static void notify_read(int fd)
{
	size_t length = 0;
	ssize_t got;

	while ((got = recv(fd, notified + length, sizeof(notified) - length - 2, 0)) > 0) {
		length += (size_t)got;
		notified[length++] = '\n';
	}
	notified[length] = 0;
}

static void the_service_manager_is_told_each_thing_once(void **state)
{
	int fd = notify_socket();

	(void)state;
	daemon_ready(daemon_);
	daemon_ready(daemon_);
	daemon_status(daemon_, "%d meters answer", 3);
	daemon_status(daemon_, "%d meters answer", 3);
	daemon_status(daemon_, "%d meters answer", 4);
	daemon_stop(daemon_, EXIT_DONE);
	daemon_run(daemon_);
	notify_read(fd);
	assert_string_equal(notified, "READY=1\nSTATUS=3 meters answer\nSTATUS=4 meters answer\n"
				      "STOPPING=1\n");
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void the_watchdog_is_fed_in_time(void **state)
{
	int fd = notify_socket();
	struct daemon *daemon;

	(void)state;
	setenv("WATCHDOG_USEC", "40000", 1);
	daemon = daemon_open();
	daemon_close(daemon_);
	daemon_ = daemon;
	daemon_every(daemon, 30, stop, NULL);
	daemon_run(daemon);
	notify_read(fd);
	assert_string_equal(notified, "WATCHDOG=1\nSTOPPING=1\n");
	close(fd);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_signal_ends_the_loop_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_program_outlives_a_closed_pipe, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_first_exit_code_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_watch_is_called_when_its_descriptor_is_ready,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_unwatched_descriptor_is_not_called_for_what_was_seen_before, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_callback_may_watch_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			timers_keep_to_their_grid_and_do_not_make_up_for_missed_slots, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(the_service_manager_is_told_each_thing_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_watchdog_is_fed_in_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
