/* guard.h - holds an implausible energy index back until further readings confirm it.
 *
 * An index only grows, and no faster than its meter can count. A reading is held back if it is
 * below the accepted index, or above it by more than ten times the nominal power explains. If
 * GUARD_AGREE held readings in a row agree (none is below the one before it), the last of them is
 * accepted; the aggregator decides whether the meter was reset or replaced. A plausible reading
 * discards the held ones. */
#ifndef COLLECTOR_PAC_METER_GUARD_H
#define COLLECTOR_PAC_METER_GUARD_H

#include <stdbool.h>

#include "common/base/units.h"

#define GUARD_AGREE 3

struct guard {
	double nominal_w; /* NAN: unknown; only a falling index is held back */
	bool started;
	double wh;	/* accepted index */
	ms_t at;	/* its time, on CLOCK_BOOTTIME */
	int held;	/* number of held readings in a row that agree */
	double held_wh; /* the last of them */
};

enum guard_verdict {
	GUARD_ACCEPTED,	 /* plausible */
	GUARD_FALLS,	 /* held back */
	GUARD_JUMPS,	 /* held back */
	GUARD_GIVES_WAY, /* accepted, implausible but confirmed */
};

struct guard guard_start(double nominal_w);

/* Makes `wh` the accepted index, as of `at` on CLOCK_BOOTTIME (negative: before this boot). */
void guard_resume(struct guard *guard, double wh, ms_t at);

/* Judges a reading: `wh` is finite, `at` is its time. */
enum guard_verdict guard_judge(struct guard *guard, double wh, ms_t at);

#endif
