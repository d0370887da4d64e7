#include "collector-pac/poll/poller.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "collector-pac/meter/schedule.h"
#include "common/process/clock.h"

#define STACK_SIZE	  ((size_t)256 * 1024) /* name look-ups want some; pages not used cost nothing */
#define OTHER_DESCRIPTORS 64
#define CLOSE_SECONDS	  3
#define GATHER_MS	  50 /* polls wait for company: waking up costs more than publishing */
#define QUEUED_EACH	  8  /* polls of one meter that find room in the queue */

/* What a meter's thread works with. */
struct meter_thread {
	struct poller *poller;
	size_t index;
	const struct profile *profile;
	struct link *link;
	struct schedule schedule;
	unsigned int chance;
	int broken; /* connections lost or refused in a row */
	int64_t polls, failed;

	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* `stop` was set */
	bool stop;
};

struct poller {
	size_t count;
	struct meter_thread *meters;
	int fd; /* timerfd: polls have been queued for a while */

	pthread_mutex_t lock;	   /* guards the queue */
	struct poll_result *queue; /* a ring */
	size_t capacity, first, queued;
	int64_t lost;
};

/* -------- the queue -------- */

static void queue_put(struct poller *poller, const struct poll_result *poll)
{
	const struct itimerspec gather = {.it_value.tv_nsec = GATHER_MS * 1000000};

	pthread_mutex_lock(&poller->lock);
	if (poller->queued == 0)
		timerfd_settime(poller->fd, 0, &gather, NULL);
	if (poller->queued == poller->capacity) {
		poller->first = (poller->first + 1) % poller->capacity;
		poller->queued--;
		poller->lost++;
	}
	poller->queue[(poller->first + poller->queued) % poller->capacity] = *poll;
	poller->queued++;
	pthread_mutex_unlock(&poller->lock);
}

size_t poller_take(struct poller *poller, struct poll_result *polls, size_t room)
{
	const struct itimerspec never = {0};
	size_t taken = 0;

	pthread_mutex_lock(&poller->lock);
	while (taken < room && poller->queued > 0) {
		polls[taken++] = poller->queue[poller->first];
		poller->first = (poller->first + 1) % poller->capacity;
		poller->queued--;
	}
	if (poller->queued == 0)
		timerfd_settime(poller->fd, 0, &never, NULL);
	pthread_mutex_unlock(&poller->lock);
	return taken;
}

int poller_fd(const struct poller *poller)
{
	return poller->fd;
}

int64_t poller_lost(struct poller *poller)
{
	int64_t lost;

	pthread_mutex_lock(&poller->lock);
	lost = poller->lost;
	pthread_mutex_unlock(&poller->lock);
	return lost;
}

/* -------- one meter -------- */

/* Sleeps until `due` on the monotonic clock; false if the meter is to stop. */
static bool meter_sleep(struct meter_thread *meter, ms_t due)
{
	const struct timespec until = {
		.tv_sec = due / MS_PER_SECOND,
		.tv_nsec = due % MS_PER_SECOND * 1000000,
	};
	bool stop;
	int error = 0;

	pthread_mutex_lock(&meter->lock);
	while (!meter->stop && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&meter->wake, &meter->lock, &until);
	stop = meter->stop;
	pthread_mutex_unlock(&meter->lock);
	return !stop;
}

/* Reads the blocks that power and index need. */
static struct poll_result meter_poll(struct meter_thread *meter)
{
	struct poll_result poll = {.meter = meter->index, .measurement.wh = NAN};
	struct totals totals = totals_start(meter->profile);
	uint16_t registers[BLOCK_REGISTERS];

	for (size_t i = 0; i < meter->profile->blocks.count; i++) {
		const struct register_block *block = profile_block(meter->profile, i);
		ms_t asked;

		if (!block_is_polled(block))
			continue;
		asked = clock_boot();
		poll.result = link_read(meter->link, (int)block->function, (int)block->address,
					(int)block->count, registers);
		if (poll.result.outcome != LINK_DONE)
			return poll;
		totals_add(&totals, block, registers);
		if (block_has_index(block))
			poll.measurement.t = asked + (clock_boot() - asked) / 2;
	}
	poll.measurement.answered = true;
	poll.measurement.power_w = totals.power_w;
	poll.measurement.wh = totals_index(&totals);
	return poll;
}

/* When the next poll may begin. After an exception the connection is sound: no pause. */
static ms_t meter_earliest(struct meter_thread *meter, enum link_outcome outcome, ms_t now)
{
	if (outcome == LINK_DONE || outcome == LINK_EXCEPTION) {
		meter->broken = 0;
		return now;
	}
	if (meter->broken < 32)
		meter->broken++;
	return now + schedule_pause(meter->schedule.period_ms, meter->broken,
				    (uint32_t)rand_r(&meter->chance));
}

static void *meter_run(void *argument)
{
	struct meter_thread *meter = argument;

	while (meter_sleep(meter, schedule_due(&meter->schedule))) {
		struct poll_result poll = meter_poll(meter);
		ms_t now = clock_monotonic();

		schedule_next(&meter->schedule, meter_earliest(meter, poll.result.outcome, now));
		meter->polls++;
		meter->failed += !poll.measurement.answered;
		poll.polls = meter->polls;
		poll.failed = meter->failed;
		poll.missed = meter->schedule.missed;
		queue_put(meter->poller, &poll);
	}
	return NULL;
}

/* -------- opening and closing -------- */

/* Sees to it that every meter can have its connection. */
static bool descriptors_ensure(size_t meters, struct fail *fail)
{
	const rlim_t wanted = meters + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(fail, "cannot read the limit of open files: %s", strerror(errno));
	if (limit.rlim_cur >= wanted)
		return true;
	if (limit.rlim_max < wanted)
		return fail_set(fail,
				"%zu meters need %llu open files, the limit is %llu: raise it "
				"(ulimit -n, or LimitNOFILE= of the service)",
				meters, (unsigned long long)wanted,
				(unsigned long long)limit.rlim_max);
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(fail, "cannot raise the limit of open files: %s", strerror(errno));
	return true;
}

static bool meter_start(struct meter_thread *meter, const struct poller_meter *settings,
			const pthread_attr_t *attributes)
{
	pthread_condattr_t clock;

	meter->profile = settings->profile;
	meter->link = link_open(&settings->peer);
	if (getrandom(&meter->chance, sizeof(meter->chance), GRND_NONBLOCK) < 0)
		meter->chance = (unsigned int)meter->index;
	pthread_mutex_init(&meter->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&meter->wake, &clock);
	pthread_condattr_destroy(&clock);
	if (meter->link != NULL)
		meter->started = pthread_create(&meter->thread, attributes, meter_run, meter) == 0;
	return meter->started;
}

static bool meters_start(struct poller *poller, const struct poller_meter *settings, ms_t period_ms)
{
	pthread_attr_t attributes;
	ms_t now = clock_monotonic();
	bool started = true;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (size_t i = 0; i < poller->count && started; i++) {
		struct meter_thread *meter = &poller->meters[i];

		meter->poller = poller;
		meter->index = i;
		meter->schedule = schedule_start(now, period_ms, i, poller->count);
		started = meter_start(meter, &settings[i], &attributes);
	}
	pthread_attr_destroy(&attributes);
	return started;
}

struct poller *poller_open(const struct poller_meter *meters, size_t count, ms_t period_ms,
			   struct fail *fail)
{
	struct poller *poller;

	if (!descriptors_ensure(count, fail))
		return NULL;
	poller = calloc(1, sizeof(*poller));
	if (poller == NULL) {
		fail_set(fail, "out of memory");
		return NULL;
	}
	poller->count = count;
	poller->capacity = count * QUEUED_EACH;
	poller->meters = calloc(count, sizeof(*poller->meters));
	poller->queue = calloc(poller->capacity, sizeof(*poller->queue));
	pthread_mutex_init(&poller->lock, NULL);
	poller->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (poller->meters != NULL && poller->queue != NULL && poller->fd >= 0 &&
	    meters_start(poller, meters, period_ms))
		return poller;
	fail_set(fail, "cannot start polling %zu meters: %s", count, strerror(errno));
	poller_close(poller);
	return NULL;
}

static void meter_stop(struct meter_thread *meter)
{
	pthread_mutex_lock(&meter->lock);
	meter->stop = true;
	pthread_cond_signal(&meter->wake);
	pthread_mutex_unlock(&meter->lock);
}

/* False: the thread did not come to its end in time. */
static bool meter_close(struct meter_thread *meter, const struct timespec *until)
{
	if (meter->started && pthread_timedjoin_np(meter->thread, NULL, until) != 0)
		return false;
	link_close(meter->link);
	pthread_cond_destroy(&meter->wake);
	pthread_mutex_destroy(&meter->lock);
	return true;
}

void poller_stop(struct poller *poller)
{
	for (size_t i = 0; poller->meters != NULL && i < poller->count; i++) {
		if (poller->meters[i].started)
			meter_stop(&poller->meters[i]);
	}
}

void poller_close(struct poller *poller)
{
	struct timespec until;
	bool closed = true;

	if (poller == NULL)
		return;
	poller_stop(poller);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_SECONDS;
	for (size_t i = 0; poller->meters != NULL && i < poller->count; i++) {
		if (poller->meters[i].poller != NULL)
			closed &= meter_close(&poller->meters[i], &until);
	}
	if (!closed)
		return;
	if (poller->fd >= 0)
		close(poller->fd);
	pthread_mutex_destroy(&poller->lock);
	free(poller->queue);
	free(poller->meters);
	free(poller);
}
