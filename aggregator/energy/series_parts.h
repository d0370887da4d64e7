/* series_parts.h - the index series from within, for the files that it is made of: series.c
 * holds the set, series_update.c judges it, series_amount.c answers. */
#ifndef AGGREGATOR_ENERGY_SERIES_PARTS_H
#define AGGREGATOR_ENERGY_SERIES_PARTS_H

#include "aggregator/energy/series.h"

/* In force at `t`; of amount 0 where none was ever given. */
const struct weight *series_weight(const struct index_series *series, ms_t t);

/* False where no number can hold it. */
bool weight_worth(int64_t weight, int64_t from, int64_t to, int64_t *amount);

int64_t baseline_amount(const struct baseline *baseline, const struct point *point);

/* How many baselines begin at or before `t`. */
size_t series_baseline(const struct index_series *series, ms_t t);

/* The amount since the first point of the series, of a point that is not a glitch. */
int64_t series_point_amount(const struct index_series *series, size_t i);

#endif
