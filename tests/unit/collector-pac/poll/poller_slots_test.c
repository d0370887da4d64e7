/* Slots of ten meters, some of them bad, on a simulated monotonic clock: it stands still while a
 * good or a slow meter is at work, and goes to the next deadline once they are all answered. So no
 * load of the machine can make a poll late. The connections are real. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector-pac/poll/poller.h"
#include "collector-pac/profiles/profiles.h"
#include "tests/sim/pac_model.h"

#define METERS	   10
#define WH	   812345678.25
#define PERIOD_MS  500
#define START_MS   1000000
#define SLOTS	   12
#define END_MS	   (START_MS + SLOTS * PERIOD_MS - 50) /* before the slot after the last one */
#define SLOW_MS	   400
#define TIMEOUT_MS 1000
#define PATIENT_MS 600000 /* however busy the machine is */

enum { DEAD, SLOW, REFUSING, GARBAGE, GOOD };

/* -------- the simulated clock -------- */

#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME SYS_clock_gettime64
#else
#define CLOCK_GETTIME SYS_clock_gettime
#endif

static struct {
	atomic_bool on;
	atomic_llong now;
	pthread_mutex_t lock; /* guards what follows */
	int ports[METERS];
	int requests[METERS], answers[METERS];
	bool asleep; /* the slow meter, before it answers */
	ms_t due;    /* when it wakes up */
	int astray;  /* polls of good meters that did not begin at a slot */
} simulated = {.lock = PTHREAD_MUTEX_INITIALIZER};

int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_MONOTONIC || !simulated.on)
		return (int)syscall(CLOCK_GETTIME, clock, now);
	*now = (struct timespec){
		.tv_sec = simulated.now / MS_PER_SECOND,
		.tv_nsec = simulated.now % MS_PER_SECOND * NS_PER_MS,
	};
	return 0;
}

/* Returns the meter with this address; METERS: none. */
static int meter_of(int (*name)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);
	int meter = 0;

	if (name(fd, (struct sockaddr *)&address, &size) != 0)
		return METERS;
	while (meter < METERS && simulated.ports[meter] != ntohs(address.sin_port))
		meter++;
	return meter;
}

/* Of requests and answers. */
ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
	int asked = meter_of(getpeername, fd), answering = meter_of(getsockname, fd);
	ssize_t sent;

	pthread_mutex_lock(&simulated.lock);
	if (asked < METERS) {
		/* A poll has two requests. */
		if (asked >= GOOD && simulated.requests[asked] % 2 == 0)
			simulated.astray += (simulated.now - START_MS) % PERIOD_MS != 0;
		simulated.requests[asked]++;
	}
	pthread_mutex_unlock(&simulated.lock);
	sent = syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
	pthread_mutex_lock(&simulated.lock);
	if (answering < METERS)
		simulated.answers[answering]++;
	pthread_mutex_unlock(&simulated.lock);
	return sent;
}

/* The sleep of a simulated meter: only the slow one sleeps. */
int nanosleep(const struct timespec *duration, struct timespec *left)
{
	const struct timespec step = {.tv_nsec = 200000};
	ms_t due = simulated.now + duration->tv_sec * MS_PER_SECOND + duration->tv_nsec / NS_PER_MS;

	if (!simulated.on)
		return clock_nanosleep(CLOCK_MONOTONIC, 0, duration, left);
	pthread_mutex_lock(&simulated.lock);
	simulated.asleep = true;
	simulated.due = due;
	pthread_mutex_unlock(&simulated.lock);
	while (simulated.on && simulated.now < due)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
	return 0;
}

/* Returns whether a good or slow meter has yet to answer without having to wait for the clock. */
static bool at_work(void)
{
	bool working = simulated.requests[SLOW] > simulated.answers[SLOW] && !simulated.asleep;

	for (int i = GOOD; i < METERS; i++)
		working |= simulated.requests[i] > simulated.answers[i];
	return working;
}

/* Goes to the next deadline up to `until`. Returns whether it is `until`. */
static bool clock_advance(ms_t until)
{
	bool arrived = false;

	pthread_mutex_lock(&simulated.lock);
	if (!at_work()) {
		ms_t next = until < END_MS ? until : END_MS;

		if (simulated.asleep && simulated.due < next)
			next = simulated.due;
		if (simulated.asleep && simulated.due <= next)
			simulated.asleep = false;
		simulated.now = next;
		arrived = next == until;
	}
	pthread_mutex_unlock(&simulated.lock);
	return arrived;
}

/* The sleep of the poller. What has arrived in the meantime comes first. */
int epoll_wait(int epoll, struct epoll_event *events, int room, int timeout_ms)
{
	const ms_t until = simulated.now + timeout_ms;
	int count;

	if (!simulated.on)
		return epoll_pwait(epoll, events, room, timeout_ms, NULL);
	do
		count = epoll_pwait(epoll, events, room, 1, NULL);
	while (count == 0 && simulated.on && !clock_advance(until));
	return count;
}

/* -------- the meters -------- */

/* The results taken of a meter. */
struct tally {
	int taken, answered;
	struct poll_result last;
};

static void take(struct poller *poller, struct tally *tallies, int wait_ms)
{
	struct pollfd ready = {.fd = poller_fd(poller), .events = POLLIN};
	struct poll_result polls[64];
	size_t count;

	if (poll(&ready, 1, wait_ms) == 0)
		return;
	count = poller_take(poller, polls, 64);
	for (size_t i = 0; i < count; i++) {
		struct tally *tally = &tallies[polls[i].meter];

		tally->taken++;
		tally->answered += polls[i].measurement.answered;
		tally->last = polls[i];
		assert_int_equal(polls[i].polls, tally->taken);
		assert_int_equal(polls[i].failed, tally->taken - tally->answered);
	}
}

/* The model closes its port in a thread of its own. */
static void wait_refused(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool refused = false;

	while (!refused) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		refused = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0;
		close(fd);
	}
}

static bool all_taken(const struct tally *tallies)
{
	for (int i = GOOD; i < METERS; i++) {
		if (tallies[i].taken < SLOTS)
			return false;
	}
	return tallies[DEAD].taken > 0 && tallies[SLOW].taken >= SLOTS / 2 &&
	       tallies[REFUSING].taken > 0 && tallies[GARBAGE].taken > 0;
}

static void expect_slots(const struct tally *tallies)
{
	for (int i = GOOD; i < METERS; i++) {
		assert_int_equal(tallies[i].last.missed, 0);
		assert_int_equal(tallies[i].last.failed, 0);
		assert_int_equal(tallies[i].answered, SLOTS);
		assert_true(tallies[i].last.measurement.wh == WH + i);
		assert_true(tallies[i].last.measurement.power_w == 0);
	}
	/* Two requests of 400 ms do not fit 500 ms: every second slot, but every answer is good. */
	assert_int_equal(tallies[SLOW].last.failed, 0);
	assert_int_equal(tallies[SLOW].answered, SLOTS / 2);
	assert_int_equal(tallies[SLOW].last.missed, SLOTS / 2);
	assert_true(tallies[SLOW].last.measurement.wh == WH + SLOW);

	assert_int_equal(tallies[DEAD].answered, 0);
	assert_int_equal(tallies[DEAD].last.result.outcome, LINK_SILENT);
	assert_int_equal(tallies[REFUSING].answered, 0);
	assert_int_equal(tallies[REFUSING].last.result.outcome, LINK_REFUSED);
	assert_int_equal(tallies[GARBAGE].answered, 0);
	assert_int_equal(tallies[GARBAGE].last.result.outcome, LINK_NOT_MODBUS);
	/* No drift, and no hurry. */
	assert_int_equal(simulated.astray, 0);
}

static void four_bad_meters_cost_the_other_six_no_slot(void **state)
{
	struct profile profile = {0};
	struct pac_load *loads[METERS];
	struct pac_model *models[METERS];
	struct poller_meter meters[METERS];
	struct tally tallies[METERS] = {0};
	struct fail fail = {0};
	struct poller *poller;

	(void)state;
	assert_true(profiles_load(&profile, "generic", &fail));
	simulated.now = START_MS;
	simulated.on = true;
	for (int i = 0; i < METERS; i++) {
		loads[i] = pac_load_open(0, WH + i);
		models[i] = pac_model_open(0, pac_load_read, loads[i], &fail);
		if (models[i] == NULL)
			fail_msg("%s", fail.text);
		simulated.ports[i] = pac_model_port(models[i]);
		meters[i] = (struct poller_meter){
			.peer = {.host = "127.0.0.1",
				 .port = pac_model_port(models[i]),
				 .unit = 1,
				 .timeout_ms = i == DEAD ? TIMEOUT_MS : PATIENT_MS},
			.profile = &profile,
		};
	}
	pac_model_fault(models[DEAD], PAC_DEAD, 0);
	pac_model_fault(models[SLOW], PAC_SLOW, SLOW_MS);
	pac_model_fault(models[REFUSING], PAC_REFUSING, 0);
	pac_model_fault(models[GARBAGE], PAC_GARBAGE, 0);
	wait_refused(pac_model_port(models[REFUSING]));

	poller = poller_open(meters, METERS, PERIOD_MS, &fail);
	if (poller == NULL)
		fail_msg("%s", fail.text);
	while (simulated.now < END_MS || !all_taken(tallies))
		take(poller, tallies, 1);
	simulated.on = false;
	poller_close(poller);
	expect_slots(tallies);
	for (int i = 0; i < METERS; i++) {
		pac_model_close(models[i]);
		pac_load_close(loads[i]);
	}
	config_free(profile_keys, &profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_bad_meters_cost_the_other_six_no_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
