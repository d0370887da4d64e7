#include <string.h>

#include "collector-meter/count/counter.h"

/* A record that can be due at a bin's end. */
#define MARKS_DUE                                                                                  \
	(1u << MARK_START | 1u << MARK_CONTACTS | 1u << MARK_TOP10 | 1u << MARK_MINUTE |           \
	 1u << MARK_STOP)

bool counter_save(const struct counter *counter, struct counter_state *state)
{
	const struct change_queue *queue = &counter->changes;
	size_t count = queue->end - queue->first;

	if (!counter->running || count > COUNTER_STATE_CHANGES || counter->bin_open)
		return false;
	memset(state, 0, sizeof(*state));
	state->counter = *counter;
	state->counter.changes = (struct change_queue){.end = count};
	if (count)
		memcpy(state->changes, queue->items + queue->first,
		       count * sizeof(*state->changes));
	return true;
}

bool counter_state_valid(const struct counter_state *state)
{
	const struct counter *counter = &state->counter;

	if (!counter->running || counter->bin_open || (counter->marks & ~MARKS_DUE) ||
	    counter->changes.first || counter->changes.end > COUNTER_STATE_CHANGES)
		return false;
	for (size_t i = 0; i < counter->changes.end; i++)
		if ((unsigned)state->changes[i].role >= LINE_ROLES)
			return false;
	return true;
}

void counter_restore(struct counter *counter, const struct counter_state *state)
{
	struct counter fresh = *counter;

	*counter = state->counter;
	counter->config = fresh.config;
	for (int role = 0; role < LINE_ROLES; role++)
		memcpy(counter->lines[role].minimum, fresh.lines[role].minimum,
		       sizeof(counter->lines[role].minimum));
	counter->changes = (struct change_queue){0};
	for (size_t i = 0; i < state->counter.changes.end; i++)
		change_queue_add(&counter->changes, &state->changes[i]);
}
