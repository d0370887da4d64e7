/* The checkpoints of an edge buffer, and how a successor continues from them. */
#include <string.h>

#include "collector-meter/input/edge_buffer.h"
#include "collector-meter/input/edge_memory.h"
#include "common/base/hash.h"

#define NEARLY_FULL (EDGES / 4 * 3)

uint64_t checkpoint_sum(const struct checkpoint *checkpoint)
{
	size_t start = sizeof(checkpoint->sum);

	return hash_bytes(HASH_START, (const char *)checkpoint + start,
			  sizeof(*checkpoint) - start);
}

void edge_buffer_checkpoint(struct edge_buffer *buffer, const struct counter *counter,
			    enum mark mark, ms_t t, ms_t offset)
{
	struct edge_memory *memory = buffer->memory;
	uint32_t first = atomic_load(&memory->checkpoint_first);
	uint32_t end = atomic_load(&memory->checkpoint_end);
	struct checkpoint *checkpoint;

	/* If there is no room, replace the newest one: a successor then continues from an older
	 * one, and skips what was reported since. */
	if (end - first == CHECKPOINTS)
		store_ordered(&memory->checkpoint_end, --end);
	checkpoint = checkpoint_at(buffer, end);
	memset(checkpoint, 0, sizeof(*checkpoint));
	checkpoint->has_state = counter_save(counter, &checkpoint->state);
	if (!checkpoint->has_state && end == first)
		return;
	checkpoint->t = mark == MARK_NONE ? counter->decided - 1 : t;
	checkpoint->boot = checkpoint->t + offset;
	checkpoint->mark = mark;
	checkpoint->position = buffer->position;
	memcpy(checkpoint->sequence, buffer->sequence, sizeof(checkpoint->sequence));
	checkpoint->sum = checkpoint_sum(checkpoint);
	store_ordered(&memory->checkpoint_end, end + 1);
}

/* Returns the newest checkpoint up to `at` that has a state. */
static uint32_t with_state(const struct edge_buffer *buffer, uint32_t at)
{
	while (at != atomic_load(&buffer->memory->checkpoint_first) &&
	       !checkpoint_at(buffer, at)->has_state)
		at--;
	return at;
}

static void release_before(struct edge_buffer *buffer, uint32_t first)
{
	store_ordered(&buffer->memory->checkpoint_first, first);
	store_ordered(&buffer->memory->released, checkpoint_at(buffer, first)->position);
}

void edge_buffer_release(struct edge_buffer *buffer)
{
	uint32_t first = atomic_load(&buffer->memory->checkpoint_first);
	uint32_t end = atomic_load(&buffer->memory->checkpoint_end);

	if (end - first > 1)
		release_before(buffer, with_state(buffer, end - 1));
}

bool edge_buffer_nearly_full(const struct edge_buffer *buffer)
{
	return edges_held(buffer->memory) > NEARLY_FULL;
}

/* -------- a successor -------- */

static bool is_at(const struct checkpoint *checkpoint, const struct resume_point *point)
{
	return checkpoint->boot == point->boot && checkpoint->mark == point->mark;
}

/* Finds the checkpoint at `point`, or the newest one that is not later. Returns false if there is
 * none. */
static bool find_checkpoint(const struct edge_buffer *buffer, const struct resume_point *point,
			    uint32_t *found)
{
	uint32_t first = atomic_load(&buffer->memory->checkpoint_first);
	uint32_t end = atomic_load(&buffer->memory->checkpoint_end);
	bool has_found = false;

	/* The memory itself is of this boot. */
	for (uint32_t at = end; point->this_boot && at != first; at--) {
		const struct checkpoint *checkpoint = checkpoint_at(buffer, at - 1);

		if (checkpoint->boot > point->boot)
			continue;
		if (is_at(checkpoint, point)) {
			*found = at - 1;
			return true;
		}
		if (!has_found)
			*found = at - 1;
		has_found = true;
	}
	return has_found;
}

/* Restores checkpoint `at`; those after `newest` will be made again. */
static void restore(struct edge_buffer *buffer, uint32_t at, uint32_t newest,
		    struct counter *counter)
{
	const struct checkpoint *checkpoint = checkpoint_at(buffer, at);

	counter_restore(counter, &checkpoint->state);
	buffer->position = checkpoint->position;
	memcpy(buffer->sequence, checkpoint->sequence, sizeof(buffer->sequence));
	store_ordered(&buffer->memory->checkpoint_end, newest + 1);
	release_before(buffer, at);
}

/* Continues after `point`, which checkpoint `at` does not follow. */
static void resume_at(struct edge_buffer *buffer, uint32_t at, const struct resume_point *point,
		      struct counter *counter)
{
	const struct checkpoint *checkpoint = checkpoint_at(buffer, at);
	bool same = is_at(checkpoint, point);
	/* The machine may have slept between the two, so only the same record has a certain time on
	 * the clock of the lines. */
	ms_t t = same ? checkpoint->t : point->boot - (checkpoint->boot - checkpoint->t);
	uint32_t from = with_state(buffer, at);

	restore(buffer, from, at, counter);
	if (from != at || !same)
		counter_resume(counter, t, point->mark);
	counter->pulses = point->pulses;
}

bool edge_buffer_resume(struct edge_buffer *buffer, const struct resume_point *point,
			struct counter *counter, struct fail *fail)
{
	uint32_t at = atomic_load(&buffer->memory->checkpoint_first);

	if (at == atomic_load(&buffer->memory->checkpoint_end))
		return fail_set(fail, "it holds no count");
	if (point && find_checkpoint(buffer, point, &at)) {
		resume_at(buffer, at, point, counter);
		return true;
	}
	/* The outbox is older, or new: the count is here. */
	if (point && point->pulses > checkpoint_at(buffer, at)->state.counter.pulses)
		return fail_set(fail, "the outbox holds another count");
	restore(buffer, at, at, counter);
	return true;
}

void edge_buffer_confirm(struct edge_buffer *buffer)
{
	atomic_store(&buffer->memory->adoptions, 0);
}
