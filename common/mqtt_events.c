#include "common/mqtt_events.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool event_queue_open(struct event_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	queue->first = NULL;
	queue->last = &queue->first;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return queue->fd >= 0;
}

void event_queue_close(struct event_queue *queue)
{
	struct event *event = event_take(queue);

	while (event) {
		struct event *next = event->next;

		free(event);
		event = next;
	}
	if (queue->fd >= 0)
		close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
}

struct event *event_new(enum event_kind kind, size_t size)
{
	struct event *event = calloc(1, sizeof(*event) + size);

	if (!event)
		abort();
	event->kind = kind;
	return event;
}

void event_put(struct event_queue *queue, struct event *event)
{
	bool was_empty;

	pthread_mutex_lock(&queue->lock);
	was_empty = !queue->first;
	*queue->last = event;
	queue->last = &event->next;
	pthread_mutex_unlock(&queue->lock);
	if (was_empty)
		eventfd_write(queue->fd, 1);
}

struct event *event_take(struct event_queue *queue)
{
	struct event *first;
	eventfd_t count;

	/* Before the queue is emptied: what comes after writes again. */
	eventfd_read(queue->fd, &count);
	pthread_mutex_lock(&queue->lock);
	first = queue->first;
	queue->first = NULL;
	queue->last = &queue->first;
	pthread_mutex_unlock(&queue->lock);
	return first;
}
