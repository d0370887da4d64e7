/* series_parts.h - internals of the index series, for the files that it consists of: series.c holds
 * the set, series_update.c classifies its points, series_amount.c computes amounts. */
#ifndef AGGREGATOR_ENERGY_SERIES_PARTS_H
#define AGGREGATOR_ENERGY_SERIES_PARTS_H

#include "aggregator/energy/series.h"

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
