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
#include "common/base/memory.h"
#include "common/process/clock.h"

#define STACK_SIZE	  ((size_t)256 * 1024) /* for the resolver; unused pages cost nothing */
#define OTHER_DESCRIPTORS 64
#define CLOSE_MS	  (3 * MS_PER_SECOND)
#define GATHER_MS	  50 /* results are taken in batches: waking up costs more than publishing */
#define QUEUED_EACH	  8  /* capacity of the queue, in results of each meter */

/* What the thread of a meter uses. All of it belongs to the poller, since a thread that is stuck in
 * the resolver may outlive the settings. */
struct meter_thread {
	struct poller *poller;
	size_t index;
	struct register_block *blocks; /* those that power and index need */
	size_t block_count;
	struct totals totals; /* before any block */
	struct link *link;
	struct schedule schedule;
	unsigned int chance; /* state of rand_r() */
	int broken;	     /* failed connections in a row */
	int64_t polls, failed;
};

struct poller {
	size_t count;
	struct meter_thread *meters;
	int fd; /* timerfd */

	pthread_mutex_t lock;	   /* guards what follows */
	struct poll_result *queue; /* ring */
	size_t capacity, first, queued;
	int64_t lost;
	size_t users;	      /* running threads, and the owner until poller_close() */
	pthread_cond_t ended; /* `users` has changed */
	bool stop;
	pthread_cond_t wake; /* `stop` was set */
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

static struct timespec timespec_of(ms_t t)
{
	return (struct timespec){
		.tv_sec = t / MS_PER_SECOND,
		.tv_nsec = t % MS_PER_SECOND * 1000000,
	};
}

/* Sleeps until `due` on the monotonic clock. Returns false if polling is to stop. */
static bool poller_sleep(struct poller *poller, ms_t due)
{
	const struct timespec until = timespec_of(due);
	bool stop;
	int error = 0;

	pthread_mutex_lock(&poller->lock);
	while (!poller->stop && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&poller->wake, &poller->lock, &until);
	stop = poller->stop;
	pthread_mutex_unlock(&poller->lock);
	return !stop;
}

static struct poll_result meter_poll(struct meter_thread *meter)
{
	struct poll_result poll = {.meter = meter->index, .measurement.wh = NAN};
	struct totals totals = meter->totals;
	uint16_t registers[BLOCK_REGISTERS];

	for (size_t i = 0; i < meter->block_count; i++) {
		const struct register_block *block = &meter->blocks[i];
		ms_t asked = clock_boot();

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

/* Returns the earliest time of the next poll. An exception is an answer: no pause. */
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

static void poller_release(struct poller *poller);

static void *meter_run(void *argument)
{
	struct meter_thread *meter = argument;

	while (poller_sleep(meter->poller, schedule_due(&meter->schedule))) {
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
	poller_release(meter->poller);
	return NULL;
}

/* -------- opening and closing -------- */

/* Raises the limit of open files if the connections of all meters need it. */
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
				"%zu meter%s %llu open files, the limit is %llu: raise it "
				"(ulimit -n, or LimitNOFILE= of the service)",
				meters, meters == 1 ? " needs" : "s need",
				(unsigned long long)wanted, (unsigned long long)limit.rlim_max);
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return fail_set(fail, "cannot raise the limit of open files: %s", strerror(errno));
	return true;
}

static bool meter_start(struct meter_thread *meter, const struct poller_meter *settings,
			const pthread_attr_t *attributes)
{
	struct poller *poller = meter->poller;
	pthread_t thread;

	meter->blocks = profile_polled_blocks(settings->profile, &meter->block_count);
	meter->totals = totals_start(settings->profile);
	meter->link = link_open(&settings->peer);
	if (getrandom(&meter->chance, sizeof(meter->chance), GRND_NONBLOCK) < 0)
		meter->chance = (unsigned int)meter->index;
	pthread_mutex_lock(&poller->lock);
	poller->users++;
	pthread_mutex_unlock(&poller->lock);
	if (pthread_create(&thread, attributes, meter_run, meter) == 0)
		return true;
	poller_release(poller);
	return false;
}

static bool meters_start(struct poller *poller, const struct poller_meter *settings, ms_t period_ms)
{
	pthread_attr_t attributes;
	ms_t now = clock_monotonic();
	bool started = true;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
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

static void locks_init(struct poller *poller)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&poller->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&poller->ended, &monotonic);
	pthread_cond_init(&poller->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct poller *poller_open(const struct poller_meter *meters, size_t count, ms_t period_ms,
			   struct fail *fail)
{
	struct poller *poller;

	if (!descriptors_ensure(count, fail))
		return NULL;
	poller = allocate(1, sizeof(*poller));
	locks_init(poller);
	poller->users = 1;
	poller->count = count;
	poller->capacity = count * QUEUED_EACH;
	poller->meters = allocate(count, sizeof(*poller->meters));
	poller->queue = allocate(poller->capacity, sizeof(*poller->queue));
	poller->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (poller->fd >= 0 && meters_start(poller, meters, period_ms))
		return poller;
	fail_set(fail, "cannot start polling %zu meter%s: %s", count, count == 1 ? "" : "s",
		 strerror(errno));
	poller_close(poller);
	return NULL;
}

static void poller_free(struct poller *poller)
{
	for (size_t i = 0; i < poller->count; i++) {
		link_close(poller->meters[i].link);
		free(poller->meters[i].blocks);
	}
	if (poller->fd >= 0)
		close(poller->fd);
	pthread_cond_destroy(&poller->wake);
	pthread_cond_destroy(&poller->ended);
	pthread_mutex_destroy(&poller->lock);
	free(poller->queue);
	free(poller->meters);
	free(poller);
}

/* One user less; the last one frees the poller. */
static void poller_release(struct poller *poller)
{
	bool last;

	pthread_mutex_lock(&poller->lock);
	last = --poller->users == 0;
	pthread_cond_signal(&poller->ended);
	pthread_mutex_unlock(&poller->lock);
	if (last)
		poller_free(poller);
}

void poller_stop(struct poller *poller)
{
	pthread_mutex_lock(&poller->lock);
	poller->stop = true;
	pthread_cond_broadcast(&poller->wake);
	pthread_mutex_unlock(&poller->lock);
}

void poller_close(struct poller *poller)
{
	const struct timespec until = timespec_of(clock_monotonic() + CLOSE_MS);
	int error = 0;

	if (poller == NULL)
		return;
	poller_stop(poller);
	pthread_mutex_lock(&poller->lock);
	while (poller->users > 1 && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&poller->ended, &poller->lock, &until);
	pthread_mutex_unlock(&poller->lock);
	poller_release(poller);
}
