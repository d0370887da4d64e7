/* guard.h - which indices a live reading may show: an implausible one is in doubt until further
 * readings confirm it. Records take every index, and the books decide.
 *
 * An index only grows, and no faster than its meter can count. A reading is in doubt if it is below
 * the accepted index, or above it by more than the limit and a step explain. If GUARD_AGREE such
 * readings in a row agree (none is below the one before it), the last of them is accepted. A
 * plausible reading discards those before it.
 *
 * Many meters count in steps of 10 Wh, 0.1 or 1 kWh: the step is learnt. */
#ifndef COLLECTOR_PAC_METER_GUARD_H
#define COLLECTOR_PAC_METER_GUARD_H

#include <stdbool.h>

#include "common/base/units.h"

#define GUARD_AGREE 3

struct guard {
	double limit_w; /* NAN: unknown; only a falling index is in doubt */
	bool started;
	double wh;	/* accepted index */
	ms_t at;	/* its time, on CLOCK_BOOTTIME */
	double step_wh; /* the smallest increase so far; 0: none yet */
	int held;	/* number of readings in doubt in a row that agree */
	double held_wh; /* the last of them */
};

enum guard_verdict {
	GUARD_ACCEPTED,	 /* plausible */
	GUARD_FALLS,	 /* in doubt */
	GUARD_JUMPS,	 /* in doubt */
	GUARD_GIVES_WAY, /* accepted, implausible but confirmed */
};

struct guard guard_start(double limit_w);

/* Returns the limit of a meter: `max_w` (0: unknown), else ten times `nominal_w` (NAN: unknown). */
double guard_limit(int64_t max_w, double nominal_w);

/* Makes `wh` the accepted index, as of `at` on CLOCK_BOOTTIME (negative: before this boot). */
void guard_resume(struct guard *guard, double wh, ms_t at);

/* Judges a reading: `wh` is finite, `at` is its time. */
enum guard_verdict guard_judge(struct guard *guard, double wh, ms_t at);

#endif
