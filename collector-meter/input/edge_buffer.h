/* journal.h - the edges of one meter as the kernel gave them, in memory that outlives the process.
 *
 * The memory is a file of its own (memfd_create(2)), which the service manager keeps together with
 * the descriptors of the lines. It is written so that a process may be killed between any two
 * instructions: its successor finds each edge once, and the counter as it was with each record that
 * was told. So it counts and tells what its predecessor had not brought to the disk, as if nothing
 * had been.
 *
 * Two threads use it. One reads lines, and calls nothing but edge_buffer_read(); it makes no system
 * call but read(2), and waits for nobody. The other one does the rest. */
#ifndef COLLECTOR_METER_INPUT_EDGE_BUFFER_H
#define COLLECTOR_METER_INPUT_EDGE_BUFFER_H

#include "collector-meter/count/counter.h"
#include "common/base/fail.h"

/* Of an edge in the kernel's own words (linux/gpio.h). */
enum gpio_abi {
	GPIO_ABI_1 = 1, /* struct gpioevent_data; libgpiod 1 */
	GPIO_ABI_2 = 2, /* struct gpio_v2_line_event; libgpiod 2 */
};

/* Which lines these are; what is the same text is the same line in the same mode. */
#define LINE_IDENTITY_SIZE 256
struct lines_identity {
	char lines[LINE_ROLES][LINE_IDENTITY_SIZE]; /* "": there is none */
};

struct edge_buffer;

/* NULL with a reason. */
struct edge_buffer *edge_buffer_new(enum gpio_abi abi, const struct lines_identity *identity,
				    struct fail *fail);

/* Takes over what another process left; looks at nothing that is not proven. NULL with a reason,
 * and `fd` is as it was, where it is no journal of these lines. */
struct edge_buffer *edge_buffer_adopt(int fd, const struct lines_identity *identity,
				      struct fail *fail);

/* The memory stays while somebody else has its descriptor. May be NULL. */
void edge_buffer_close(struct edge_buffer *buffer);
int edge_buffer_fd(const struct edge_buffer *buffer);

/* -------- the thread that reads lines -------- */

enum edges_read {
	EDGES_READ,    /* some edges; there may be more */
	EDGES_NONE,    /* there are none now */
	EDGES_NO_ROOM, /* no room: they stay in the kernel */
	EDGES_GONE,    /* nothing will come from this descriptor any more */
};

/* Moves edges from the descriptor of a line, which does not block, into the journal. */
enum edges_read edge_buffer_read(struct edge_buffer *buffer, enum line_role role, int fd);

/* -------- the one that counts -------- */

/* The next edge that was read (but for its source). */
bool edge_buffer_next(struct edge_buffer *buffer, struct edge *edge);

/* A successor can go on from here: the counter just gave a record with this mark (or, with
 * MARK_NONE, nothing more; `t` is of no use then), and it, or some before it, may be on the disk.
 * `t` is its time on the clock of the lines, `offset` leads from there to CLOCK_BOOTTIME. */
void edge_buffer_checkpoint(struct edge_buffer *buffer, const struct counter *counter,
			    enum mark mark, ms_t t, ms_t offset);

/* Whatever was told is on the disk: what it came from is not needed again. */
void edge_buffer_release(struct edge_buffer *buffer);

/* Whether room is getting scarce: nothing was settled for long. The caller makes a
 * edge_buffer_checkpoint() with MARK_NONE, then calls edge_buffer_release(): a successor that comes
 * now goes on from a later moment than from what is on the disk. It loses the records between, but
 * no count. */
bool edge_buffer_nearly_full(const struct edge_buffer *buffer);

/* Brings a new counter to where the newest record on the disk was told (`told`; NULL: there is
 * none), and the buffer to the edge after that. False with a reason: they do not belong together.
 */
bool edge_buffer_resume(struct edge_buffer *buffer, const struct resume_point *point,
			struct counter *counter, struct fail *fail);

/* All that was there was taken, and told where it was certain: this journal ends no process. One
 * that was adopted 20 times without that is refused. */
void edge_buffer_confirm(struct edge_buffer *buffer);

/* How many edges wait to be taken, and the level after the one with `before` others before it. */
uint32_t edge_buffer_waiting(const struct edge_buffer *buffer);
bool edge_buffer_level(const struct edge_buffer *buffer, uint32_t before);

#endif
