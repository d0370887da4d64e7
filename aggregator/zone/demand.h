/* demand.h - the power of the current 10-minute window, compared with the subscribed power. */
#ifndef AGGREGATOR_ZONE_DEMAND_H
#define AGGREGATOR_ZONE_DEMAND_H

#include <stdbool.h>

#include "common/base/units.h"

/* There is no alarm before this much of a window: a projection is not reliable yet. */
#define DEMAND_QUIET_MS (120 * MS_PER_SECOND)

/* An alarm ends once the projection is at or below this share of the subscribed power. */
#define DEMAND_CLEAR 0.97

struct demand {
	mwh_t energy;	    /* since the window's start */
	double projected_w; /* mean of the whole window at constant power; NAN: unknown */
	double allowed_w;   /* for the rest of the window; NAN: unknown, or the window is over */
	double shed_w;	    /* load to shed so as not to exceed it; NAN likewise */
	bool alarm;
};

/* At `elapsed` ms into a window of 600 s. `energy` comes from an index that counts in steps of
 * `step` (0: fine), so it may be too much by nearly one: an alarm needs more than that, or a power
 * above the subscribed one. `power_w` is the mean of the last minute (NAN: unknown). `subscribed_w`
 * is 0 if none is configured. `alarmed`: the alarm was on before. */
struct demand demand_at(mwh_t energy, mwh_t step, ms_t elapsed, double power_w,
			int64_t subscribed_w, bool alarmed);

#endif
