/* guard.h - keeps an energy index from jumping on the word of a single reading.
 *
 * An index only grows, and no faster than its meter can count. A reading that falls below the
 * accepted index, or grows beyond what ten times the nominal power explains, is held back. Once
 * three held readings in a row agree (none falls below the one before) the meter means it: the
 * third is accepted as it is, and whether that was a glitch or a reset is decided where the books
 * are kept. A reading that fits the accepted index ends the affair. */
#ifndef COLLECTOR_PAC_METER_GUARD_H
#define COLLECTOR_PAC_METER_GUARD_H

#include <stdbool.h>

#include "common/base/units.h"

#define GUARD_AGREE 3

struct guard {
	double nominal_w; /* NAN: unknown, then only a falling index is held back */
	bool started;
	double wh; /* the accepted index … */
	ms_t at;   /* … and its time on CLOCK_BOOTTIME */
	int held;  /* readings held back in a row that agree */
	double held_wh;
};

enum guard_verdict {
	GUARD_ACCEPTED,	 /* fits */
	GUARD_FALLS,	 /* held back */
	GUARD_JUMPS,	 /* held back */
	GUARD_GIVES_WAY, /* accepted although it does not fit, since three agree */
};

struct guard guard_start(double nominal_w);

/* Goes on from the index `wh` that was accepted at `at`, before this start. */
void guard_resume(struct guard *guard, double wh, ms_t at);

/* Judges the index `wh` (finite) read at `at`. */
enum guard_verdict guard_judge(struct guard *guard, double wh, ms_t at);

#endif
