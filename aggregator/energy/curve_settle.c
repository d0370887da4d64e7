/* Makes the curve what the set says: sorts in what was added, then judges each point that may be
 * judged differently now, and no more. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/energy/curve_parts.h"
#include "common/base/array.h"

/* ---- the order of the points ---- */

/* In one moment records come first, then the two of a swap. */
static int point_rank(const struct point *point)
{
	return point->kind == POINT_FINAL ? 1 : point->kind == POINT_INITIAL ? 2 : 0;
}

static int point_compare(const void *a, const void *b)
{
	const struct point *p = a;
	const struct point *q = b;

	if (p->t != q->t)
		return p->t < q->t ? -1 : 1;
	if (point_rank(p) != point_rank(q))
		return point_rank(p) - point_rank(q);
	return (p->count > q->count) - (p->count < q->count);
}

static void curve_tally(struct curve *curve, unsigned int kind, int by)
{
	if (kind == POINT_RESET)
		curve->resets += by;
	else if (kind == POINT_GLITCH)
		curve->glitches += by;
	else if (kind == POINT_ROLLOVER)
		curve->rollovers += by;
}

/* Puts `point` behind the last one merged. False where that makes no difference. */
static bool merged_put(struct curve *curve, struct point *merged, size_t *count,
		       const struct point *point)
{
	struct point *last = *count ? &merged[*count - 1] : NULL;

	if (!last || last->t != point->t || point->kind == POINT_INITIAL) {
		merged[(*count)++] = *point;
	} else if (point->kind == POINT_FINAL) {
		curve_tally(curve, last->kind, -1);
		*last = *point;
	} else if (point_rank(last) || point->count <= last->count) {
		return false;
	} else {
		last->count = point->count;
	}
	return true;
}

/* Sorts the added points in among the settled ones, and notes where they lie. */
static void curve_merge(struct curve *curve)
{
	struct point *fresh = curve->points + curve->settled;
	size_t fresh_count = curve->count - curve->settled;
	struct span run = SPAN_EMPTY;
	struct point *merged;
	size_t start, old, new = 0, count = 0;

	qsort(fresh, fresh_count, sizeof(*fresh), point_compare);
	start = old = curve_find(curve, fresh[0].t);
	merged = reallocarray(NULL, curve->count - start, sizeof(*merged));
	if (!merged)
		abort();
	while (old < curve->settled || new < fresh_count) {
		if (new == fresh_count ||
		    (old < curve->settled && curve->points[old].t <= fresh[new].t)) {
			merged_put(curve, merged, &count, &curve->points[old++]);
			/* Records on both sides of a settled one are two stretches. */
			spans_add(&curve->fresh, run);
			run = SPAN_EMPTY;
		} else {
			const struct point *point = &fresh[new ++];

			if (merged_put(curve, merged, &count, point))
				run = span_join(run, (struct span){point->t, point->t + 1});
		}
	}
	spans_add(&curve->fresh, run);
	memcpy(curve->points + start, merged, count * sizeof(*merged));
	free(merged);
	curve->count = start + count;
}

/* All that was added comes after the settled points, in order: the usual case. */
static bool curve_in_order(const struct curve *curve)
{
	for (size_t i = curve->settled ? curve->settled : 1; i < curve->count; i++)
		if (curve->points[i].t <= curve->points[i - 1].t)
			return false;
	return true;
}

static void curve_take_in(struct curve *curve)
{
	if (curve->settled == curve->count)
		return;
	if (curve_in_order(curve))
		spans_add(&curve->fresh, (struct span){curve->points[curve->settled].t,
						       curve->points[curve->count - 1].t + 1});
	else
		curve_merge(curve);
	curve->settled = curve->count;
}

/* ---- what each point is ---- */

static bool rolls_over(const struct curve *curve, const struct point *before,
		       const struct point *point)
{
	int64_t modulus = curve_weight(curve, before->t)->modulus;
	int64_t fall = (int64_t)before->count - (int64_t)point->count;

	return modulus && (int64_t)before->count <= modulus && fall > modulus / 2;
}

static enum point_kind point_judge(const struct curve *curve, const struct point *before,
				   const struct point *point, const struct point *after)
{
	if (point_rank(point))
		return (enum point_kind)point->kind;
	if (!before || point->count >= before->count)
		return POINT_KEPT;
	if (after && after->kind != POINT_INITIAL && after->count >= before->count)
		return POINT_GLITCH;
	return after && rolls_over(curve, before, point) ? POINT_ROLLOVER : POINT_RESET;
}

/* The amount between two points that follow each other. False where no number can hold it. */
static bool curve_step(const struct curve *curve, const struct point *before,
		       const struct point *point, enum point_kind kind, int64_t *step)
{
	const struct weight *weight = curve_weight(curve, before->t);
	int64_t from = (int64_t)before->count;
	int64_t to = (int64_t)point->count;
	int64_t rest;

	*step = 0;
	if (kind == POINT_RESET || kind == POINT_INITIAL)
		return true;
	if (to >= from)
		return weight_worth(weight->amount, from, to, step);
	if (!rolls_over(curve, before, point))
		return true; /* a final index that is too low */
	return weight_worth(weight->amount, from, weight->modulus, step) &&
	       weight_worth(weight->amount, 0, to, &rest) &&
	       !__builtin_add_overflow(*step, rest, step);
}

static void curve_set_kind(struct curve *curve, struct point *point, enum point_kind kind)
{
	curve_tally(curve, point->kind, -1);
	curve_tally(curve, kind, 1);
	point->kind = kind & 15;
	if (kind != POINT_KEPT && kind != POINT_FINAL && point->t > curve->event_t)
		curve->event_t = point->t;
}

/* ---- baselines ---- */

static void baseline_put(struct curve *curve, struct baseline baseline)
{
	curve->baselines = array_grow(curve->baselines, curve->baseline_count,
				      &curve->baseline_capacity, sizeof(*curve->baselines));
	curve->baselines[curve->baseline_count++] = baseline;
}

/* The baselines from somewhere on, before the stretch was judged anew. */
struct old {
	struct baseline before; /* the last one that stays */
	struct baseline *baselines;
	size_t count;
};

static struct old curve_cut(struct curve *curve, ms_t from)
{
	size_t kept = curve_baseline(curve, from - 1);
	struct old old = {.count = curve->baseline_count - kept};

	if (kept)
		old.before = curve->baselines[kept - 1];
	if (old.count) {
		old.baselines = reallocarray(NULL, old.count, sizeof(*old.baselines));
		if (!old.baselines)
			abort();
		memcpy(old.baselines, curve->baselines + kept, old.count * sizeof(*old.baselines));
	}
	curve->baseline_count = kept;
	return old;
}

/* What follows a point stays as it was, but for the amount that the point has now. */
static void curve_rejoin(struct curve *curve, const struct old *old, const struct point *point,
			 int64_t amount)
{
	const struct baseline *held = &old->before;
	size_t next = 0;
	int64_t shift;

	while (next < old->count && old->baselines[next].from <= point->t)
		held = &old->baselines[next++];
	shift = subtract_limited(amount, baseline_amount(held, point));
	for (; next < old->count; next++) {
		struct baseline baseline = old->baselines[next];

		baseline.amount = add_limited(baseline.amount, shift);
		baseline_put(curve, baseline);
	}
}

/* ---- judging ---- */

static bool curve_breaks(const struct curve *curve, const struct point *point, enum point_kind kind)
{
	if (!curve->baseline_count || kind == POINT_RESET || kind == POINT_ROLLOVER ||
	    kind == POINT_INITIAL)
		return true;
	return curve->baselines[curve->baseline_count - 1].weight !=
	       curve_weight(curve, point->t)->amount;
}

/* The first point that may be judged differently since those from `t` on are new: judgement looks
 * one point ahead. The two points of a swap go together. */
static size_t curve_first_to_judge(const struct curve *curve, ms_t t)
{
	size_t start = curve_find(curve, t);

	if (start)
		start--;
	if (curve->points[start].kind == POINT_INITIAL)
		start--;
	return start;
}

/* Judges the points from `fresh` on until all that follow are what they were. */
static struct span curve_judge(struct curve *curve, struct span fresh)
{
	size_t start = curve_first_to_judge(curve, fresh.from);
	struct point *before = NULL;
	struct span changed = {curve->points[0].t, curve_last(curve)};
	struct old old;
	int64_t amount = 0;
	bool as_it_was = true;

	for (size_t i = start; i > 0 && !before; i--)
		if (curve->points[i - 1].kind != POINT_GLITCH)
			before = &curve->points[i - 1];
	if (before) {
		changed.from = before->t;
		amount = curve_point_amount(curve, (size_t)(before - curve->points));
	}
	old = curve_cut(curve, curve->points[start].t);
	for (size_t i = start; i < curve->count; i++) {
		struct point *point = &curve->points[i];
		enum point_kind was = (enum point_kind)point->kind;
		enum point_kind kind =
			point_judge(curve, before, point, i + 1 < curve->count ? point + 1 : NULL);
		bool new = spans_touch(&curve->fresh, point->t, point->t + 1);
		int64_t step = 0;

		/* A step that no number can hold is no energy either. */
		if (before && kind != POINT_GLITCH &&
		    !curve_step(curve, before, point, kind, &step) && !point_rank(point))
			kind = POINT_RESET;
		curve_set_kind(curve, point, kind);
		as_it_was = as_it_was && kind == was && !new;
		if (kind == POINT_GLITCH)
			continue;
		if (as_it_was)
			changed.from = point->t;
		amount = add_limited(amount, step);
		before = point;
		if (kind == POINT_FINAL)
			continue;
		if (curve_breaks(curve, point, kind))
			baseline_put(curve, (struct baseline){
						    .from = point->t,
						    .count = (int64_t)point->count,
						    .amount = amount,
						    .weight = curve_weight(curve, point->t)->amount,
					    });
		if (kind == was && !new && point->t >= fresh.to) {
			changed.to = point->t;
			curve_rejoin(curve, &old, point, amount);
			break;
		}
	}
	free(old.baselines);
	return changed;
}

/* The newest event may be one no more. */
static void curve_find_event(struct curve *curve)
{
	struct event event;
	size_t i = curve_find(curve, curve->event_t);

	if (i < curve->settled && curve->points[i].kind == POINT_FINAL)
		i++;
	if (!curve->event_t || (i < curve->settled && curve_event(curve, i, &event)))
		return;
	curve->event_t = 0;
	for (i = curve->settled; i-- > 0 && !curve->event_t;)
		if (curve_event(curve, i, &event))
			curve->event_t = event.t;
}

void curve_settle(struct curve *curve)
{
	bool known = curve_known(curve);

	curve->changed.count = 0;
	if (curve->settled == curve->count && !curve->fresh.count)
		return;
	curve_take_in(curve);
	for (size_t i = 0; curve->count && i < curve->fresh.count; i++)
		spans_add(&curve->changed, curve_judge(curve, curve->fresh.items[i]));
	curve->fresh.count = 0;
	curve_find_event(curve);
	/* A curve that was not known took part in windows as something that is missing. */
	if (!known && curve_known(curve))
		spans_add(&curve->changed, SPAN_ALL);
}
