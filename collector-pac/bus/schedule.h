/* schedule.h - poll times of a meter: slots at absolute times, so that they do not drift. */
#ifndef COLLECTOR_PAC_BUS_SCHEDULE_H
#define COLLECTOR_PAC_BUS_SCHEDULE_H

#include <stddef.h>

#include "common/base/units.h"

/* Slot n is due at start_ms + n x period_ms on the monotonic clock. */
struct schedule {
	ms_t start_ms;
	ms_t period_ms;
	int64_t slot;	/* next slot */
	int64_t missed; /* slots skipped so far */
};

/* Meters that are polled at the same times: waking up costs more than a poll. */
#define SCHEDULE_TICK 20

/* Spreads `count` meters over a period, SCHEDULE_TICK of them at a time: meter `index` is in group
 * index / SCHEDULE_TICK, and the groups are spread evenly. */
struct schedule schedule_start(ms_t now, ms_t period_ms, size_t index, size_t count);

/* Returns the time of the next slot. */
ms_t schedule_due(const struct schedule *schedule);

/* The poll of the next slot begins or ends late, at `now`, since other meters share the connection.
 * Slots up to now do not count as missed. */
void schedule_begin(struct schedule *schedule, ms_t now);

/* Advances to the first slot at or after `earliest`, at least by one. `earliest` is the end of the
 * poll, plus a pause after a failure. Slots skipped count as missed. */
void schedule_next(struct schedule *schedule, ms_t earliest);

/* Returns the pause after the `failures`th failure in a row (1 or more). It doubles from one period
 * up to `longest`. `chance`, a random number, shortens it by up to a half, so that meters that
 * failed together are not all retried at once. */
ms_t schedule_pause(ms_t period_ms, int failures, ms_t longest, uint32_t chance);

#endif
