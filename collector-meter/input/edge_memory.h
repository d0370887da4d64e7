/* edge_memory.h - the layout of an edge buffer in memory; for its implementation only.
 *
 * The thread that reads lines writes `written`, the staging area and the edges; the other thread
 * writes the rest.
 *
 * read(2) itself takes an edge from the kernel's queue, so the edge must be safe there and then. It
 * goes to the staging area, which is all zero before; `staging_role` and `staging_base` hold
 * its line and the number of edges before it. Then the staged edges are appended, and the store to
 * `written` makes all of them valid at once; then the staging area is zeroed. A successor that
 * finds something staged after `written` edges still has to append it; anything else that is staged
 * has been appended. */
#ifndef COLLECTOR_METER_INPUT_EDGE_MEMORY_H
#define COLLECTOR_METER_INPUT_EDGE_MEMORY_H

#include <linux/gpio.h>
#include <stdatomic.h>

#include "collector-meter/input/lines_identity.h"
#include "common/base/fail.h"

#define EDGE_MEMORY_MAGIC  UINT32_C(0x577a4a31)
#define EDGE_MEMORY_LAYOUT (UINT32_C(1) << 16 | COUNTER_LAYOUT)

/* 5 minutes at 50 pulses a second. Powers of two, since positions wrap at 2^32. */
#define EDGES	    32768u
#define CHECKPOINTS 64u

#define ADOPTIONS 20

#define STAGED_EVENTS_1 16 /* the kernel queues no more for a line */
#define STAGED_EVENTS_2 64
#define STAGING_SIZE	(STAGED_EVENTS_2 * sizeof(struct gpio_v2_line_event))

#define EDGE_ON	  1
#define EDGE_FULL 2

struct stored_edge {
	int64_t t;
	uint32_t sequence; /* number on its line; ABI 2 */
	uint8_t role, flags;
	uint16_t unused;
};

/* A record that was returned, and the counter's state then. The first checkpoint has a state. */
struct checkpoint {
	uint64_t sum;	 /* of all that follows */
	int64_t t, boot; /* on the clock of the lines, and on CLOCK_BOOTTIME */
	uint32_t mark;
	uint32_t has_state;
	uint32_t position; /* of the next edge */
	uint32_t sequence[LINE_ROLES];
	struct counter_state state;
};

struct edge_memory {
	uint32_t magic, layout, size, abi;
	struct lines_identity identity;
	_Atomic uint32_t written;  /* edges so far */
	_Atomic uint32_t released; /* edges that are no longer needed */
	_Atomic uint32_t checkpoint_first, checkpoint_end;
	_Atomic uint32_t adoptions; /* by processes that have not confirmed it */
	_Atomic uint32_t staging_base;
	_Atomic uint32_t staging_role;
	_Alignas(8) unsigned char staging[STAGING_SIZE];
	struct checkpoint checkpoints[CHECKPOINTS];
	struct stored_edge edges[EDGES];
};

struct edge_buffer {
	struct edge_memory *memory;
	int fd;
	/* Of the thread that counts. */
	uint32_t position;
	uint32_t sequence[LINE_ROLES];
};

/* Stores a value before everything that follows. A killed process has executed its stores up to
 * some instruction, so only the compiler must not reorder them. */
static inline void store_ordered(_Atomic uint32_t *field, uint32_t value)
{
	atomic_store(field, value);
	atomic_signal_fence(memory_order_seq_cst);
}

static inline uint32_t edges_held(const struct edge_memory *memory)
{
	return atomic_load(&memory->written) - atomic_load(&memory->released);
}

static inline struct checkpoint *checkpoint_at(const struct edge_buffer *buffer, uint32_t at)
{
	return &buffer->memory->checkpoints[at % CHECKPOINTS];
}

uint64_t checkpoint_sum(const struct checkpoint *checkpoint);

/* Completes an edge_buffer_read() in which a process was killed. False with a reason. */
bool edge_memory_finish_read(struct edge_memory *memory, struct fail *fail);

#endif
