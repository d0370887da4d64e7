/* series.h - the index series of a source: its energy over event time, from its set of records.
 *
 * Records are added in any order and any number of times; series_update() then evaluates the set
 * (wattzone(7), index series). Of two records with the same time the larger index counts. Each
 * record `r` in turn is judged against `p`, the last one that was kept; an increase is within the
 * limit if the source can deliver it in the time and a minute:
 *  1. r not below p: counted if the increase is within the limit. Else a glitch, and left out, if a
 *     record at most an hour after r is not below p but below r; else a jump: a new baseline
 *     without energy across it.
 *  2. r below p: a glitch if the run of records below p that it begins ends within an hour, and a
 *     record not below p follows.
 *  3. Else, if all records that were kept after q, the last one not above r, are at most an hour
 *     old, they are glitches, and r is judged against q by 1.
 *  4. Else a rollover, if the register has a modulus, the index fell by more than half of it, and
 *     the increase to and from the modulus is within the limit.
 *  5. Else a reset: a new baseline without energy across it.
 * A record with the mark `start` below p is a reset at once, and 3 does not go back beyond it.
 *
 * A swap is two records at one moment. The final index ends the records before it: by 3 it makes
 * glitches of them, and by 1, 4 and 5 it has energy or none, but it is kept in any case. The
 * initial one begins those after it. The last record is never a glitch: what shows that it is one
 * follows it.
 *
 * Between records the index is linear, rounded down to the mWh. */
#ifndef AGGREGATOR_ENERGY_SERIES_H
#define AGGREGATOR_ENERGY_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/energy/index_event.h"
#include "aggregator/time/time_range.h"
#include "common/base/id.h"
#include "common/base/units.h"

enum point_kind {
	POINT_COUNTED,
	POINT_GLITCH,
	POINT_RESET,
	POINT_ROLLOVER,
	POINT_JUMP,
	POINT_FINAL,   /* of a swap: the last index of the old meter … */
	POINT_INITIAL, /* … and, right after it, the first one of the new meter */
};

#define POINT_COUNT_MAX ((INT64_C(1) << 54) - 1)

/* A record. A year of them every 10 s is 50 MB. */
struct point {
	ms_t t;
	uint64_t count : 54;	/* the index as recorded: mWh, or pulses */
	uint64_t kind : 3;	/* enum point_kind; valid once classified */
	uint64_t was : 3;	/* before this update; private */
	uint64_t start : 1;	/* the collector began to count, or did so again */
	uint64_t confirmed : 1; /* the kind is final: records around it may have been removed */
};

/* From here to the next baseline the register counts without a break, at one weight: the amount at
 * a point is that of the baseline, plus the difference of the counts times the weight. */
struct baseline {
	ms_t from;
	int64_t count;
	int64_t amount; /* since the first point of the series, mWh (or ml) */
	int64_t weight;
};

/* A weight of 1 mWh (or ml) a count, for sources that record mWh. Weights are in millionths, since
 * a pulse of a meter with 3200 pulses a kWh is worth 312.5 mWh. */
#define WEIGHT_ONE INT64_C(1000000)
#define WEIGHT_MAX (INT64_C(1000000000000) * WEIGHT_ONE)

/* The amount that one count is worth from `from` on. */
struct weight {
	ms_t from;
	int64_t amount;	 /* in 1 / WEIGHT_ONE */
	int64_t modulus; /* count at which the register returns to 0; 0: unknown */
	int64_t max_w;	 /* more than the source can deliver; 0: unknown, 100 MW */
};

/* A replacement of the meter: two records at one moment, `final` of the old meter and `initial` of
 * the new one. They override a record of the same moment. */
struct swap {
	ms_t t;
	int64_t final, initial; /* counts */
	char by[LABEL_SIZE];	/* who set the collector's index; empty: it was a command */
};

struct index_series {
	struct point *points; /* the first `classified` ascend in t, the others are as added */
	size_t count, capacity, classified;
	struct baseline *baselines; /* ascending; the first is the first point's */
	size_t baseline_count, baseline_capacity;
	struct weight *weights; /* ascending; the first holds for all time before, too */
	size_t weight_count, weight_capacity;
	struct swap *swaps; /* ascending */
	size_t swap_count, swap_capacity;
	/* The series whose weights limit an increase, if it is another one: volume has no limit. */
	const struct index_series *limits;
	int64_t resets, glitches, rollovers, jumps;
	ms_t event_t; /* of the newest event; 0: none */
	ms_t doubt_t; /* of the last record whose verdict may depend on what follows; private */
	struct time_ranges
		fresh; /* added points, weights and swaps since the last series_update() */
	struct time_ranges changed; /* by the last series_update() */
};

void series_free(struct index_series *series);

/* `count` is 0..POINT_COUNT_MAX. */
void series_add(struct index_series *series, ms_t t, int64_t count);

/* Adds a record with the mark `start`. */
void series_add_start(struct index_series *series, ms_t t, int64_t count);

/* Adds a point as it is: the kind of a record that is confirmed does not change. */
void series_add_point(struct index_series *series, const struct point *point);

/* Adds `by` to the counter of points of that kind, if there is one. */
void series_tally(struct index_series *series, unsigned int kind, int by);

/* Returns true if this record, or a larger one of the same t, has been classified. */
bool series_holds(const struct index_series *series, ms_t t, int64_t count);

/* The same for a record with the mark `start`. */
bool series_holds_start(const struct index_series *series, ms_t t, int64_t count);

/* The weights of series->limits changed from `t` on. */
void series_limits_changed(struct index_series *series, ms_t t);

/* Changes the weight, the limit or the modulus from `weight.from` on; the first weight also holds
 * for all time before. The counts between two records have the weight in force at the earlier one.
 * Returns false if nothing changes. */
bool series_set_weight(struct index_series *series, struct weight weight);

/* Adds a swap, or replaces the one of the same t. Returns false if the swap is known. */
bool series_add_swap(struct index_series *series, struct swap swap);

/* Returns the swap at `t`, or NULL. */
const struct swap *series_swap_at(const struct index_series *series, ms_t t);

/* Classifies the points that were added. Windows and days that do not touch `changed` remain valid.
 */
void series_update(struct index_series *series);

/* All functions below require that every point is classified. */

bool series_known(const struct index_series *series);	 /* there is a record */
ms_t series_first(const struct index_series *series);	 /* time of the first record, or FOREVER */
ms_t series_last(const struct index_series *series);	 /* time of the last record, or NEVER */
int64_t series_count(const struct index_series *series); /* of the last record, or 0 */

/* Returns the index of the first point at or after `t`, or the number of points. */
size_t series_find(const struct index_series *series, ms_t t);

/* Returns the last point before point `i` that is no glitch, or NULL. */
const struct point *series_before(const struct index_series *series, size_t i);

/* Returns the first point from point `i` on that is no glitch, or NULL. */
const struct point *series_after(const struct index_series *series, size_t i);

/* *amount: the worth of counting from one count to another with the weight at `t`, the difference
 * of two amounts that are each rounded half up. Returns false if it exceeds an int64_t. */
bool series_worth(const struct index_series *series, ms_t t, int64_t from, int64_t to,
		  int64_t *amount);

/* Returns the amount from the first record to the last. */
int64_t series_total(const struct index_series *series);

/* Returns true if the source can have counted on from the point `p` to `count` at `t`. */
bool series_increases(const struct index_series *series, const struct point *p, ms_t t,
		      int64_t count);

/* Returns the energy from the last record to an index of `count` at a later `t`, if that was the
 * next record; 0 if it would not count, would show that less was used, or would be a rollover: a
 * record has to show that. */
int64_t series_beyond(const struct index_series *series, ms_t t, int64_t count);

/* Returns true if there is a reset or a jump in (from, to]. */
bool series_reset_within(const struct index_series *series, ms_t from, ms_t to);

/* Fills *event if point `i` is one; else returns false. */
bool series_event(const struct index_series *series, size_t i, struct index_event *event);

/* Removes the points of [from, to) for which `drop` returns true. No amount that is still needed
 * may depend on them. Returns their number. */
size_t series_downsample(struct index_series *series, ms_t from, ms_t to,
			 bool (*drop)(void *context, const struct index_series *series, size_t i),
			 void *context);

/* Confirms the kinds of the points of [from, to): records near them may be removed from now on.
 * Calls `confirmed` for each one that was not confirmed yet. */
void series_confirm(struct index_series *series, ms_t from, ms_t to,
		    void (*confirmed)(void *context, const struct point *point), void *context);

/* Limits of an amount's accuracy. */
enum series_flags {
	SERIES_BEFORE = 1,	 /* a part of the time is before the first record */
	SERIES_AFTER = 2,	 /* a part of it is after the last record */
	SERIES_INTERPOLATED = 4, /* an end lies between records more than 60 s apart */
};

/* Returns the amount between `from` and `to` (from <= to) and sets bits of enum series_flags in
 * *flags. */
int64_t series_between(const struct index_series *series, ms_t from, ms_t to, unsigned int *flags);

#endif
