#include "common/mqtt/event_queue.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/memory.h"

#define WAITING_MAXIMUM ((size_t)64 << 20)
/* A buffer that a burst made larger than this is freed after use. */
#define REUSED_MAXIMUM ((size_t)1 << 20)

#define GATHER_NS 1000000

struct buffer {
	char *bytes;
	size_t used;
	size_t room;
};

struct event_queue {
	pthread_mutex_t lock;
	struct buffer filling;	/* under the lock */
	int64_t dropped;	/* under the lock */
	bool urgent;		/* under the lock: something in `filling` is */
	struct buffer draining; /* the taker's own */
	size_t position;	/* in `draining` */
	int fd;			/* a timer */
};

struct event_queue *event_queue_open(void)
{
	struct event_queue *queue = allocate(1, sizeof(*queue));

	queue->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (queue->fd < 0) {
		free(queue);
		return NULL;
	}
	pthread_mutex_init(&queue->lock, NULL);
	return queue;
}

void event_queue_close(struct event_queue *queue)
{
	if (!queue)
		return;
	close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	free(queue->filling.bytes);
	free(queue->draining.bytes);
	free(queue);
}

int event_queue_fd(const struct event_queue *queue)
{
	return queue->fd;
}

static void buffer_grow(struct buffer *buffer, size_t needed)
{
	size_t room = buffer->room ? buffer->room : 4096;

	if (buffer->room >= needed)
		return;
	while (room < needed)
		room *= 2;
	buffer->bytes = reallocate(buffer->bytes, room, 1);
	buffer->room = room;
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

static size_t event_size(const struct mqtt_event *event)
{
	return aligned(sizeof(*event) + part_size(&event->text) + part_size(&event->payload) +
		       part_size(&event->response_topic) + part_size(&event->correlation));
}

/* A wake-up costs more than the messages themselves: they are gathered for a millisecond. Other
 * events, which a program waits for, wake it at once. */
static void taker_wake(struct event_queue *queue, bool urgent)
{
	struct itimerspec when = {.it_value.tv_nsec = urgent ? 1 : GATHER_NS};

	timerfd_settime(queue->fd, 0, &when, NULL);
}

void event_queue_put(struct event_queue *queue, const struct mqtt_event *event)
{
	struct buffer *buffer = &queue->filling;
	size_t size = event_size(event);
	bool urgent = event->kind != EVENT_MESSAGE;
	bool wakes;
	char *to;

	pthread_mutex_lock(&queue->lock);
	if (event->kind == EVENT_MESSAGE && buffer->used + size > WAITING_MAXIMUM) {
		queue->dropped++;
		pthread_mutex_unlock(&queue->lock);
		return;
	}
	buffer_grow(buffer, buffer->used + size);
	to = buffer->bytes + buffer->used;
	memcpy(to, event, sizeof(*event));
	to = part_put(to + sizeof(*event), &event->text);
	to = part_put(to, &event->payload);
	to = part_put(to, &event->response_topic);
	part_put(to, &event->correlation);
	wakes = buffer->used == 0 || (urgent && !queue->urgent);
	queue->urgent = urgent || (queue->urgent && buffer->used > 0);
	buffer->used += size;
	pthread_mutex_unlock(&queue->lock);
	if (wakes)
		taker_wake(queue, urgent);
}

void event_queue_begin(struct event_queue *queue)
{
	struct buffer emptied = queue->draining;
	uint64_t ignored;

	emptied.used = 0;
	if (emptied.room > REUSED_MAXIMUM) {
		free(emptied.bytes);
		emptied = (struct buffer){0};
	}
	/* Before the swap: what is put after it must wake the taker again. */
	(void)!read(queue->fd, &ignored, sizeof(ignored));
	pthread_mutex_lock(&queue->lock);
	queue->draining = queue->filling;
	queue->filling = emptied;
	pthread_mutex_unlock(&queue->lock);
	queue->position = 0;
}

bool event_queue_next(struct event_queue *queue, struct mqtt_event *event)
{
	const char *from;

	if (queue->position >= queue->draining.used)
		return false;
	from = queue->draining.bytes + queue->position;
	memcpy(event, from, sizeof(*event));
	queue->position += event_size(event);
	from = part_take(from + sizeof(*event), &event->text);
	from = part_take(from, &event->payload);
	from = part_take(from, &event->response_topic);
	part_take(from, &event->correlation);
	return true;
}

void event_queue_clear(struct event_queue *queue)
{
	event_queue_begin(queue);
	queue->draining.used = 0;
}

int64_t event_queue_dropped(struct event_queue *queue)
{
	int64_t dropped;

	pthread_mutex_lock(&queue->lock);
	dropped = queue->dropped;
	queue->dropped = 0;
	pthread_mutex_unlock(&queue->lock);
	return dropped;
}
