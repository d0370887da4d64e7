/* series.h - the index series of a source: its energy over event time, from its set of records.
 *
 * Records are added in any order, any number of times; series_update() then makes the index series
 * what the set determines (wattzone(7), index series):
 *  - of two records with the same time the larger index counts;
 *  - a record below its predecessor is a glitch, left out, if its successor is not below the
 *    predecessor; else a rollover, where the register has a modulus and the fall is more than half
 *    of it; else a reset, the new baseline without energy across it. Without a successor it is a
 *    reset so far;
 *  - a swap is two records in one moment;
 *  - between records the index is linear, rounded down to the mWh. */
#ifndef AGGREGATOR_ENERGY_SERIES_H
#define AGGREGATOR_ENERGY_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/energy/event.h"
#include "aggregator/time/time_range.h"
#include "common/base/id.h"
#include "common/base/units.h"

enum point_kind {
	POINT_COUNTED,
	POINT_GLITCH,
	POINT_RESET,
	POINT_ROLLOVER,
	POINT_FINAL, /* of a swap: the old meter's last index, and right after it the new one's */
	POINT_INITIAL,
};

#define POINT_COUNT_MAX ((INT64_C(1) << 60) - 1)

/* A record. A year of them every 10 s is 50 MB. */
struct point {
	ms_t t;
	uint64_t count : 60; /* the index as recorded: mWh, or pulses */
	uint64_t kind : 4;   /* enum point_kind; valid when sorted */
};

/* From here on the index is counted on without any break: the amount at a point is what its count
 * is beyond this one's, times the weight. */
struct baseline {
	ms_t from;
	int64_t count;
	int64_t amount; /* since the first point of the series, mWh (or ml) */
	int64_t weight;
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
	char by[LABEL_SIZE];	/* who set the index of a collector so; empty: by a command */
};

struct index_series {
	struct point *points; /* ascending in t up to `sorted`, then as they came */
	size_t count, capacity, sorted;
	struct baseline *baselines; /* ascending; the first is the first point's */
	size_t baseline_count, baseline_capacity;
	struct weight *weights; /* ascending; the first holds for all time before, too */
	size_t weight_count, weight_capacity;
	struct swap *swaps; /* ascending */
	size_t swap_count, swap_capacity;
	int64_t resets, glitches, rollovers;
	ms_t event_t; /* of the newest event; 0: none */
	struct time_ranges
		fresh; /* where weights or swaps changed since the last series_update() */
	struct time_ranges changed; /* what the last series_update() changed */
};

void series_free(struct index_series *series);

/* `count` is 0..POINT_COUNT_MAX. */
void series_add(struct index_series *series, ms_t t, int64_t count);

/* The sorted index series knows this record, or a larger one of the same t. */
bool series_holds(const struct index_series *series, ms_t t, int64_t count);

/* From weight->from on one count is worth something else, or rolls over elsewhere; the first
 * call's `from` does not matter. A record's counts since its predecessor have the weight in force
 * at the predecessor. False where nothing changes. */
bool series_weigh(struct index_series *series, struct weight weight);

/* Adds a swap, or replaces the one of the same t. False where it is there already. */
bool series_swap(struct index_series *series, struct swap swap);

/* NULL: there is none at `t`. */
const struct swap *series_swap_at(const struct index_series *series, ms_t t);

/* Takes in what was added. `changed` is then where the index series differs from before:
 * windows and days that do not touch it stay valid. */
void series_update(struct index_series *series);

/* All below: of a sorted index series. */

bool series_known(const struct index_series *series);	 /* has a record */
ms_t series_first(const struct index_series *series);	 /* FOREVER where not known */
ms_t series_last(const struct index_series *series);	 /* NEVER where not known */
int64_t series_count(const struct index_series *series); /* of the newest record that counts */

/* The first point at or after `t`; the number of points where there is none. */
size_t series_find(const struct index_series *series, ms_t t);

/* What counting from one count to another is worth at `t`: the difference of both, each times the
 * weight, rounded half up. False where no number can hold it. */
bool series_worth(const struct index_series *series, ms_t t, int64_t from, int64_t to,
		  int64_t *amount);

int64_t
series_total(const struct index_series *series); /* amount from the first record to the last */

/* A reset lies within (from, to]. */
bool series_reset_within(const struct index_series *series, ms_t from, ms_t to);

/* Point `i` is an event. */
bool series_event(const struct index_series *series, size_t i, struct event *event);

/* Takes out the points of [from, to) for which `drop` says so; to be called for what no amount that
 * is asked for depends on. Returns how many. */
size_t series_downsample(struct index_series *series, ms_t from, ms_t to,
			 bool (*drop)(void *context, const struct index_series *series, size_t i),
			 void *context);

/* How far a value rests on records. */
enum series_flags {
	SERIES_BEFORE = 1,	 /* some of the stretch lies before the first record */
	SERIES_AFTER = 2,	 /* some of it lies after the last one */
	SERIES_INTERPOLATED = 4, /* an end lies between records more than 60 s apart */
};

/* Amount between `from` and `to` (from <= to); sets bits in *flags. */
int64_t series_between(const struct index_series *series, ms_t from, ms_t to, unsigned int *flags);

#endif
