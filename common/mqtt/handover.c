#include "common/mqtt/handover.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define WAITING_MAXIMUM ((size_t)64 << 20)
/* A buffer that a burst made larger than this is given back. */
#define KEPT_MAXIMUM ((size_t)1 << 20)

#define GATHER_NS 1000000

struct buffer {
	char *bytes;
	size_t used;
	size_t room;
};

struct handover {
	pthread_mutex_t lock;
	struct buffer filling;	/* under the lock */
	int64_t dropped;	/* under the lock */
	bool urgent;		/* under the lock: something in `filling` is */
	struct buffer draining; /* the taker's own */
	size_t position;	/* in `draining` */
	int fd;			/* a timer */
};

struct handover *handover_open(void)
{
	struct handover *handover = calloc(1, sizeof(*handover));

	if (!handover)
		return NULL;
	handover->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (handover->fd < 0) {
		free(handover);
		return NULL;
	}
	pthread_mutex_init(&handover->lock, NULL);
	return handover;
}

void handover_close(struct handover *handover)
{
	if (!handover)
		return;
	close(handover->fd);
	pthread_mutex_destroy(&handover->lock);
	free(handover->filling.bytes);
	free(handover->draining.bytes);
	free(handover);
}

int handover_fd(const struct handover *handover)
{
	return handover->fd;
}

static bool buffer_grow(struct buffer *buffer, size_t needed)
{
	size_t room = buffer->room ? buffer->room : 4096;
	char *bytes;

	while (room < needed)
		room *= 2;
	bytes = realloc(buffer->bytes, room);
	if (!bytes)
		return false;
	buffer->bytes = bytes;
	buffer->room = room;
	return true;
}

static size_t aligned(size_t size)
{
	return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* The four parts follow the event in this order, each with a 0 after it. */
static char *part_put(char *to, const struct bytes *part)
{
	if (!part->data)
		return to;
	memcpy(to, part->data, part->size);
	to[part->size] = 0;
	return to + part->size + 1;
}

static const char *part_take(const char *from, struct bytes *part)
{
	if (!part->data)
		return from;
	part->data = from;
	return from + part->size + 1;
}

static size_t part_size(const struct bytes *part)
{
	return part->data ? part->size + 1 : 0;
}

static size_t event_size(const struct event *event)
{
	return aligned(sizeof(*event) + part_size(&event->text) + part_size(&event->payload) +
		       part_size(&event->response_topic) + part_size(&event->correlation));
}

/* Waking costs more than the messages themselves: they are gathered for a millisecond. What a
 * program waits for, it gets at once. */
static void taker_wake(struct handover *handover, bool urgent)
{
	struct itimerspec when = {.it_value.tv_nsec = urgent ? 1 : GATHER_NS};

	timerfd_settime(handover->fd, 0, &when, NULL);
}

void handover_put(struct handover *handover, const struct event *event)
{
	struct buffer *buffer = &handover->filling;
	size_t size = event_size(event);
	bool urgent = event->kind != EVENT_MESSAGE;
	bool wakes;
	char *to;

	pthread_mutex_lock(&handover->lock);
	if ((event->kind == EVENT_MESSAGE && buffer->used + size > WAITING_MAXIMUM) ||
	    (buffer->used + size > buffer->room && !buffer_grow(buffer, buffer->used + size))) {
		handover->dropped++;
		pthread_mutex_unlock(&handover->lock);
		return;
	}
	to = buffer->bytes + buffer->used;
	memcpy(to, event, sizeof(*event));
	to = part_put(to + sizeof(*event), &event->text);
	to = part_put(to, &event->payload);
	to = part_put(to, &event->response_topic);
	part_put(to, &event->correlation);
	wakes = buffer->used == 0 || (urgent && !handover->urgent);
	handover->urgent = urgent || (handover->urgent && buffer->used > 0);
	buffer->used += size;
	pthread_mutex_unlock(&handover->lock);
	if (wakes)
		taker_wake(handover, urgent);
}

void handover_begin(struct handover *handover)
{
	struct buffer emptied = handover->draining;
	uint64_t ignored;

	emptied.used = 0;
	if (emptied.room > KEPT_MAXIMUM) {
		free(emptied.bytes);
		emptied = (struct buffer){0};
	}
	/* Before the swap: what is put after it must wake the taker again. */
	(void)!read(handover->fd, &ignored, sizeof(ignored));
	pthread_mutex_lock(&handover->lock);
	handover->draining = handover->filling;
	handover->filling = emptied;
	pthread_mutex_unlock(&handover->lock);
	handover->position = 0;
}

bool handover_next(struct handover *handover, struct event *event)
{
	const char *from;

	if (handover->position >= handover->draining.used)
		return false;
	from = handover->draining.bytes + handover->position;
	memcpy(event, from, sizeof(*event));
	handover->position += event_size(event);
	from = part_take(from + sizeof(*event), &event->text);
	from = part_take(from, &event->payload);
	from = part_take(from, &event->response_topic);
	part_take(from, &event->correlation);
	return true;
}

void handover_clear(struct handover *handover)
{
	handover_begin(handover);
	handover->draining.used = 0;
}

int64_t handover_dropped(struct handover *handover)
{
	int64_t dropped;

	pthread_mutex_lock(&handover->lock);
	dropped = handover->dropped;
	handover->dropped = 0;
	pthread_mutex_unlock(&handover->lock);
	return dropped;
}
