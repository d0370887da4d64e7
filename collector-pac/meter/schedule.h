/* schedule.h - when a meter is due: slots at absolute times, so that nothing drifts. */
#ifndef COLLECTOR_PAC_METER_SCHEDULE_H
#define COLLECTOR_PAC_METER_SCHEDULE_H

#include <stddef.h>

#include "common/base/units.h"

/* Slot n is due at start_ms + n x period_ms on the monotonic clock. */
struct schedule {
	ms_t start_ms;
	ms_t period_ms;
	int64_t slot;	/* the next one */
	int64_t missed; /* slots that went by without a poll */
};

/* The meter `index` of `count` starts its own share of a period later than the first, so that they
 * do not all ask at once. */
struct schedule schedule_start(ms_t now, ms_t period_ms, size_t index, size_t count);

/* When the next slot is due. */
ms_t schedule_due(const struct schedule *schedule);

/* The poll of the current slot is over, and the next may begin at `earliest`: now, or later after a
 * failure. The next slot is the first one due then; those in between are missed. */
void schedule_next(struct schedule *schedule, ms_t earliest);

/* How long to wait after the `failures`th failed connection in a row (1…): it doubles from one
 * period up to 10 s, and `chance` (any number) takes up to half of it away, so that meters which
 * vanished together do not all come back at once. */
ms_t schedule_pause(ms_t period_ms, int failures, uint32_t chance);

#endif
