/* Update of an index series: merges the points that were added, then classifies those points again
 * whose kind may have changed, and no others. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/energy/series_parts.h"
#include "common/base/array.h"
#include "common/base/memory.h"

/* ---- the order of the points ---- */

/* At one moment, records come before the two points of a swap. */
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

static void series_tally(struct index_series *series, unsigned int kind, int by)
{
	if (kind == POINT_RESET)
		series->resets += by;
	else if (kind == POINT_GLITCH)
		series->glitches += by;
	else if (kind == POINT_ROLLOVER)
		series->rollovers += by;
}

/* Appends `point` to the merged ones. Returns false if this changes nothing. */
static bool merged_put(struct index_series *series, struct point *merged, size_t *count,
		       const struct point *point)
{
	struct point *last = *count ? &merged[*count - 1] : NULL;

	if (!last || last->t != point->t || point->kind == POINT_INITIAL) {
		merged[(*count)++] = *point;
	} else if (point->kind == POINT_FINAL) {
		series_tally(series, last->kind, -1);
		*last = *point;
	} else if (point_rank(last) || point->count <= last->count) {
		return false;
	} else {
		last->count = point->count;
	}
	return true;
}

/* Merges the added points into the classified ones, and adds their times to `fresh`. */
static void series_merge(struct index_series *series)
{
	struct point *fresh = series->points + series->classified;
	size_t fresh_count = series->count - series->classified;
	struct time_range run = TIME_RANGE_EMPTY;
	struct point *merged;
	size_t start, old, new = 0, count = 0;

	qsort(fresh, fresh_count, sizeof(*fresh), point_compare);
	start = old = series_find(series, fresh[0].t);
	merged = reallocate(NULL, series->count - start, sizeof(*merged));
	while (old < series->classified || new < fresh_count) {
		if (new == fresh_count ||
		    (old < series->classified && series->points[old].t <= fresh[new].t)) {
			merged_put(series, merged, &count, &series->points[old++]);
			/* New records on both sides of a classified one are two ranges. */
			time_ranges_add(&series->fresh, run);
			run = TIME_RANGE_EMPTY;
		} else {
			const struct point *point = &fresh[new ++];

			if (merged_put(series, merged, &count, point))
				run = time_range_join(run,
						      (struct time_range){point->t, point->t + 1});
		}
	}
	time_ranges_add(&series->fresh, run);
	memcpy(series->points + start, merged, count * sizeof(*merged));
	free(merged);
	series->count = start + count;
}

/* Returns true if the added points follow the classified ones in order: the usual case. */
static bool series_in_order(const struct index_series *series)
{
	for (size_t i = series->classified ? series->classified : 1; i < series->count; i++)
		if (series->points[i].t <= series->points[i - 1].t)
			return false;
	return true;
}

static void series_order(struct index_series *series)
{
	if (series->classified == series->count)
		return;
	if (series_in_order(series))
		time_ranges_add(&series->fresh,
				(struct time_range){series->points[series->classified].t,
						    series->points[series->count - 1].t + 1});
	else
		series_merge(series);
	series->classified = series->count;
}

/* ---- the kind of a point ---- */

static bool rolls_over(const struct index_series *series, const struct point *before,
		       const struct point *point)
{
	int64_t modulus = series_weight(series, before->t)->modulus;
	int64_t fall = (int64_t)before->count - (int64_t)point->count;

	return modulus && (int64_t)before->count <= modulus && fall > modulus / 2;
}

static enum point_kind point_classify(const struct index_series *series, const struct point *before,
				      const struct point *point, const struct point *after)
{
	if (point_rank(point))
		return (enum point_kind)point->kind;
	if (!before || point->count >= before->count)
		return POINT_COUNTED;
	if (after && after->kind != POINT_INITIAL && after->count >= before->count)
		return POINT_GLITCH;
	return after && rolls_over(series, before, point) ? POINT_ROLLOVER : POINT_RESET;
}

/* *step: the amount between two consecutive points. Returns false if it exceeds an int64_t. */
static bool series_step(const struct index_series *series, const struct point *before,
			const struct point *point, enum point_kind kind, int64_t *step)
{
	const struct weight *weight = series_weight(series, before->t);
	int64_t from = (int64_t)before->count;
	int64_t to = (int64_t)point->count;
	int64_t rest;

	*step = 0;
	if (kind == POINT_RESET || kind == POINT_INITIAL)
		return true;
	if (to >= from)
		return weight_worth(weight->amount, from, to, step);
	if (!rolls_over(series, before, point))
		return true; /* a final index below the last record */
	return weight_worth(weight->amount, from, weight->modulus, step) &&
	       weight_worth(weight->amount, 0, to, &rest) &&
	       !__builtin_add_overflow(*step, rest, step);
}

static void series_set_kind(struct index_series *series, struct point *point, enum point_kind kind)
{
	series_tally(series, point->kind, -1);
	series_tally(series, kind, 1);
	point->kind = kind & 15;
	if (kind != POINT_COUNTED && kind != POINT_FINAL && point->t > series->event_t)
		series->event_t = point->t;
}

/* ---- baselines ---- */

static void baseline_put(struct index_series *series, struct baseline baseline)
{
	series->baselines = array_grow(series->baselines, series->baseline_count,
				       &series->baseline_capacity, sizeof(*series->baselines));
	series->baselines[series->baseline_count++] = baseline;
}

/* The baselines that series_cut() removed. */
struct old_baselines {
	struct baseline before; /* the last one that remains */
	struct baseline *baselines;
	size_t count;
};

static struct old_baselines series_cut(struct index_series *series, ms_t from)
{
	size_t left = series_baselines_until(series, from - 1);
	struct old_baselines old = {.count = series->baseline_count - left};

	if (left)
		old.before = series->baselines[left - 1];
	if (old.count) {
		old.baselines = reallocate(NULL, old.count, sizeof(*old.baselines));
		memcpy(old.baselines, series->baselines + left, old.count * sizeof(*old.baselines));
	}
	series->baseline_count = left;
	return old;
}

/* Restores the baselines after a point, shifted by the change of the amount at it. */
static void series_rejoin(struct index_series *series, const struct old_baselines *old,
			  const struct point *point, int64_t amount)
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
		baseline_put(series, baseline);
	}
}

/* ---- classification ---- */

/* Adds a baseline at a point that does not count on from the last one. */
static void series_put_baseline(struct index_series *series, const struct point *point,
				int64_t amount)
{
	int64_t weight = series_weight(series, point->t)->amount;

	if (series->baseline_count && point->kind == POINT_COUNTED &&
	    series->baselines[series->baseline_count - 1].weight == weight)
		return;
	baseline_put(series, (struct baseline){
				     .from = point->t,
				     .count = (int64_t)point->count,
				     .amount = amount,
				     .weight = weight,
			     });
}

/* The first point whose kind may have changed if those from `t` on are new: the kind of a point
 * depends on the next one. The two points of a swap are classified together. */
static size_t series_first_to_classify(const struct index_series *series, ms_t t)
{
	size_t start = series_find(series, t);

	if (start)
		start--;
	if (series->points[start].kind == POINT_INITIAL)
		start--;
	return start;
}

/* Classifies the points from `fresh` on, up to one from which on nothing changes. Returns the time
 * in which amounts may have changed. */
static struct time_range series_classify(struct index_series *series, struct time_range fresh)
{
	size_t start = series_first_to_classify(series, fresh.from);
	const struct point *before = series_before(series, start);
	struct time_range changed = {series->points[0].t, series_last(series)};
	struct old_baselines old;
	int64_t amount = 0;
	bool as_it_was = true;

	if (before) {
		changed.from = before->t;
		amount = series_point_amount(series, before);
	}
	old = series_cut(series, series->points[start].t);
	for (size_t i = start; i < series->count; i++) {
		struct point *point = &series->points[i];
		enum point_kind was = (enum point_kind)point->kind;
		enum point_kind kind = point_classify(series, before, point,
						      i + 1 < series->count ? point + 1 : NULL);
		bool new = time_ranges_touch(&series->fresh, point->t, point->t + 1);
		int64_t step = 0;

		/* A step that exceeds an int64_t is no energy. */
		if (before && kind != POINT_GLITCH &&
		    !series_step(series, before, point, kind, &step) && !point_rank(point))
			kind = POINT_RESET;
		series_set_kind(series, point, kind);
		as_it_was = as_it_was && kind == was && !new;
		if (kind == POINT_GLITCH)
			continue;
		if (as_it_was)
			changed.from = point->t;
		amount = add_limited(amount, step);
		before = point;
		if (kind == POINT_FINAL)
			continue;
		series_put_baseline(series, point, amount);
		if (kind == was && !new && point->t >= fresh.to) {
			changed.to = point->t;
			series_rejoin(series, &old, point, amount);
			break;
		}
	}
	free(old.baselines);
	return changed;
}

/* The newest event may no longer be one. */
static void series_find_event(struct index_series *series)
{
	struct index_event event;
	size_t i = series_find(series, series->event_t);

	if (i < series->classified && series->points[i].kind == POINT_FINAL)
		i++;
	if (!series->event_t || (i < series->classified && series_event(series, i, &event)))
		return;
	series->event_t = 0;
	for (i = series->classified; i-- > 0 && !series->event_t;)
		if (series_event(series, i, &event))
			series->event_t = event.t;
}

void series_update(struct index_series *series)
{
	bool known = series_known(series);

	series->changed.count = 0;
	if (series->classified == series->count && !series->fresh.count)
		return;
	series_order(series);
	for (size_t i = 0; series->count && i < series->fresh.count; i++)
		time_ranges_add(&series->changed, series_classify(series, series->fresh.items[i]));
	series->fresh.count = 0;
	series_find_event(series);
	/* Windows were partial as long as the series had no record. */
	if (!known && series_known(series))
		time_ranges_add(&series->changed, TIME_RANGE_ALL);
}
