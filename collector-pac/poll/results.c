#include "collector-pac/poll/results.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/memory.h"

#define GATHER_MS 50 /* results are taken in batches: waking up costs more than publishing */

struct results {
	int fd; /* timerfd */

	pthread_mutex_t lock;	   /* guards what follows */
	struct poll_result *queue; /* ring */
	size_t capacity, first, queued;
	int64_t lost;
};

struct results *results_open(size_t capacity)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct results *results;

	if (fd < 0)
		return NULL;
	results = allocate(1, sizeof(*results));
	results->fd = fd;
	results->capacity = capacity;
	results->queue = allocate(capacity, sizeof(*results->queue));
	pthread_mutex_init(&results->lock, NULL);
	return results;
}

void results_close(struct results *results)
{
	if (results == NULL)
		return;
	close(results->fd);
	pthread_mutex_destroy(&results->lock);
	free(results->queue);
	free(results);
}

void results_put(struct results *results, const struct poll_result *poll)
{
	const struct itimerspec gather = {.it_value.tv_nsec = GATHER_MS * NS_PER_MS};

	pthread_mutex_lock(&results->lock);
	if (results->queued == 0)
		timerfd_settime(results->fd, 0, &gather, NULL);
	if (results->queued == results->capacity) {
		results->first = (results->first + 1) % results->capacity;
		results->queued--;
		results->lost++;
	}
	results->queue[(results->first + results->queued) % results->capacity] = *poll;
	results->queued++;
	pthread_mutex_unlock(&results->lock);
}

size_t results_take(struct results *results, struct poll_result *polls, size_t room)
{
	const struct itimerspec never = {0};
	size_t taken = 0;

	pthread_mutex_lock(&results->lock);
	while (taken < room && results->queued > 0) {
		polls[taken++] = results->queue[results->first];
		results->first = (results->first + 1) % results->capacity;
		results->queued--;
	}
	if (results->queued == 0)
		timerfd_settime(results->fd, 0, &never, NULL);
	pthread_mutex_unlock(&results->lock);
	return taken;
}

int results_fd(const struct results *results)
{
	return results->fd;
}

int64_t results_lost(struct results *results)
{
	int64_t lost;

	pthread_mutex_lock(&results->lock);
	lost = results->lost;
	pthread_mutex_unlock(&results->lock);
	return lost;
}
