/* timebase.h - when it was: times of events, taken on a clock that nobody can set.
 *
 * Events are timed on CLOCK_BOOTTIME, which runs evenly from the machine's start on. What is to be
 * added to get the time of day is the base. It follows the wall clock, but not blindly: a wall
 * clock that was not set yet is not believed, and one that is set to another time, by whom or what
 * ever, is believed only once it has kept it for five minutes. So a step of the wall clock moves no
 * energy, and what happened before the time of day was known is dated later. */
#ifndef COMMON_TIMEBASE_TIMEBASE_H
#define COMMON_TIMEBASE_TIMEBASE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/units.h"

/* A wall clock before 2012 was never set. */
#define TIMEBASE_EARLIEST_MS INT64_C(1325376000000)

/* Corrections up to this at a look are followed at once: time services slew, or step by little.
 * Look every second or so. */
#define TIMEBASE_STEP_NS (500 * NS_PER_MS)

/* A step is believed once it has lasted so long. */
#define TIMEBASE_HELD_NS (5 * 60 * NS_PER_SECOND)

/* How far the wall clock may be believed. */
enum clock_trust {
	CLOCK_UNSURE,  /* a time service is at work and not there yet */
	CLOCK_TRUSTED, /* nothing speaks against it */
	CLOCK_PROVEN,  /* the kernel's time is synchronised */
};

/* Why the time of day is not known. */
enum clock_doubt {
	DOUBT_NONE,
	DOUBT_UNSET,   /* the wall clock is before 2012 */
	DOUBT_UNSURE,  /* CLOCK_UNSURE */
	DOUBT_EARLIER, /* it is earlier than the newest record */
};

struct timebase {
	bool known;
	ms_t offset;		/* known: add it to milliseconds of CLOCK_BOOTTIME */
	enum clock_doubt doubt; /* of the wall clock at the last look, while unknown */
	/* The wall clock was found at another offset, or, while unknown, before the newest record:
	 * */
	bool disputed;
	ns_t disputed_since; /* CLOCK_BOOTTIME */
	ms_t disputed_offset;
};

/* The clocks at one moment, and what to think of them. */
struct timebase_look {
	ns_t boot; /* CLOCK_BOOTTIME */
	ns_t wall; /* CLOCK_REALTIME */
	enum clock_trust trust;
	ms_t newest; /* no event so far was later; 0: none yet */
};

enum timebase_event {
	TIMEBASE_QUIET,
	TIMEBASE_KNOWN,	     /* for the first time */
	TIMEBASE_STEP_SEEN,  /* the wall clock was set; the base stays */
	TIMEBASE_STEP_TAKEN, /* it has kept that for five minutes; the base is the new one */
	TIMEBASE_STEP_GONE,  /* it was set back; the base stayed */
};

/* Takes a look; a zeroed timebase is unknown. `step` (may be NULL) gets by how much the wall clock
 * differs from the base, or did before the step was taken; more than 0: it was set forward. The
 * offset stays as it is while it is right to a millisecond, so that times of the same moment are
 * the same and minutes last a minute. */
enum timebase_event timebase_take(struct timebase *timebase, const struct timebase_look *look,
				  ms_t *step);

/* The doubt, or what happened, in words for a technician. */
const char *clock_doubt_text(enum clock_doubt doubt);
void timebase_explain(char text[200], enum timebase_event event, ms_t step);

#endif
