/* event_clock.h - the time of events on this machine: a time base (timebase.h) that follows the
 * machine's clocks, and logs their changes. */
#ifndef COMMON_COLLECTOR_EVENT_CLOCK_H
#define COMMON_COLLECTOR_EVENT_CLOCK_H

#include "common/collector/synchronised.h"

struct event_clock {
	int policy; /* enum clock_policy */
	struct timebase timebase;
	enum clock_doubt logged;
};

/* To be called every second or so. `newest` is the time of the latest event so far (0: none).
 * Returns true once: when the time of day has become known. */
bool event_clock_update(struct event_clock *clock, ms_t newest);

#endif
