/* backlog.h - records of an outbox that are not in its file yet.
 *
 * Normally a few, for some seconds. While the file cannot be written (a full disk) they stay here,
 * and if they become too many they are downsampled (downsample.h). */
#ifndef COMMON_COLLECTOR_BACKLOG_H
#define COMMON_COLLECTOR_BACKLOG_H

#include <stddef.h>

#include "common/contract/fact.h"

#define BACKLOG_LIMIT 10000

struct outbox_row {
	struct record record; /* its stream and prev are not set */
	size_t source;	      /* a small number, as of outbox_positions_source() */
	bool undated;	      /* record.t is CLOCK_BOOTTIME */
};

/* In the order of seq. Zeroed: empty. */
struct backlog {
	struct outbox_row *rows;
	size_t count, capacity;
};

/* Returns how many records were dropped for it. */
size_t backlog_add(struct backlog *backlog, const struct outbox_row *row);

/* Adds `offset` to the time of undated records, which are dated then. */
void backlog_date(struct backlog *backlog, ms_t offset);

void backlog_clear(struct backlog *backlog);
void backlog_free(struct backlog *backlog);

#endif
