/* outbox_positions.h - the position of each source of an outbox: the index from which a
 * collector continues after a restart. The table `source` of the outbox's file. */
#ifndef COMMON_COLLECTOR_OUTBOX_POSITIONS_H
#define COMMON_COLLECTOR_OUTBOX_POSITIONS_H

#include "common/contract/fact.h"
#include "common/sqlite/statement.h"

/* Of a source, with its newest record. */
struct outbox_position {
	int64_t pulses;
	double wh;
	enum mark mark;
	ms_t t;
	bool undated;	/* t is CLOCK_BOOTTIME */
	ms_t seen_boot; /* CLOCK_BOOTTIME; -1: of another boot */
	ms_t anchor;	/* time of day - seen_boot; 0: not known */
};

struct positioned_source {
	char name[ID_SIZE];
	bool known; /* it has a position */
	bool changed;
	struct outbox_position position;
};

/* A source's number is its index; in the file it is one more. Zeroed: none. */
struct outbox_positions {
	struct positioned_source *sources;
	size_t count, capacity;
};

/* The number of a source, which is added if it is new. */
size_t outbox_positions_source(struct outbox_positions *positions, const char *name);

/* NULL: there is no record of it yet. */
const struct outbox_position *outbox_positions_find(const struct outbox_positions *positions,
						    const char *name);

/* To be written with the next save. */
void outbox_positions_set(struct outbox_positions *positions, size_t source,
			  const struct outbox_position *position);

/* Adds `offset` to the time of undated positions, which are dated then. */
void outbox_positions_date(struct outbox_positions *positions, ms_t offset);

/* The newest anchor of this boot. False: none yet. */
bool outbox_positions_anchor(const struct outbox_positions *positions, ms_t *offset);

/* The newest time of day; 0: none. */
ms_t outbox_positions_newest(const struct outbox_positions *positions);

/* Whether some are not in the file. */
bool outbox_positions_changed(const struct outbox_positions *positions);

/* Sets all known ones as changed, or none. */
void outbox_positions_set_changed(struct outbox_positions *positions, bool changed);

/* Writes those that changed, within the open transaction. They remain changed until it is
 * committed. */
bool outbox_positions_save(const struct outbox_positions *positions, struct database *database,
			   struct fail *fail);

/* Reads them; after a reboot undated ones go back to the newest dated record. A value that cannot
 * be right makes the database a damaged one. */
bool outbox_positions_load(struct outbox_positions *positions, struct database *database,
			   bool rebooted, struct fail *fail);

void outbox_positions_free(struct outbox_positions *positions);

#endif
