#include "aggregator/curve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

#define INTERPOLATION_MAX_MS (60 * MS_PER_SECOND)

bool span_empty(struct span span)
{
	return span.from > span.to;
}

struct span span_join(struct span a, struct span b)
{
	return (struct span){
		.from = a.from < b.from ? a.from : b.from,
		.to = a.to > b.to ? a.to : b.to,
	};
}

void curve_free(struct curve *curve)
{
	free(curve->points);
	free(curve->weights);
	*curve = (struct curve){0};
}

void curve_add(struct curve *curve, ms_t t, int64_t count)
{
	curve->points =
		array_grow(curve->points, curve->count, &curve->capacity, sizeof(*curve->points));
	curve->points[curve->count++] = (struct point){.t = t, .count = count};
}

void curve_weigh(struct curve *curve, ms_t from, int64_t amount)
{
	struct weight *last;

	if (curve->weight_count) {
		last = &curve->weights[curve->weight_count - 1];
		if (last->amount == amount)
			return;
		/* Our clock may have been set back. */
		if (from < last->from)
			from = last->from;
	}
	curve->weights = array_grow(curve->weights, curve->weight_count, &curve->weight_capacity,
				    sizeof(*curve->weights));
	curve->weights[curve->weight_count] =
		(struct weight){.from = curve->weight_count ? from : CURVE_NEVER, .amount = amount};
	curve->weight_count++;
	curve->stale = true;
}

static int64_t curve_weight(const struct curve *curve, ms_t t)
{
	size_t i = curve->weight_count;

	while (i > 1 && curve->weights[i - 1].from > t)
		i--;
	return i ? curve->weights[i - 1].amount : 0;
}

/* A count times a weight below 1. Rounding half up is floor(2x) - floor(x). */
static int64_t weigh_part(int64_t count, int64_t part)
{
	return multiply_divide(2 * count, part, WEIGHT_ONE) -
	       multiply_divide(count, part, WEIGHT_ONE);
}

bool curve_worth(const struct curve *curve, ms_t t, int64_t from, int64_t to, int64_t *amount)
{
	int64_t weight = curve_weight(curve, t);
	int64_t part = weight % WEIGHT_ONE;
	int64_t parts = part ? weigh_part(to, part) - weigh_part(from, part) : 0;
	int64_t whole;

	return !__builtin_mul_overflow(to - from, weight / WEIGHT_ONE, &whole) &&
	       !__builtin_add_overflow(whole, parts, amount);
}

static int point_compare(const void *a, const void *b)
{
	const struct point *p = a;
	const struct point *q = b;

	if (p->t != q->t)
		return p->t < q->t ? -1 : 1;
	return (p->count > q->count) - (p->count < q->count);
}

/* The first settled point at or after `t`. */
static size_t curve_find(const struct curve *curve, ms_t t)
{
	size_t low = 0;
	size_t high = curve->settled;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (curve->points[middle].t < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Sorts the added points in among the settled ones. Returns the position of the first that is new
 * or different (`count` where nothing is), and the time of the last such one. */
static size_t curve_merge(struct curve *curve, ms_t *last_changed)
{
	struct point *fresh = curve->points + curve->settled;
	size_t fresh_count = curve->count - curve->settled;
	struct point *merged;
	size_t old, new = 0, position, start, changed = SIZE_MAX;

	qsort(fresh, fresh_count, sizeof(*fresh), point_compare);
	start = curve_find(curve, fresh[0].t);
	merged = reallocarray(NULL, curve->count - start, sizeof(*merged));
	if (!merged)
		abort();
	*last_changed = CURVE_NEVER;
	for (old = start, position = start; old < curve->settled || new < fresh_count;) {
		bool take_old = new == fresh_count ||
				(old < curve->settled && curve->points[old].t <= fresh[new].t);
		struct point *point = take_old ? &curve->points[old++] : &fresh[new ++];
		struct point *before = position > start ? &merged[position - start - 1] : NULL;

		if (before && before->t == point->t) {
			if (point->count <= before->count)
				continue;
			before->count = point->count;
		} else {
			merged[position++ - start] = *point;
		}
		if (!take_old) {
			if (changed == SIZE_MAX)
				changed = position - 1;
			*last_changed = point->t;
		}
	}
	memcpy(curve->points + start, merged, (position - start) * sizeof(*merged));
	free(merged);
	curve->count = position;
	return changed == SIZE_MAX ? curve->count : changed;
}

/* Adds the points when all come after the settled ones, in order: the usual case. */
static bool curve_append(const struct curve *curve)
{
	for (size_t i = curve->settled ? curve->settled : 1; i < curve->count; i++)
		if (curve->points[i].t <= curve->points[i - 1].t)
			return false;
	return true;
}

static void curve_tally(struct curve *curve, enum point_kind kind, int by)
{
	if (kind == POINT_RESET)
		curve->resets += by;
	else if (kind == POINT_GLITCH)
		curve->glitches += by;
}

static enum point_kind point_judge(const struct point *before, const struct point *point,
				   const struct point *after)
{
	if (!before || point->count >= before->count)
		return POINT_KEPT;
	return after && after->count >= before->count ? POINT_GLITCH : POINT_RESET;
}

static bool curve_step(const struct curve *curve, const struct point *before,
		       const struct point *point, int64_t *step)
{
	int64_t sum;

	return curve_worth(curve, before->t, before->count, point->count, step) &&
	       !__builtin_add_overflow(before->amount, *step, &sum);
}

/* Computes kinds and amounts from `start` on;
 * returns the time from which on every point's kind and step are what they were. */
static ms_t curve_accumulate(struct curve *curve, size_t start)
{
	struct point *before = NULL;
	ms_t same_from = CURVE_NEVER;

	for (size_t i = start; i-- > 0;) {
		if (curve->points[i].kind != POINT_GLITCH) {
			before = &curve->points[i];
			break;
		}
	}
	for (size_t i = start; i < curve->count; i++) {
		struct point *point = &curve->points[i];
		const struct point *after = i + 1 < curve->count ? point + 1 : NULL;
		enum point_kind kind = point_judge(before, point, after);
		int64_t step = 0;

		/* A step that no number can hold is no energy either. */
		if (before && kind == POINT_KEPT && !curve_step(curve, before, point, &step))
			kind = POINT_RESET;
		if (kind != point->kind)
			same_from = after ? after->t : point->t;
		curve_tally(curve, point->kind, -1);
		curve_tally(curve, kind, 1);
		point->kind = kind;
		point->amount = before ? before->amount : 0;
		if (before && kind == POINT_KEPT)
			point->amount += step;
		if (kind != POINT_GLITCH)
			before = point;
	}
	return same_from;
}

static struct span curve_take_in(struct curve *curve)
{
	struct span span;
	size_t start;
	ms_t last_changed, same_from;

	if (curve->settled == curve->count && !curve->stale)
		return SPAN_EMPTY;
	if (curve->settled == curve->count) {
		start = 0;
		last_changed = CURVE_ALWAYS;
	} else if (curve_append(curve)) {
		start = curve->settled;
		last_changed = curve->points[curve->count - 1].t;
	} else {
		start = curve_merge(curve, &last_changed);
		if (start == curve->count && !curve->stale) {
			curve->settled = curve->count;
			return SPAN_EMPTY;
		}
	}
	if (curve->stale)
		start = 0;
	/* A new successor can make its predecessor's fall a glitch. */
	start = start ? start - 1 : 0;
	same_from = curve_accumulate(curve, start);
	curve->settled = curve->count;

	/* The curve changes from the point before the first changed one to the one after the last.
	 */
	span.from = start ? curve->points[start - 1].t : CURVE_NEVER;
	if (curve->stale || last_changed == CURVE_ALWAYS) {
		span.to = CURVE_ALWAYS;
	} else {
		size_t next = curve_find(curve, last_changed + 1);

		/* A glitch after it may stop counting as the next point: take one more. */
		while (next < curve->count && curve->points[next].kind == POINT_GLITCH)
			next++;
		span.to = next < curve->count ? curve->points[next].t : CURVE_ALWAYS;
		if (same_from > span.to)
			span.to = CURVE_ALWAYS;
	}
	curve->stale = false;
	return span;
}

struct span curve_settle(struct curve *curve)
{
	curve->changed = curve_take_in(curve);
	return curve->changed;
}

bool curve_known(const struct curve *curve)
{
	return curve->settled > 0;
}

ms_t curve_first(const struct curve *curve)
{
	return curve->settled ? curve->points[0].t : CURVE_ALWAYS;
}

static const struct point *curve_newest(const struct curve *curve)
{
	size_t i = curve->settled;

	while (i > 0 && curve->points[i - 1].kind == POINT_GLITCH)
		i--;
	return i ? &curve->points[i - 1] : NULL;
}

ms_t curve_last(const struct curve *curve)
{
	const struct point *newest = curve_newest(curve);

	return newest ? newest->t : CURVE_NEVER;
}

int64_t curve_count(const struct curve *curve)
{
	const struct point *newest = curve_newest(curve);

	return newest ? newest->count : 0;
}

int64_t curve_total(const struct curve *curve)
{
	const struct point *newest = curve_newest(curve);

	return newest ? newest->amount : 0;
}

bool curve_reset_within(const struct curve *curve, ms_t from, ms_t to)
{
	if (!curve->resets)
		return false;
	for (size_t i = curve_find(curve, from + 1); i < curve->settled && curve->points[i].t <= to;
	     i++)
		if (curve->points[i].kind == POINT_RESET)
			return true;
	return false;
}

static int64_t curve_amount(const struct curve *curve, ms_t t, unsigned int *flags)
{
	size_t next = curve_find(curve, t);
	const struct point *before, *after;
	size_t i;

	for (i = next; i < curve->settled && curve->points[i].kind == POINT_GLITCH; i++)
		;
	if (i == curve->settled) {
		if (curve_last(curve) < t)
			*flags |= CURVE_AFTER;
		return curve_total(curve);
	}
	after = &curve->points[i];
	if (after->t == t)
		return after->amount;
	for (i = next; i > 0 && curve->points[i - 1].kind == POINT_GLITCH; i--)
		;
	if (i == 0) {
		*flags |= CURVE_BEFORE;
		return 0;
	}
	before = &curve->points[i - 1];
	if (after->t - before->t > INTERPOLATION_MAX_MS)
		*flags |= CURVE_INTERPOLATED;
	return before->amount +
	       multiply_divide(after->amount - before->amount, t - before->t, after->t - before->t);
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
