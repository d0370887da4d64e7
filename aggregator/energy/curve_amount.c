/* What is asked of a curve: amounts. */
#include <assert.h>

#include "aggregator/energy/curve_parts.h"

#define INTERPOLATION_MAX_MS (60 * MS_PER_SECOND)

const struct weight *curve_weight(const struct curve *curve, ms_t t)
{
	static const struct weight none;
	size_t i = curve->weight_count;

	while (i > 1 && curve->weights[i - 1].from > t)
		i--;
	return i ? &curve->weights[i - 1] : &none;
}

/* A count times a weight below 1. Rounding half up is floor(2x) - floor(x). */
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

bool curve_worth(const struct curve *curve, ms_t t, int64_t from, int64_t to, int64_t *amount)
{
	return weight_worth(curve_weight(curve, t)->amount, from, to, amount);
}

int64_t baseline_amount(const struct baseline *baseline, const struct point *point)
{
	int64_t amount = 0;

	weight_worth(baseline->weight, baseline->count, (int64_t)point->count, &amount);
	return add_limited(baseline->amount, amount);
}

size_t curve_baseline(const struct curve *curve, ms_t t)
{
	size_t low = 0;
	size_t high = curve->baseline_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (curve->baselines[middle].from <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Both points of a swap have the amount at which the new meter begins. */
int64_t curve_point_amount(const struct curve *curve, size_t i)
{
	const struct point *point = &curve->points[i];
	size_t next = curve_baseline(curve, point->t);

	assert(next > 0);
	if (point->kind == POINT_FINAL)
		return curve->baselines[next - 1].amount;
	return baseline_amount(&curve->baselines[next - 1], point);
}

int64_t curve_total(const struct curve *curve)
{
	return curve->settled ? curve_point_amount(curve, curve->settled - 1) : 0;
}

static int64_t curve_amount(const struct curve *curve, ms_t t, unsigned int *flags)
{
	size_t next = curve_find(curve, t);
	size_t after = next, before = next;
	int64_t amount;
	ms_t gap;

	while (after < curve->settled && curve->points[after].kind == POINT_GLITCH)
		after++;
	if (after == curve->settled) {
		if (curve_last(curve) < t)
			*flags |= CURVE_AFTER;
		return curve_total(curve);
	}
	if (curve->points[after].t == t)
		return curve_point_amount(curve, after);
	while (before > 0 && curve->points[before - 1].kind == POINT_GLITCH)
		before--;
	if (before == 0) {
		*flags |= CURVE_BEFORE;
		return 0;
	}
	before--;
	gap = curve->points[after].t - curve->points[before].t;
	if (gap > INTERPOLATION_MAX_MS)
		*flags |= CURVE_INTERPOLATED;
	amount = curve_point_amount(curve, before);
	return amount + multiply_divide(curve_point_amount(curve, after) - amount,
					t - curve->points[before].t, gap);
}

int64_t curve_between(const struct curve *curve, ms_t from, ms_t to, unsigned int *flags)
{
	assert(curve->settled == curve->count && from <= to);
	if (!curve_known(curve)) {
		*flags |= CURVE_BEFORE | CURVE_AFTER;
		return 0;
	}
	return curve_amount(curve, to, flags) - curve_amount(curve, from, flags);
}
