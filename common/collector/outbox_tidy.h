/* outbox_tidy.h - keeps an outbox small: lets old records go, and thins those that must stay. */
#ifndef COMMON_COLLECTOR_OUTBOX_TIDY_H
#define COMMON_COLLECTOR_OUTBOX_TIDY_H

#include "common/sqlite/database.h"
#include "common/collector/outbox_file.h"

/* How far the oldest half is thinned. Zeroed: not begun. */
struct outbox_tidy {
	int64_t at, until; /* seqs */
};

/* Makes room where more than `limit` records are in the file: of those that are acknowledged the
 * oldest go, and where there are none the oldest half is thinned as backlog.h has it. Where there
 * is room, acknowledged ones go that are older than `oldest`. The newest record always stays: its
 * number is the last one that was given. In transactions of its own, a little with each call; what
 * fails is done another time. Returns how many went that were not acknowledged. */
int64_t outbox_tidy(struct outbox_tidy *tidy, struct database *database, struct outbox_state *state,
		    int64_t limit, ms_t oldest);

#endif
