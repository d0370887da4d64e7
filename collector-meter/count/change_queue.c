#include "collector-meter/count/change_queue.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

void change_queue_free(struct change_queue *queue)
{
	free(queue->items);
	*queue = (struct change_queue){0};
}

void change_queue_add(struct change_queue *queue, const struct line_change *change)
{
	struct line_change *at;

	if (queue->end == queue->capacity && queue->first) {
		queue->end -= queue->first;
		memmove(queue->items, queue->items + queue->first,
			queue->end * sizeof(*queue->items));
		queue->first = 0;
	}
	queue->items =
		array_grow(queue->items, queue->end, &queue->capacity, sizeof(*queue->items));
	for (at = queue->items + queue->end; at > queue->items + queue->first; at--) {
		if (at[-1].level.since <= change->level.since)
			break;
		*at = at[-1];
	}
	*at = *change;
	queue->end++;
}

const struct line_change *change_queue_first(const struct change_queue *queue)
{
	return queue->first == queue->end ? NULL : &queue->items[queue->first];
}

struct line_change change_queue_take(struct change_queue *queue)
{
	struct line_change change = queue->items[queue->first++];

	if (queue->first == queue->end)
		queue->first = queue->end = 0;
	return change;
}
