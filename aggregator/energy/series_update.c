/* Update of an index series: judges those records again whose verdict may have changed, and no
 * others. A verdict depends on the records kept before, and on those that follow until an hour is
 * over and one more; and records are left out up to an hour later. So the walk begins at a record
 * that is kept and was judged by what was there before, and ends at one from which on all is as it
 * was. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/energy/series_parts.h"
#include "common/base/array.h"
#include "common/base/memory.h"

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

/* *step: the amount between two points that are kept one after the other. It is 0 if it exceeds an
 * int64_t: a volume has no limit. */
static int64_t series_step(const struct index_series *series, const struct point *before,
			   const struct point *point)
{
	const struct weight *weight = series_weight(series, before->t);
	int64_t from = (int64_t)before->count;
	int64_t to = (int64_t)point->count;
	int64_t step = 0, rest = 0;
	bool rolled = point->kind == POINT_ROLLOVER || (point->kind == POINT_FINAL && to < from &&
							series_rolls_over(series, before, point));

	if (rolled)
		return weight_worth(weight->amount, from, weight->modulus, &step) &&
				       weight_worth(weight->amount, 0, to, &rest)
			       ? add_limited(step, rest)
			       : 0;
	if (point->kind != POINT_COUNTED &&
	    (point->kind != POINT_FINAL || !series_increases(series, before, point->t, to)))
		return 0;
	return weight_worth(weight->amount, from, to, &step) ? step : 0;
}

/* ---- the walk ---- */

/* The points of one update: judged from `start` to `end`, different from `first` to `last`. */
struct evaluation {
	size_t start, end;
	size_t before; /* the last kept point before `start`, or NO_POINT */
	size_t first, last;
	bool rejoined; /* the last one is kept as before, and from there on all is as it was */
};

static bool is_fresh(const struct index_series *series, const struct point *point)
{
	return time_ranges_touch(&series->fresh, point->t, point->t + 1);
}

/* Returns the last kept point whose verdict, and those before, cannot depend on what is new at and
 * after point `i`. */
static size_t walk_begin(const struct index_series *series, size_t i)
{
	ms_t until;

	if (i == 0)
		return NO_POINT;
	until = subtract_limited(series->points[i - 1].t, EXCURSION_MS);
	if (series->doubt_t < until)
		until = FOREVER;
	while (i-- > 0)
		if (series->points[i].kind != POINT_GLITCH && series->points[i].t < until)
			return i;
	return NO_POINT;
}

/* Judges the points from evaluation->start on. */
static void series_walk(struct index_series *series, struct time_range fresh,
			struct evaluation *evaluation)
{
	struct walk walk = {
		.series = series,
		.start = evaluation->start,
		.before = evaluation->before,
		.doubt_t = NEVER,
	};
	size_t p = evaluation->before;
	size_t same = NO_POINT; /* the first one kept after the last difference */
	size_t i;

	for (i = evaluation->start; i < series->count; i++) {
		struct point *point = &series->points[i];
		bool differs;

		point->was = point->kind;
		walk.revised = false;
		p = walk_judge(&walk, p, i);
		differs = point->kind != point->was || walk.revised || is_fresh(series, point);
		if (differs)
			same = NO_POINT;
		else if (p == i && same == NO_POINT)
			same = i;
		/* The two points of a swap are one moment. */
		if (differs || p != i || point->t < fresh.to || point->kind == POINT_FINAL ||
		    series->points[same].t >= point->t - EXCURSION_MS)
			continue;
		evaluation->rejoined = true;
		break;
	}
	evaluation->start = walk.start;
	evaluation->before = walk.before;
	evaluation->end = evaluation->rejoined ? i + 1 : i;
	if (evaluation->rejoined && series->doubt_t > series->points[i].t)
		return;
	if (walk.doubt_t != NEVER)
		series->doubt_t = walk.doubt_t;
	else if (series->doubt_t > series->points[evaluation->start].t)
		series->doubt_t = series->points[evaluation->start].t; /* or earlier */
}

/* ---- what follows from the verdicts ---- */

/* Finds what is different, and counts it. Returns false if nothing is. */
static bool series_compare(struct index_series *series, struct evaluation *evaluation)
{
	evaluation->first = evaluation->last = NO_POINT;
	for (size_t i = evaluation->start; i < evaluation->end; i++) {
		const struct point *point = &series->points[i];

		if (point->kind == point->was && !is_fresh(series, point))
			continue;
		if (evaluation->first == NO_POINT)
			evaluation->first = i;
		evaluation->last = i;
		series_tally(series, point->was, -1);
		series_tally(series, point->kind, 1);
		if (point->kind != POINT_COUNTED && point->kind != POINT_FINAL &&
		    point->t > series->event_t)
			series->event_t = point->t;
	}
	return evaluation->first != NO_POINT;
}

/* Computes the baselines of the points from evaluation->start on again. */
static void series_rebuild(struct index_series *series, const struct evaluation *evaluation)
{
	const struct point *before = NULL;
	struct old_baselines old;
	int64_t amount = 0;

	if (evaluation->before != NO_POINT) {
		before = &series->points[evaluation->before];
		amount = series_point_amount(series, before);
	}
	old = series_cut(series, series->points[evaluation->start].t);
	for (size_t i = evaluation->start; i < evaluation->end; i++) {
		const struct point *point = &series->points[i];

		if (point->kind == POINT_GLITCH)
			continue;
		if (before)
			amount = add_limited(amount, series_step(series, before, point));
		before = point;
		if (point->kind != POINT_FINAL)
			series_put_baseline(series, point, amount);
	}
	if (evaluation->rejoined)
		series_rejoin(series, &old, before, amount);
	free(old.baselines);
}

/* Returns the time in which amounts changed: from the last point before that is kept to the first
 * one after it. */
static struct time_range evaluation_changed(const struct index_series *series,
					    const struct evaluation *evaluation)
{
	const struct point *before = series_before(series, evaluation->first);
	const struct point *after = series_after(series, evaluation->last + 1);

	return (struct time_range){
		before ? before->t : series->points[0].t,
		after ? after->t : series_last(series),
	};
}

/* Returns the time in which amounts may have changed. */
static struct time_range series_evaluate(struct index_series *series, struct time_range fresh)
{
	size_t i = series_find(series, fresh.from);
	struct evaluation evaluation = {.before = walk_begin(series, i)};

	evaluation.start = evaluation.before == NO_POINT ? 0 : evaluation.before + 1;
	if (i == series->count)
		return TIME_RANGE_EMPTY;
	series_walk(series, fresh, &evaluation);
	if (!series_compare(series, &evaluation))
		return TIME_RANGE_EMPTY;
	series_rebuild(series, &evaluation);
	return evaluation_changed(series, &evaluation);
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
		time_ranges_add(&series->changed, series_evaluate(series, series->fresh.items[i]));
	series->fresh.count = 0;
	series_find_event(series);
	/* Windows were partial as long as the series had no record. */
	if (!known && series_known(series))
		time_ranges_add(&series->changed, TIME_RANGE_ALL);
}
