/* curve.h - the energy of one source over event time, from its set of records.
 *
 * Records are added in any order, any number of times; curve_settle() then makes the curve what
 * the set says (CONTRACT, 'The index curve'):
 *  - of two records with the same time the larger index counts;
 *  - a record below its predecessor is a glitch, left out, if its successor is not below the
 *    predecessor; else it is a reset, the new baseline without energy across it;
 *  - between records the index is linear, rounded down to the mWh. */
#ifndef AGGREGATOR_CURVE_H
#define AGGREGATOR_CURVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/units.h"

#define CURVE_NEVER  INT64_MIN
#define CURVE_ALWAYS INT64_MAX

/* A stretch of event time in which something changed; empty where from > to. */
struct span {
	ms_t from, to;
};

#define SPAN_EMPTY ((struct span){CURVE_ALWAYS, CURVE_NEVER})

enum point_kind { POINT_KEPT, POINT_GLITCH, POINT_RESET };

struct point {
	ms_t t;
	int64_t count;	/* the index as recorded: mWh, or pulses */
	int64_t amount; /* accumulated since the first point, mWh (or ml); valid when settled */
	enum point_kind kind;
};

/* A weight of 1 mWh (ml) a count, as of a source that records mWh. Weights have millionths: a meter
 * of 3200 pulses a kWh counts 312.5 mWh. */
#define WEIGHT_ONE INT64_C(1000000)
#define WEIGHT_MAX (INT64_C(1000000000000) * WEIGHT_ONE)

/* What one count is worth from `from` on. */
struct weight {
	ms_t from;
	int64_t amount;	 /* in 1 / WEIGHT_ONE */
	int64_t modulus; /* counts at which the register begins at 0 again; 0: unknown */
};

/* The meter was replaced: two records in one moment, `final` of the old meter and `initial` of the
 * new one. A record of the same moment does not count. */
struct swap {
	ms_t t;
	int64_t final, initial; /* counts */
};

struct curve {
	struct point *points; /* ascending in t up to `settled`, then as they came */
	size_t count, capacity, settled;
	struct weight *weights; /* ascending; the first holds for all time before, too */
	size_t weight_count, weight_capacity;
	int64_t resets, glitches;
	bool stale;	     /* a weight changed: all amounts are to be computed again */
	struct span changed; /* what the last curve_settle() returned */
};

bool span_empty(struct span span);
struct span span_join(struct span a, struct span b);

void curve_free(struct curve *curve);

void curve_add(struct curve *curve, ms_t t, int64_t count);

/* One count is worth `amount` / WEIGHT_ONE (0..WEIGHT_MAX) from `from` on; the first call's `from`
 * does not matter. A record's counts since its predecessor have the weight in force at the
 * predecessor. */
void curve_weigh(struct curve *curve, ms_t from, int64_t amount);

/* Takes in what was added. Returns the stretch of time where the curve is no longer what it was:
 * windows and days that do not touch it stay valid. */
struct span curve_settle(struct curve *curve);

/* All below: of a settled curve. */

bool curve_known(const struct curve *curve);	/* has a record */
ms_t curve_first(const struct curve *curve);	/* CURVE_ALWAYS where not known */
ms_t curve_last(const struct curve *curve);	/* CURVE_NEVER where not known */
int64_t curve_count(const struct curve *curve); /* of the newest record that counts */

/* What counting from one count to another is worth at `t`: the difference of both, each times the
 * weight, rounded half up. False where no number can hold it. */
bool curve_worth(const struct curve *curve, ms_t t, int64_t from, int64_t to, int64_t *amount);

int64_t curve_total(const struct curve *curve); /* amount from the first record to the last */

/* A reset lies within (from, to]. */
bool curve_reset_within(const struct curve *curve, ms_t from, ms_t to);

/* How far a value rests on records. */
enum curve_flags {
	CURVE_BEFORE = 1,	/* some of the stretch lies before the first record */
	CURVE_AFTER = 2,	/* some of it lies after the last one */
	CURVE_INTERPOLATED = 4, /* an end lies between records more than 60 s apart */
};

/* Amount between `from` and `to` (from <= to); sets bits in *flags. */
int64_t curve_between(const struct curve *curve, ms_t from, ms_t to, unsigned int *flags);

#endif
