/* Meters that are killed at any moment, or end in order, while a keeper with the protocol of the
 * service manager's descriptor store has their lines. This process is the keeper, the kernel
 * (a pipe for each line) and the disk (memory that is shared). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector-meter/input/lines_gpiod.h"
#include "collector-meter/meters/meters.h"
#include "common/process/clock.h"
#include "tests/unit/common/seed.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static ns_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

/* -------- the kernel's side -------- */

static struct wire {
	int read_end, write_end;
	uint32_t sequence;
} wires[LINE_ROLES];

const enum gpio_abi gpio_abi = GPIO_ABI_2;

static void wire(enum line_role role, bool on)
{
	struct gpio_v2_line_event event = {
		.timestamp_ns = (uint64_t)now(),
		.id = on ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE,
		.line_seqno = ++wires[role].sequence,
	};

	assert_int_equal(write(wires[role].write_end, &event, sizeof(event)), sizeof(event));
}

/* Lines that are opened anew are numbered from 1. */
static void number_anew(void)
{
	for (int role = 0; role < LINE_ROLES; role++)
		wires[role].sequence = 0;
}

/* -------- the keeper -------- */

#define STORED 16

static struct keeper {
	char path[100];
	int socket, count;
	struct {
		char name[64];
		int fd;
	} stored[STORED];
} keeper;

static void keeper_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	keeper = (struct keeper){0};
	snprintf(keeper.path, sizeof(keeper.path), "/tmp/restart_test.%d", (int)getpid());
	unlink(keeper.path);
	strcpy(address.sun_path, keeper.path);
	keeper.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(keeper.socket, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", keeper.path, 1);
}

static void keeper_forget(const char *name)
{
	int left = 0;

	for (int i = 0; i < keeper.count; i++) {
		if (!name || strcmp(keeper.stored[i].name, name) == 0)
			close(keeper.stored[i].fd);
		else
			keeper.stored[left++] = keeper.stored[i];
	}
	keeper.count = left;
}

static void keeper_close(void)
{
	keeper_forget(NULL);
	if (keeper.socket >= 0)
		close(keeper.socket);
	keeper.socket = -1;
	unlink(keeper.path);
	unsetenv("NOTIFY_SOCKET");
}

static int fd_of(struct msghdr *message)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	int fd = -1;

	for (; part; part = CMSG_NXTHDR(message, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
			memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

/* Receives messages; waits up to `wait` ms for the first one. */
static void keeper_receive(int wait)
{
	struct pollfd readable = {.fd = keeper.socket, .events = POLLIN};

	while (poll(&readable, 1, wait) > 0) {
		char text[1000] = "", control[CMSG_SPACE(sizeof(int) * 4)], *name;
		struct iovec part = {text, sizeof(text) - 1};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		int fd;

		wait = 0;
		assert_true(recvmsg(keeper.socket, &message, MSG_CMSG_CLOEXEC) > 0);
		fd = fd_of(&message);
		name = strstr(text, "FDNAME=");
		if (name)
			name[strcspn(name, "\n")] = '\0';
		if (strstr(text, "FDSTOREREMOVE=1")) {
			keeper_forget(name + 7);
		} else if (strstr(text, "FDSTORE=1")) {
			assert_true(fd >= 0 && name && keeper.count < STORED);
			keeper.stored[keeper.count].fd = fd;
			strcpy(keeper.stored[keeper.count++].name, name + 7);
			continue;
		}
		/* BARRIER=1: closing it is the answer. */
		if (fd >= 0)
			close(fd);
	}
}

static bool keeper_has(const char *name)
{
	for (int i = 0; i < keeper.count; i++)
		if (strcmp(keeper.stored[i].name, name) == 0)
			return true;
	return false;
}

/* In the child: gives it what is kept, as the service manager does. */
static void hand_over(void)
{
	char names[1000] = "", text[20];
	int fds[STORED];

	for (int i = 0; i < keeper.count; i++) {
		fds[i] = fcntl(keeper.stored[i].fd, F_DUPFD, 100);
		sprintf(names + strlen(names), "%s%s", i ? ":" : "", keeper.stored[i].name);
	}
	for (int i = 0; i < keeper.count; i++)
		dup2(fds[i], FIRST_FD + i);
	for (int i = 0; i < keeper.count; i++)
		close(fds[i]);
	if (!keeper.count)
		return;
	sprintf(text, "%d", keeper.count);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	sprintf(text, "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
}

/* -------- the collector -------- */

#define RECORDS 1000

/* The disk, and the state that this process waits for. */
static struct disk {
	_Atomic int count;
	struct record records[RECORDS];
	_Atomic int64_t pulses; /* counted so far, by the process that lives */
	_Atomic bool online;
	_Atomic int reported; /* to the process that lives, or by it */
	_Atomic bool frozen;
} * disk;

static struct loop *loop_here;
static struct record pending[RECORDS];
static int pending_count;

static struct source_settings source;
static struct meter_settings settings = {.sources = {.count = 1, .items = &source}};

/* Sometimes in one go, sometimes later. */
static void write_pending(void)
{
	if (disk->frozen || !seed_below(3))
		return;
	for (int i = 0; i < pending_count; i++) {
		assert_true(disk->count < RECORDS);
		disk->records[disk->count] = pending[i];
		disk->count++;
	}
	pending_count = 0;
}

static void write_due(void *context)
{
	(void)context;
	write_pending();
}

static void take_event(void *context, size_t s, const struct counter *counter,
		       const struct counter_event *event, ms_t t)
{
	(void)context;
	(void)s;
	(void)counter;
	(void)t;
	if (event->kind == COUNTER_RECORD) {
		assert_true(pending_count < RECORDS);
		pending[pending_count++] = event->record;
		disk->reported++;
		write_pending();
	}
	disk->pulses = event->pulses;
}

static void take_online(void *context, size_t s, bool online)
{
	(void)context;
	(void)s;
	disk->online = online;
}

static bool resume_point(void *context, size_t s, struct resume_point *point)
{
	const struct record *last;

	(void)context;
	(void)s;
	if (!disk->count)
		return false;
	last = &disk->records[disk->count - 1];
	*point = (struct resume_point){.pulses = last->pulses,
				       .until = last->t * NS_PER_MS,
				       .mark = last->mark,
				       .this_boot = true,
				       .boot = last->t};
	return true;
}

static bool is_durable(void *context)
{
	(void)context;
	return !pending_count;
}

static bool is_ready(void *context)
{
	(void)context;
	return true;
}

static const struct meter_sink sink = {
	.event = take_event,
	.online = take_online,
	.resume_point = resume_point,
	.durable = is_durable,
	.ready = is_ready,
};

int gpio_line_open(const struct line_settings *line, bool *level, struct fail *fail)
{
	(void)fail;
	*level = false;
	return fcntl(wires[line->offset].read_end, F_DUPFD_CLOEXEC, 50);
}

static bool ends_at_once; /* as if SIGTERM had come during the start */

static void collect(void)
{
	struct fail fail = {0};
	struct meters *meters;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hand_over();
	loop_here = loop_open();
	meters = meters_open(&settings, loop_here, &sink, &fail);
	if (!meters)
		_exit(1);
	loop_every(loop_here, 10, write_due, NULL);
	loop_ready(loop_here);
	if (!ends_at_once)
		loop_run(loop_here);
	meters_close(meters);
	/* In order means: on the disk. */
	while (pending_count)
		write_pending();
	loop_close(loop_here);
	exit(0);
}

static pid_t start(void)
{
	pid_t child;

	disk->online = false;
	disk->reported = 0;
	fflush(stdout);
	seed_next();
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		collect();
	return child;
}

/* `signal` 0: it ends by itself. */
static void end(pid_t child, int signal)
{
	pid_t ended;
	int status;

	kill(child, signal);
	/* The queue of its messages is short. */
	while ((ended = waitpid(child, &status, WNOHANG)) == 0)
		keeper_receive(1);
	assert_int_equal(ended, child);
	if (signal == SIGKILL)
		assert_true(WIFSIGNALED(status));
	else
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	keeper_receive(0);
}

#define wait_for(condition)                                                                        \
	do {                                                                                       \
		for (ms_t wait_end = clock_monotonic() + 60000; !(condition);) {                   \
			if (clock_monotonic() > wait_end)                                          \
				fail_msg("not within a minute: %s", #condition);                   \
			keeper_receive(1);                                                         \
		}                                                                                  \
	} while (0)

/* -------- tests -------- */

static int set_up(void **state)
{
	(void)state;
	seed_start("restart");
	source = (struct source_settings){.source = "a",
					  .min_on_ms = 2,
					  .min_off_ms = 2,
					  .min_interval_ms = NAN,
					  .nominal_w = NAN};
	for (int role = 0; role < LINE_ROLES; role++) {
		int ends[2];

		source.lines[role] =
			(struct line_settings){.given = true, .chip = "c", .offset = role};
		assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
		assert_true(fcntl(ends[0], F_SETPIPE_SZ, 1 << 20) > 0);
		wires[role] = (struct wire){
			.read_end = fcntl(ends[0], F_DUPFD_CLOEXEC, 60),
			.write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, 60),
		};
		close(ends[0]);
		close(ends[1]);
	}
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(disk != MAP_FAILED);
	pending_count = 0;
	ends_at_once = false;
	keeper_open();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	keeper_close();
	for (int role = 0; role < LINE_ROLES; role++) {
		close(wires[role].read_end);
		close(wires[role].write_end);
	}
	munmap(disk, sizeof(*disk));
	return 0;
}

static void sleep_ms(int64_t ms)
{
	struct timespec time = {.tv_nsec = ms * NS_PER_MS};

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static void pulse(void)
{
	wire(LINE_PULSE, true);
	sleep_ms(3);
	wire(LINE_PULSE, false);
	sleep_ms(3);
}

static int records(enum mark mark)
{
	int count = 0;

	for (int i = 0; i < disk->count; i++)
		count += disk->records[i].mark == mark;
	return count;
}

/* A pulse, now and then a signal, but not at the end. */
static void move(int i, int *signals)
{
	if (i % 20 == 0 || i % 20 == 5)
		wire(LINE_SIGNAL, i % 20 == 0);
	*signals += i % 20 == 0;
	pulse();
}

static void killed_at_any_moment_meters_lose_no_pulse(void **state)
{
	const int pulses = 300;
	int kills = 0, signals = 0, i = 0;
	pid_t child = start();

	(void)state;
	wait_for(disk->online && keeper_has("a.peak"));
	while (i < pulses) {
		move(++i, &signals);
		if (seed_below(8))
			continue;
		end(child, SIGKILL);
		kills++;
		/* Some come while no process runs, some while one starts. */
		for (int64_t n = seed_below(4); n > 0 && i < pulses; n--)
			move(++i, &signals);
		child = start();
		if (seed_below(3))
			wait_for(disk->reported > 0 || disk->online);
	}
	wait_for(disk->pulses == pulses);
	end(child, SIGTERM);
	print_message("%d kills\n", kills);
	assert_true(kills > 10);
	assert_int_equal(disk->records[disk->count - 1].pulses, pulses);
	assert_int_equal(disk->records[disk->count - 1].mark, MARK_STOP);
	assert_int_equal(records(MARK_TOP10), signals);
	assert_int_equal(records(MARK_START), 1);
	assert_int_equal(records(MARK_STOP), 1);
	for (i = 1; i < disk->count; i++) {
		assert_true(disk->records[i].t >= disk->records[i - 1].t);
		assert_true(disk->records[i].pulses >= disk->records[i - 1].pulses);
		assert_int_equal(disk->records[i].blind_ms, 0);
	}
}

static void ended_in_order_it_goes_on_without_a_gap(void **state)
{
	pid_t child = start();

	(void)state;
	wait_for(disk->online && keeper_has("a.peak"));
	pulse();
	wait_for(disk->pulses == 1);
	wire(LINE_PULSE, true);
	end(child, SIGTERM);
	assert_int_equal(disk->records[disk->count - 1].mark, MARK_STOP);
	sleep_ms(3);
	wire(LINE_PULSE, false);
	sleep_ms(3);
	pulse();
	child = start();
	wait_for(disk->pulses == 3);
	end(child, SIGTERM);
	assert_int_equal(records(MARK_START), 1);
	assert_int_equal(records(MARK_STOP), 2);
	assert_int_equal(disk->records[disk->count - 1].pulses, 3);
}

static void without_a_keeper_there_is_a_gap_and_it_is_recorded(void **state)
{
	pid_t child;

	(void)state;
	keeper_close();
	child = start();
	wait_for(disk->online);
	pulse();
	wait_for(disk->pulses == 1);
	end(child, SIGTERM);
	assert_int_equal(disk->records[disk->count - 1].pulses, 1);
	sleep_ms(30);
	child = start();
	wait_for(disk->reported > 0);
	end(child, SIGTERM);
	assert_int_equal(records(MARK_START), 2);
	assert_true(disk->records[disk->count - 2].blind_ms >= 30);
	keeper_open();
}

static void lines_that_are_others_now_are_opened_anew(void **state)
{
	pid_t child = start();

	(void)state;
	wait_for(disk->online && keeper_has("a.peak"));
	pulse();
	wait_for(disk->pulses == 1);
	end(child, SIGTERM);
	source.lines[LINE_SIGNAL].active_low = true;
	child = start();
	wait_for(records(MARK_START) == 2);
	number_anew();
	assert_int_equal(keeper.count, 5);
	end(child, SIGKILL);
	child = start();
	pulse();
	wait_for(disk->pulses == 2);
	end(child, SIGTERM);
	/* Those were taken over. */
	assert_int_equal(records(MARK_START), 2);
}

static void what_belongs_to_nobody_is_let_go(void **state)
{
	pid_t child;

	(void)state;
	keeper.stored[0].fd = fcntl(keeper.socket, F_DUPFD_CLOEXEC, 70);
	strcpy(keeper.stored[0].name, "b.pulse");
	/* Two of a name, and something that is not an edge buffer. */
	keeper.stored[1].fd = fcntl(keeper.socket, F_DUPFD_CLOEXEC, 70);
	strcpy(keeper.stored[1].name, "a.pulse");
	keeper.stored[2].fd = fcntl(keeper.socket, F_DUPFD_CLOEXEC, 70);
	strcpy(keeper.stored[2].name, "a.pulse");
	keeper.stored[3].fd = fcntl(keeper.socket, F_DUPFD_CLOEXEC, 70);
	strcpy(keeper.stored[3].name, "a.edges");
	keeper.count = 4;
	child = start();
	wait_for(disk->online && keeper_has("a.peak"));
	assert_false(keeper_has("b.pulse"));
	assert_int_equal(keeper.count, 5);
	pulse();
	wait_for(disk->pulses == 1);
	end(child, SIGTERM);
}

static void a_line_that_is_missing_ends_what_was_left_with_its_last_edge(void **state)
{
	pid_t child = start();

	(void)state;
	wait_for(disk->online && keeper_has("a.peak"));
	disk->frozen = true;
	pulse();
	wait_for(disk->pulses == 1);
	end(child, SIGKILL);
	pulse();
	pulse();
	/* Its chip is gone, so the service manager let it go. */
	keeper_forget("a.top");
	disk->frozen = false;
	child = start();
	wait_for(records(MARK_STOP) == 1);
	for (int i = 0; i < disk->count; i++)
		if (disk->records[i].mark == MARK_STOP)
			assert_int_equal(disk->records[i].pulses, 3);
	/* And is there again. */
	wait_for(disk->online && keeper_has("a.peak"));
	number_anew();
	assert_int_equal(keeper.count, 5);
	pulse();
	wait_for(disk->pulses == 4);
	end(child, SIGTERM);
	assert_true(records(MARK_START) >= 1);
}

static void ended_during_the_start_it_leaves_lines_only_if_it_inherited_them(void **state)
{
	pid_t child;

	(void)state;
	ends_at_once = true;
	end(start(), 0);
	assert_int_equal(keeper.count, 0);
	assert_int_equal(disk->count, 0);
	ends_at_once = false;
	number_anew();
	child = start();
	wait_for(disk->online && keeper_has("a.peak"));
	pulse();
	wait_for(disk->pulses == 1);
	end(child, SIGKILL);
	pulse();
	ends_at_once = true;
	end(start(), 0);
	assert_int_equal(keeper.count, 5);
	ends_at_once = false;
	child = start();
	wait_for(disk->pulses == 2);
	end(child, SIGTERM);
	assert_int_equal(records(MARK_START), 1);
	assert_int_equal(disk->records[disk->count - 1].pulses, 2);
}

/* Names and layout are those of the first version, so that no edge is lost when a program is
 * upgraded. */
static void descriptors_keep_their_names_over_an_upgrade(void **state)
{
	static const char *const names[] = {"a.pulse", "a.top", "a.off-peak", "a.peak",
					    "a.journal"};
	pid_t child;

	(void)state;
	child = start();
	wait_for(disk->online && keeper_has("a.peak"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(keeper_has(names[i]));
	assert_int_equal(keeper.count, 5);
	end(child, SIGTERM);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(killed_at_any_moment_meters_lose_no_pulse),
		test(ended_in_order_it_goes_on_without_a_gap),
		test(without_a_keeper_there_is_a_gap_and_it_is_recorded),
		test(lines_that_are_others_now_are_opened_anew),
		test(what_belongs_to_nobody_is_let_go),
		test(a_line_that_is_missing_ends_what_was_left_with_its_last_edge),
		test(ended_during_the_start_it_leaves_lines_only_if_it_inherited_them),
		test(descriptors_keep_their_names_over_an_upgrade),
	};

	alarm(250);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
