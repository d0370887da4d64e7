/* timebase.h - the time of day of events that are timed on a clock that nobody can set.
 *
 * Events are timed on CLOCK_BOOTTIME, which runs evenly from the machine's boot on. The base is the
 * offset from there to the time of day. It follows the wall clock under conditions: a wall clock
 * that was never set is ignored, and a step of the wall clock is followed only after five minutes.
 * So a short-lived step of the wall clock moves no energy, and events before the time of day was
 * known are dated later. */
#ifndef COMMON_TIMEBASE_TIMEBASE_H
#define COMMON_TIMEBASE_TIMEBASE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/units.h"

/* A wall clock before 2012 was never set. */
#define TIMEBASE_EARLIEST_MS INT64_C(1325376000000)

/* Differences up to this are followed at once: time services slew, or step by little. Update every
 * second or so. */
#define TIMEBASE_STEP_NS (500 * NS_PER_MS)

/* A larger step is followed after this time. */
#define TIMEBASE_HELD_NS (5 * 60 * NS_PER_SECOND)

/* How far the wall clock can be trusted. */
enum clock_trust {
	CLOCK_UNSURE,  /* a time service is running and has not synchronised it yet */
	CLOCK_TRUSTED, /* there is no evidence against it */
	CLOCK_PROVEN,  /* the kernel's time is synchronised */
};

/* Why the time of day is unknown. */
enum clock_doubt {
	DOUBT_NONE,
	DOUBT_UNSET,   /* the wall clock is before 2012 */
	DOUBT_UNSURE,  /* CLOCK_UNSURE */
	DOUBT_EARLIER, /* it is earlier than the newest record */
};

struct timebase {
	bool known;
	ms_t offset;		/* if known: from CLOCK_BOOTTIME to the time of day */
	enum clock_doubt doubt; /* while unknown: of the wall clock at the last update */
	/* The wall clock had another offset, or, while unknown, was before the newest record: */
	bool disputed;
	ns_t disputed_since; /* CLOCK_BOOTTIME */
	ms_t disputed_offset;
};

/* The clocks at one moment, and how far to trust them. */
struct timebase_clocks {
	ns_t boot; /* CLOCK_BOOTTIME */
	ns_t wall; /* CLOCK_REALTIME */
	enum clock_trust trust;
	ms_t newest; /* time of the latest event so far; 0: none */
};

enum timebase_event {
	TIMEBASE_QUIET,
	TIMEBASE_KNOWN,	     /* for the first time */
	TIMEBASE_STEP_SEEN,  /* the wall clock was set; the base does not change yet */
	TIMEBASE_STEP_TAKEN, /* it has lasted five minutes; the base is the new one */
	TIMEBASE_STEP_GONE,  /* it was undone; the base did not change */
};

/* Updates the base, which is unknown if zeroed. Sets `step` (may be NULL) to the difference between
 * the wall clock and the base before the update; above 0: the clock was set forward. The offset
 * does not change while it is right to a millisecond, so that equal moments have equal times and
 * minutes last a minute. */
enum timebase_event timebase_update(struct timebase *timebase, const struct timebase_clocks *clocks,
				    ms_t *step);

/* The doubt, or the event, as text for a technician. */
const char *clock_doubt_text(enum clock_doubt doubt);
void timebase_explain(char text[200], enum timebase_event event, ms_t step);

#endif
