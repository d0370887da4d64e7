/* series_parts.h - internals of the index series, for the files that it consists of: series.c holds
 * the set, series_merge.c orders it, series_judge.c gives the verdict on a record, series_update.c
 * walks over the records whose verdict may have changed, series_amount.c computes amounts. */
#ifndef AGGREGATOR_ENERGY_SERIES_PARTS_H
#define AGGREGATOR_ENERGY_SERIES_PARTS_H

#include "aggregator/energy/series.h"

/* How long the index may be wrong, and come back. */
#define EXCURSION_MS MS_PER_HOUR

/* ---- series_merge.c ---- */

/* Brings the added points into the order of their times, and adds these to series->fresh. */
void series_order(struct index_series *series);

/* ---- series_judge.c ---- */

#define NO_POINT SIZE_MAX

/* Records after `p` up to `end` (exclusive): if judged against `p`, they are glitches. */
struct run_of_glitches {
	size_t p, end;
};

/* A walk over the records in event time. */
struct walk {
	struct index_series *series;
	size_t start;  /* points before it are as they were */
	size_t before; /* the last kept one of these, or NO_POINT */
	struct run_of_glitches low, high;
	ms_t doubt_t; /* of the last record that was not plainly counted on */
	bool revised; /* the last verdict left out records that had been kept */
};

/* Gives the verdict on record `i`; `p` is the last one kept before, or NO_POINT. May leave out
 * records that were kept before. Returns the last one that is kept now. */
size_t walk_judge(struct walk *walk, size_t p, size_t i);

/* Returns true if the register was full and began at 0 again between `p` and `r`. */
bool series_rolls_over(const struct index_series *series, const struct point *p,
		       const struct point *r);

/* ---- series_amount.c ---- */

/* Returns the weight in force at `t`; its amount is 0 if none was ever given. */
const struct weight *series_weight(const struct index_series *series, ms_t t);

/* Returns false if the amount exceeds an int64_t. */
bool weight_worth(int64_t weight, int64_t from, int64_t to, int64_t *amount);

int64_t baseline_amount(const struct baseline *baseline, const struct point *point);

/* Returns the number of baselines that begin at or before `t`. */
size_t series_baselines_until(const struct index_series *series, ms_t t);

/* Returns the amount since the first point of the series, at a point that is no glitch. */
int64_t series_point_amount(const struct index_series *series, const struct point *point);

#endif
