/* demand.h - will the running 10-minute window exceed the subscribed power? */
#ifndef AGGREGATOR_ZONE_DEMAND_H
#define AGGREGATOR_ZONE_DEMAND_H

#include <stdbool.h>

#include "common/base/units.h"

/* Early in a window a projection says little. */
#define DEMAND_QUIET_MS (120 * MS_PER_SECOND)

/* An alarm ends when the projection is below this share of the subscribed power. */
#define DEMAND_CLEAR 0.97

struct demand {
	mwh_t energy;	    /* since the window's start */
	double projected_w; /* mean of the window if the power stays as it is; NAN: unknown */
	double allowed_w;   /* for the rest of the window; NAN: unknown, or the window is over */
	double shed_w;	    /* what has to be switched off to stay within it; NAN likewise */
	bool alarm;
};

/* At `elapsed` ms into a window of 600 s. `power_w` is the mean of the last minute (NAN: unknown),
 * `subscribed_w` 0 where none is configured, `alarmed` whether the alarm was on. */
struct demand demand_at(mwh_t energy, ms_t elapsed, double power_w, int64_t subscribed_w,
			bool alarmed);

#endif
