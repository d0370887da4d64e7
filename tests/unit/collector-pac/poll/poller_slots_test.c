/* Slots of ten meters, some of them bad, on a simulated monotonic clock: it stands still while a
 * good or a slow meter is at work, and goes to the next deadline once they all sleep. So no load
 * of the machine can make a poll late. The connections are real, and so are their time limits. */
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
#define OFFSET_MS  (PERIOD_MS / METERS) /* from one meter to the next */
#define START_MS   1000000
#define SLOTS	   12
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

struct sleeper {
	bool asleep;
	ms_t due;
};

static struct {
	atomic_bool on;
	atomic_llong now;
	pthread_mutex_t lock;		/* guards what follows */
	struct sleeper threads[METERS]; /* of the poller, between two polls */
	struct sleeper answer;		/* the slow meter, before it answers */
	pthread_mutex_t *poller_lock;
	pthread_cond_t *poller_wake;
	int astray; /* deadlines that are not a slot */
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

/* The sleep of a poller's thread, which holds `lock`. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
			   const struct timespec *until)
{
	static _Thread_local int index = -1;
	ms_t due = until->tv_sec * MS_PER_SECOND + until->tv_nsec / NS_PER_MS;

	if (!simulated.on)
		return pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, until);
	if (index < 0)
		index = (int)((due - START_MS) / OFFSET_MS);
	if (simulated.now >= due)
		return ETIMEDOUT;
	pthread_mutex_lock(&simulated.lock);
	simulated.astray += (due - START_MS - index * OFFSET_MS) % PERIOD_MS != 0;
	simulated.threads[index] = (struct sleeper){.asleep = true, .due = due};
	simulated.poller_lock = lock;
	simulated.poller_wake = cond;
	pthread_mutex_unlock(&simulated.lock);
	return pthread_cond_wait(cond, lock);
}

/* The sleep of a simulated meter. */
int nanosleep(const struct timespec *duration, struct timespec *left)
{
	const struct timespec step = {.tv_nsec = 200000};
	ms_t due = simulated.now + duration->tv_sec * MS_PER_SECOND + duration->tv_nsec / NS_PER_MS;

	if (!simulated.on)
		return clock_nanosleep(CLOCK_MONOTONIC, 0, duration, left);
	pthread_mutex_lock(&simulated.lock);
	simulated.answer = (struct sleeper){.asleep = true, .due = due};
	pthread_mutex_unlock(&simulated.lock);
	while (simulated.on && simulated.now < due)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
	return 0;
}

static void next_of(ms_t *next, const struct sleeper *sleeper)
{
	if (sleeper->asleep && sleeper->due < *next)
		*next = sleeper->due;
}

static void wake(struct sleeper *sleeper, ms_t now)
{
	if (sleeper->due <= now)
		sleeper->asleep = false;
}

/* Goes to the next deadline, but not beyond `end`. Returns false if a good or slow meter is at
 * work. */
static bool clock_advance(ms_t end)
{
	pthread_mutex_t *poller_lock;
	bool idle;
	ms_t next = end;

	pthread_mutex_lock(&simulated.lock);
	poller_lock = simulated.poller_lock;
	idle = simulated.threads[SLOW].asleep || simulated.answer.asleep;
	for (int i = GOOD; i < METERS; i++)
		idle &= simulated.threads[i].asleep;
	pthread_mutex_unlock(&simulated.lock);
	if (!idle)
		return false;
	/* In the order of a thread that goes to sleep. */
	pthread_mutex_lock(poller_lock);
	pthread_mutex_lock(&simulated.lock);
	next_of(&next, &simulated.answer);
	for (int i = 0; i < METERS; i++)
		next_of(&next, &simulated.threads[i]);
	simulated.now = next;
	wake(&simulated.answer, next);
	for (int i = 0; i < METERS; i++)
		wake(&simulated.threads[i], next);
	pthread_cond_broadcast(simulated.poller_wake);
	pthread_mutex_unlock(&simulated.lock);
	pthread_mutex_unlock(poller_lock);
	return true;
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
	/* Of the last meter. */
	const ms_t last_slot = START_MS + (SLOTS - 1) * PERIOD_MS + (METERS - 1) * OFFSET_MS;
	struct profile profile = {0};
	struct pac_load *loads[METERS];
	struct pac_model *models[METERS];
	struct poller_meter meters[METERS];
	struct tally tallies[METERS] = {0};
	struct fail fail = {0};
	struct poller *poller;

	(void)state;
	assert_true(profiles_load(&profile, "pac3200", &fail));
	simulated.now = START_MS;
	simulated.on = true;
	for (int i = 0; i < METERS; i++) {
		loads[i] = pac_load_open(0, WH + i);
		models[i] = pac_model_open(0, pac_load_read, loads[i], &fail);
		if (models[i] == NULL)
			fail_msg("%s", fail.text);
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
	while (simulated.now < last_slot || !all_taken(tallies)) {
		bool advanced = simulated.now < last_slot && clock_advance(last_slot);

		take(poller, tallies, advanced ? 0 : 1);
	}
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
