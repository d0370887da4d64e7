/* Amounts of an index series between two times. */
#include <assert.h>
#include <stdlib.h>

#include "aggregator/energy/series_parts.h"
#include "common/base/search.h"

#define INTERPOLATION_MAX_MS (60 * MS_PER_SECOND)

const struct weight *series_weight(const struct index_series *series, ms_t t)
{
	static const struct weight none;
	size_t next =
		search_after(series->weights, series->weight_count, sizeof(*series->weights), t);

	/* The first weight is dated NEVER. */
	return next ? &series->weights[next - 1] : &none;
}

/* A count times a part of a weight, below WEIGHT_ONE. Rounded half up: floor(2x) - floor(x). */
static int64_t weigh_part(int64_t count, int64_t part)
{
	return multiply_divide(2 * count, part, WEIGHT_ONE) -
	       multiply_divide(count, part, WEIGHT_ONE);
}

bool weight_worth(int64_t weight, int64_t from, int64_t to, int64_t *amount)
{
	int64_t part = weight % WEIGHT_ONE;
	int64_t parts = part ? weigh_part(to, part) - weigh_part(from, part) : 0;
	int64_t whole;

	return !__builtin_mul_overflow(to - from, weight / WEIGHT_ONE, &whole) &&
	       !__builtin_add_overflow(whole, parts, amount);
}

bool series_worth(const struct index_series *series, ms_t t, int64_t from, int64_t to,
		  int64_t *amount)
{
	return weight_worth(series_weight(series, t)->amount, from, to, amount);
}

int64_t baseline_amount(const struct baseline *baseline, const struct point *point)
{
	int64_t amount = 0;

	weight_worth(baseline->weight, baseline->count, (int64_t)point->count, &amount);
	return add_limited(baseline->amount, amount);
}

size_t series_baselines_until(const struct index_series *series, ms_t t)
{
	return search_after(series->baselines, series->baseline_count, sizeof(*series->baselines),
			    t);
}

/* Both points of a swap have the amount at which the new meter starts. */
int64_t series_point_amount(const struct index_series *series, const struct point *point)
{
	size_t next = series_baselines_until(series, point->t);

	assert(next > 0);
	if (point->kind == POINT_FINAL)
		return series->baselines[next - 1].amount;
	return baseline_amount(&series->baselines[next - 1], point);
}

int64_t series_total(const struct index_series *series)
{
	size_t count = series->classified;

	return count ? series_point_amount(series, &series->points[count - 1]) : 0;
}

static int64_t series_amount(const struct index_series *series, ms_t t, unsigned int *flags)
{
	size_t next = series_find(series, t);
	const struct point *before = series_before(series, next);
	const struct point *after = series_after(series, next);
	int64_t amount;
	ms_t gap;

	if (!after) {
		if (series_last(series) < t)
			*flags |= SERIES_AFTER;
		return series_total(series);
	}
	if (after->t == t)
		return series_point_amount(series, after);
	if (!before) {
		*flags |= SERIES_BEFORE;
		return 0;
	}
	gap = after->t - before->t;
	if (gap > INTERPOLATION_MAX_MS)
		*flags |= SERIES_INTERPOLATED;
	amount = series_point_amount(series, before);
	return amount +
	       multiply_divide(series_point_amount(series, after) - amount, t - before->t, gap);
}

int64_t series_between(const struct index_series *series, ms_t from, ms_t to, unsigned int *flags)
{
	assert(series->classified == series->count && from <= to);
	if (!series_known(series)) {
		*flags |= SERIES_BEFORE | SERIES_AFTER;
		return 0;
	}
	return series_amount(series, to, flags) - series_amount(series, from, flags);
}

/* The walk of series_update(), over a copy of the last points and the reading. */
static int64_t beyond_doubt(const struct index_series *series, ms_t t, int64_t count)
{
	ms_t from = subtract_limited(series_last(series), 2 * EXCURSION_MS);
	size_t start = series_find(series, from);
	struct index_series tail;
	int64_t energy;

	while (start > 0 &&
	       (series->points[start].kind == POINT_GLITCH ||
		series->points[start].kind == POINT_INITIAL || series->points[start].t >= from))
		start--;
	tail = (struct index_series){
		.weights = series->weights,
		.weight_count = series->weight_count,
		.limits = series->limits,
	};
	for (size_t i = start; i < series->classified; i++)
		series_add_point(&tail, &series->points[i]);
	series_update(&tail);
	energy = series_total(&tail);
	series_add(&tail, t, count);
	series_update(&tail);
	energy = tail.points[tail.count - 1].kind == POINT_ROLLOVER ? 0
								    : series_total(&tail) - energy;
	free(tail.points);
	free(tail.baselines);
	return energy > 0 ? energy : 0;
}

int64_t series_beyond(const struct index_series *series, ms_t t, int64_t count)
{
	const struct point *last;
	int64_t energy;

	if (!series_known(series))
		return 0;
	last = &series->points[series->classified - 1];
	if (t <= last->t)
		return 0;
	if (series->doubt_t >= last->t - EXCURSION_MS)
		return beyond_doubt(series, t, count);
	return series_increases(series, last, t, count) &&
			       weight_worth(series_weight(series, last->t)->amount,
					    (int64_t)last->count, count, &energy)
		       ? energy
		       : 0;
}
