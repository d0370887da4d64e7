/* change_queue.h - changes on the lines of one meter that are real, in the order of their times. */
#ifndef COLLECTOR_METER_COUNT_CHANGE_QUEUE_H
#define COLLECTOR_METER_COUNT_CHANGE_QUEUE_H

#include "collector-meter/count/qualifier.h"

/* A real level, or a loss of edges. */
struct line_change {
	enum line_role role;
	struct level level; /* of a loss: only its time */
	bool is_loss;
	int64_t lost; /* edges; 0: whether there were any, and how many, is not known */
};

/* Zeroed: empty. */
struct change_queue {
	struct line_change *items;
	size_t first, end, capacity; /* items from `first` to before `end` are in the queue */
};

void change_queue_free(struct change_queue *queue);

/* Inserts a change behind all that are not later than it. */
void change_queue_add(struct change_queue *queue, const struct line_change *change);

/* NULL if the queue is empty. */
const struct line_change *change_queue_first(const struct change_queue *queue);

/* Removes the first change of a queue that is not empty. */
struct line_change change_queue_take(struct change_queue *queue);

#endif
