/* edge_buffer.h - the edges of one meter as the kernel delivered them, in memory that outlives the
 * process.
 *
 * The memory is a file of its own (memfd_create(2)), which the service manager keeps together with
 * the descriptors of the lines. A process may be killed between any two instructions: its successor
 * finds each edge exactly once, and the state of the counter at each record (a checkpoint). It
 * counts and reports what its predecessor had not made durable, as if there had been no
 * interruption.
 *
 * Two threads use the buffer. The one that reads the lines calls only edge_buffer_read(), which
 * makes no system call except read(2), and takes no lock. The other one calls everything else. */
#ifndef COLLECTOR_METER_INPUT_EDGE_BUFFER_H
#define COLLECTOR_METER_INPUT_EDGE_BUFFER_H

#include "collector-meter/count/counter.h"
#include "collector-meter/input/lines_identity.h"
#include "common/base/fail.h"

struct edge_buffer;

/* NULL with a reason. */
struct edge_buffer *edge_buffer_new(enum gpio_abi abi, const struct lines_identity *identity,
				    struct fail *fail);

/* Takes over the buffer of another process, and owns `fd`; uses nothing in it unchecked. Returns
 * NULL with a reason, and leaves `fd` to the caller, if it is not an intact buffer of these lines.
 */
struct edge_buffer *edge_buffer_adopt(int fd, const struct lines_identity *identity,
				      struct fail *fail);

/* The memory persists while another process has its descriptor. NULL is allowed. */
void edge_buffer_close(struct edge_buffer *buffer);
int edge_buffer_fd(const struct edge_buffer *buffer);

/* -------- the thread that reads lines -------- */

enum edges_read {
	EDGES_READ,    /* some edges; there may be more */
	EDGES_NONE,    /* none at present */
	EDGES_NO_ROOM, /* the buffer is full: edges stay in the kernel */
	EDGES_GONE,    /* the descriptor will not deliver any more edges */
};

/* Moves edges from the descriptor of a line, which must not block, into the buffer. */
enum edges_read edge_buffer_read(struct edge_buffer *buffer, enum line_role role, int fd);

/* -------- the thread that counts -------- */

/* Takes the next edge (its source is not set). Returns false if there is none. */
bool edge_buffer_next(struct edge_buffer *buffer, struct edge *edge);

/* The number of edges to take, and the level after the edge that `skip` others precede. */
uint32_t edge_buffer_waiting(const struct edge_buffer *buffer);
bool edge_buffer_level(const struct edge_buffer *buffer, uint32_t skip);

/* Adds a point from which a successor can continue: the counter just returned a record with this
 * mark at `t` on the clock of the lines, which may or may not become durable. With MARK_NONE: it
 * just returned everything; `t` is ignored. `offset` is CLOCK_BOOTTIME less the clock of the lines.
 */
void edge_buffer_checkpoint(struct edge_buffer *buffer, const struct counter *counter,
			    enum mark mark, ms_t t, ms_t offset);

/* Frees the room of the edges before the newest checkpoint that has a state. Call it when all
 * records are durable, or when the buffer is nearly full, after a checkpoint with MARK_NONE: a
 * successor then loses the records before it that are not durable, but no pulse. */
void edge_buffer_release(struct edge_buffer *buffer);
bool edge_buffer_nearly_full(const struct edge_buffer *buffer);

/* Brings a new counter to the newest durable record (`point`; NULL: there is none), and an adopted
 * buffer to the edge after it. Returns false with a reason, and leaves the counter alone, if buffer
 * and record do not belong together. */
bool edge_buffer_resume(struct edge_buffer *buffer, const struct resume_point *point,
			struct counter *counter, struct fail *fail);

/* Everything in an adopted buffer has been counted without a crash. A buffer that was adopted 20
 * times without this is refused. */
void edge_buffer_confirm(struct edge_buffer *buffer);

#endif
