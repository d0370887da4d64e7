/* Edges from the kernel into an edge buffer, and from there to the counter. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector-meter/input/edge_buffer.h"
#include "collector-meter/input/edge_memory.h"

/* -------- the thread that reads lines -------- */

static size_t event_size(const struct edge_memory *memory)
{
	return memory->abi == GPIO_ABI_1 ? sizeof(struct gpioevent_data)
					 : sizeof(struct gpio_v2_line_event);
}

static size_t events_at_once(const struct edge_memory *memory)
{
	return memory->abi == GPIO_ABI_1 ? STAGED_EVENTS_1 : STAGED_EVENTS_2;
}

/* Decodes event number `i` of the staging area. Returns false if there is none. */
static bool staged(const struct edge_memory *memory, size_t i, struct stored_edge *edge)
{
	const unsigned char *at = memory->staging + i * event_size(memory);
	struct gpio_v2_line_event event = {0};
	struct gpioevent_data event_1;

	if (memory->abi == GPIO_ABI_1) {
		memcpy(&event_1, at, sizeof(event_1));
		event.timestamp_ns = event_1.timestamp;
		event.id = event_1.id;
	} else {
		memcpy(&event, at, sizeof(event));
	}
	*edge = (struct stored_edge){
		.t = (int64_t)event.timestamp_ns,
		.sequence = event.line_seqno,
		/* Both ABIs number the directions alike. */
		.flags = event.id == GPIO_V2_LINE_EVENT_RISING_EDGE ? EDGE_ON : 0,
	};
	return event.id != 0;
}

static void append_staged(struct edge_memory *memory)
{
	uint32_t base = atomic_load(&memory->staging_base);
	uint32_t role = atomic_load(&memory->staging_role);
	size_t most = events_at_once(memory);
	struct stored_edge edge;
	size_t count = 0;

	while (count < most && staged(memory, count, &edge)) {
		edge.role = (uint8_t)role;
		if (memory->abi == GPIO_ABI_1 && count == most - 1)
			edge.flags |= EDGE_FULL;
		memory->edges[(base + count) % EDGES] = edge;
		count++;
	}
	store_ordered(&memory->written, base + (uint32_t)count);
	memset(memory->staging, 0, most * event_size(memory));
}

enum edges_read edge_buffer_read(struct edge_buffer *buffer, enum line_role role, int fd)
{
	struct edge_memory *memory = buffer->memory;
	size_t most = events_at_once(memory);
	ssize_t size;

	if (EDGES - edges_held(memory) < most)
		return EDGES_NO_ROOM;
	/* Nothing is staged, or it has been appended, so these may be overwritten. */
	store_ordered(&memory->staging_role, role);
	store_ordered(&memory->staging_base, atomic_load(&memory->written));
	size = read(fd, memory->staging, most * event_size(memory));
	if (size > 0) {
		append_staged(memory);
		return EDGES_READ;
	}
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return EDGES_NONE;
	return EDGES_GONE;
}

bool edge_memory_finish_read(struct edge_memory *memory, struct fail *fail)
{
	struct stored_edge edge;

	if (edges_held(memory) > EDGES)
		return fail_set(fail, "it is damaged (%u edges)", edges_held(memory));
	if (atomic_load(&memory->staging_base) == atomic_load(&memory->written) &&
	    staged(memory, 0, &edge)) {
		if (EDGES - edges_held(memory) < events_at_once(memory))
			return fail_set(fail, "it is damaged (staging area)");
		append_staged(memory);
	}
	memset(memory->staging, 0, sizeof(memory->staging));
	return true;
}

/* -------- the thread that counts -------- */

uint32_t edge_buffer_waiting(const struct edge_buffer *buffer)
{
	return atomic_load(&buffer->memory->written) - buffer->position;
}

bool edge_buffer_level(const struct edge_buffer *buffer, uint32_t skip)
{
	return buffer->memory->edges[(buffer->position + skip) % EDGES].flags & EDGE_ON;
}

bool edge_buffer_next(struct edge_buffer *buffer, struct edge *edge)
{
	const struct edge_memory *memory = buffer->memory;
	const struct stored_edge *stored = &memory->edges[buffer->position % EDGES];
	bool numbered = memory->abi == GPIO_ABI_2;
	uint32_t lost;

	if (!edge_buffer_waiting(buffer))
		return false;
	lost = stored->sequence - buffer->sequence[stored->role] - 1;
	*edge = (struct edge){
		.role = (enum line_role)stored->role,
		.on = stored->flags & EDGE_ON,
		.t = stored->t,
		.lost = numbered ? lost : 0,
		.numbered = numbered,
		.full = stored->flags & EDGE_FULL,
	};
	buffer->sequence[stored->role] = stored->sequence;
	buffer->position++;
	return true;
}
