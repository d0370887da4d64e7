/* schedule.h - poll times of a meter: slots at absolute times, so that they do not drift. */
#ifndef COLLECTOR_PAC_METER_SCHEDULE_H
#define COLLECTOR_PAC_METER_SCHEDULE_H

#include <stddef.h>

#include "common/base/units.h"

/* Slot n is due at start_ms + n x period_ms on the monotonic clock. */
struct schedule {
	ms_t start_ms;
	ms_t period_ms;
	int64_t slot;	/* next slot */
	int64_t missed; /* slots skipped so far */
};

/* Spreads `count` meters evenly over a period: meter `index` starts at now + period_ms x index /
 * count. */
struct schedule schedule_start(ms_t now, ms_t period_ms, size_t index, size_t count);

/* Returns the time of the next slot. */
ms_t schedule_due(const struct schedule *schedule);

/* Advances to the first slot at or after `earliest`, at least by one. `earliest` is the end of the
 * poll, plus a pause after a failure. Slots skipped count as missed. */
void schedule_next(struct schedule *schedule, ms_t earliest);

/* Returns the pause after the `failures`th failed connection in a row (1 or more). It doubles from
 * one period up to 10 s. `chance`, a random number, shortens it by up to a half, so that meters
 * that failed together are not all retried at once. */
ms_t schedule_pause(ms_t period_ms, int failures, uint32_t chance);

#endif
