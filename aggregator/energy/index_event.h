/* index_event.h - events of a meter's index other than counting. */
#ifndef AGGREGATOR_ENERGY_INDEX_EVENT_H
#define AGGREGATOR_ENERGY_INDEX_EVENT_H

#include <stdint.h>

#include "common/base/units.h"

enum index_event_kind {
	EVENT_RESET,	/* the index fell and remained low: a new baseline, no energy across it */
	EVENT_GLITCH,	/* the index was wrong for a while: the record is left out */
	EVENT_ROLLOVER, /* the register was full and returned to 0: exact */
	EVENT_JUMP,	/* more than the source can deliver: a new baseline, no energy across it */
	EVENT_SWAP,	/* an operator replaced the meter or set its index: exact */
};

/* `before` and `after` are indices in pulses or mWh: the final and the initial one of a swap, or
 * those of two consecutive records. */
struct index_event {
	ms_t t;
	enum index_event_kind kind;
	int64_t before, after;
};

const char *
index_event_name(enum index_event_kind kind); /* "reset", "glitch", "rollover", "jump", "swap" */

#endif
