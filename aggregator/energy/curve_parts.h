/* curve_parts.h - the curve from within, for the files that it is made of: curve.c holds the set,
 * curve_settle.c judges it, curve_amount.c answers. */
#ifndef AGGREGATOR_ENERGY_CURVE_PARTS_H
#define AGGREGATOR_ENERGY_CURVE_PARTS_H

#include "aggregator/energy/curve.h"

/* In force at `t`; of amount 0 where none was ever given. */
const struct weight *curve_weight(const struct curve *curve, ms_t t);

/* False where no number can hold it. */
bool weight_worth(int64_t weight, int64_t from, int64_t to, int64_t *amount);

int64_t baseline_amount(const struct baseline *baseline, const struct point *point);

/* How many baselines begin at or before `t`. */
size_t curve_baseline(const struct curve *curve, ms_t t);

/* Since the curve's first point, of a point that is no glitch. */
int64_t curve_point_amount(const struct curve *curve, size_t i);

#endif
