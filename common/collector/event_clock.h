/* event_clock.h - the time of events on this machine: its clocks, what it says about them, and a
 * timebase (timebase.h). Logs what happens to it. */
#ifndef COMMON_COLLECTOR_EVENT_CLOCK_H
#define COMMON_COLLECTOR_EVENT_CLOCK_H

#include "common/collector/synchronised.h"

struct event_clock {
	int policy; /* enum clock_policy */
	struct timebase timebase;
	enum clock_doubt told; /* the doubt that was logged */
};

/* To be called every second or so. No event so far was later than `newest` (0: there was none).
 * True where the time of day has become known just now. */
bool event_clock_look(struct event_clock *clock, ms_t newest);

#endif
