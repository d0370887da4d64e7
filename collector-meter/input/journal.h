/* journal.h - the edges of one meter as the kernel gave them, in memory that outlives the process.
 *
 * The memory is a file of its own (memfd_create(2)), which the service manager keeps together with
 * the descriptors of the lines. It is written so that a process may be killed between any two
 * instructions: its successor finds each edge once, and the counter as it was with each record that
 * was told. So it counts and tells what its predecessor had not brought to the disk, as if nothing
 * had been.
 *
 * Two threads use it. One reads lines, and calls nothing but journal_read(); it makes no system
 * call but read(2), and waits for nobody. The other one does the rest. */
#ifndef COLLECTOR_METER_INPUT_JOURNAL_H
#define COLLECTOR_METER_INPUT_JOURNAL_H

#include "collector-meter/count/counter.h"
#include "common/base/fail.h"

/* Of an edge in the kernel's own words (linux/gpio.h). */
enum gpio_abi {
	GPIO_ABI_1 = 1, /* struct gpioevent_data; libgpiod 1 */
	GPIO_ABI_2 = 2, /* struct gpio_v2_line_event; libgpiod 2 */
};

/* Which lines these are; what is the same text is the same line in the same mode. */
#define LINE_IDENTITY_SIZE 256
struct journal_identity {
	char lines[LINE_ROLES][LINE_IDENTITY_SIZE]; /* "": there is none */
};

struct journal;

/* NULL with a reason. */
struct journal *journal_new(enum gpio_abi abi, const struct journal_identity *identity,
			    struct fail *fail);

/* Takes over what another process left; looks at nothing that is not proven. NULL with a reason,
 * and `fd` is as it was, where it is no journal of these lines. */
struct journal *journal_adopt(int fd, const struct journal_identity *identity, struct fail *fail);

/* The memory stays while somebody else has its descriptor. May be NULL. */
void journal_close(struct journal *journal);
int journal_fd(const struct journal *journal);

/* -------- the thread that reads lines -------- */

enum journal_read {
	JOURNAL_READ,  /* some edges; there may be more */
	JOURNAL_EMPTY, /* there are none now */
	JOURNAL_FULL,  /* no room: they stay in the kernel */
	JOURNAL_GONE,  /* nothing will come from this descriptor any more */
};

/* Moves edges from the descriptor of a line, which does not block, into the journal. */
enum journal_read journal_read(struct journal *journal, enum line_role role, int fd);

/* -------- the one that counts -------- */

/* The next edge that was read (but for its source). */
bool journal_next(struct journal *journal, struct edge *edge);

/* A successor can go on from here: the counter just gave a record with this mark (or, with
 * MARK_NONE, nothing more; `t` is of no use then), and it, or some before it, may be on the disk.
 * `t` is its time on the clock of the lines, `offset` leads from there to CLOCK_BOOTTIME. */
void journal_mark(struct journal *journal, const struct counter *counter, enum mark mark, ms_t t,
		  ms_t offset);

/* Whatever was told is on the disk: what it came from is not needed again. */
void journal_settled(struct journal *journal);

/* Whether room is getting scarce: nothing was settled for long. The caller makes a journal_mark()
 * with MARK_NONE, then calls journal_relieve(): a successor that comes now goes on from a later
 * moment than from what is on the disk. It loses the records between, but no count. */
bool journal_is_tight(const struct journal *journal);
void journal_relieve(struct journal *journal);

/* Brings a new counter to where the newest record on the disk was told (`told`; NULL: there is
 * none), and the journal to the edge after that. False with a reason: they do not belong together.
 */
bool journal_resume(struct journal *journal, const struct told *told, struct counter *counter,
		    struct fail *fail);

/* All that was there was taken, and told where it was certain: this journal ends no process. One
 * that was adopted 20 times without that is refused. */
void journal_proved(struct journal *journal);

/* How many edges wait to be taken, and the level after the one with `before` others before it. */
uint32_t journal_waiting(const struct journal *journal);
bool journal_is_on(const struct journal *journal, uint32_t before);

#endif
