/* outbox_retention.h - which records an outbox's file keeps. */
#ifndef COMMON_COLLECTOR_OUTBOX_RETENTION_H
#define COMMON_COLLECTOR_OUTBOX_RETENTION_H

#include "common/collector/outbox_state.h"

/* How far the oldest half is downsampled. Zeroed: not begun. */
struct outbox_retention {
	int64_t at, until; /* seqs */
};

/* Makes room if more than `limit` records are in the file: the oldest acknowledged ones go, and if
 * there are none the oldest half is downsampled (downsample.h). If there is room, acknowledged ones
 * go that are older than `oldest`. The newest record always stays: its number is the last one that
 * was given. In transactions of its own, a little with each call; what fails is done another time.
 * Returns how many went that were not acknowledged. */
int64_t outbox_retention_apply(struct outbox_retention *retention, struct database *database,
			       struct outbox_state *state, size_t sources, int64_t limit,
			       ms_t oldest);

#endif
