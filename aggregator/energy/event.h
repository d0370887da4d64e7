/* event.h - what happened to a meter's index, beside counting. */
#ifndef AGGREGATOR_ENERGY_EVENT_H
#define AGGREGATOR_ENERGY_EVENT_H

#include <stdint.h>

#include "common/base/units.h"

enum event_kind {
	EVENT_RESET,	/* the index fell, and stayed there: a new baseline, no energy across it */
	EVENT_GLITCH,	/* the index fell and was back with the next record: that one is left out */
	EVENT_ROLLOVER, /* the register was full and began at 0 again: exact */
	EVENT_SWAP,	/* the meter was replaced, as the operator said: exact */
};

/* `before` and `after` are what the source counts, pulses or mWh: of a swap the final index of the
 * old meter and the initial one of the new, else two records' that follow each other. */
struct event {
	ms_t t;
	enum event_kind kind;
	int64_t before, after;
};

const char *event_name(enum event_kind kind); /* "reset", "glitch", "rollover", "swap" */

#endif
