#include "aggregator/energy/series.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/search.h"

void series_free(struct index_series *series)
{
	free(series->points);
	free(series->baselines);
	free(series->weights);
	free(series->swaps);
	*series = (struct index_series){0};
}

static void series_put(struct index_series *series, ms_t t, int64_t count, enum point_kind kind)
{
	series->points = array_grow(series->points, series->count, &series->capacity,
				    sizeof(*series->points));
	series->points[series->count++] = (struct point){
		.t = t,
		.count = (uint64_t)count & POINT_COUNT_MAX,
		.kind = kind & 7,
	};
}

void series_add(struct index_series *series, ms_t t, int64_t count)
{
	series_put(series, t, count, POINT_COUNTED);
}

void series_add_start(struct index_series *series, ms_t t, int64_t count)
{
	series_put(series, t, count, POINT_COUNTED);
	series->points[series->count - 1].start = true;
}

void series_tally(struct index_series *series, unsigned int kind, int by)
{
	if (kind == POINT_RESET)
		series->resets += by;
	else if (kind == POINT_GLITCH)
		series->glitches += by;
	else if (kind == POINT_ROLLOVER)
		series->rollovers += by;
	else if (kind == POINT_JUMP)
		series->jumps += by;
}

void series_add_point(struct index_series *series, const struct point *point)
{
	series_put(series, point->t, (int64_t)point->count, POINT_COUNTED);
	series->points[series->count - 1] = *point;
	series_tally(series, point->kind, 1);
}

static bool series_holds_record(const struct index_series *series, ms_t t, int64_t count,
				bool start)
{
	size_t i = series_find(series, t);
	const struct point *point = &series->points[i];

	if (i >= series->classified || point->t != t)
		return false;
	return point->kind == POINT_FINAL || (int64_t)point->count > count ||
	       ((int64_t)point->count == count && point->start >= start);
}

bool series_holds(const struct index_series *series, ms_t t, int64_t count)
{
	return series_holds_record(series, t, count, false);
}

bool series_holds_start(const struct index_series *series, ms_t t, int64_t count)
{
	return series_holds_record(series, t, count, true);
}

void series_limits_changed(struct index_series *series, ms_t t)
{
	time_ranges_add(&series->fresh, (struct time_range){t, FOREVER});
}

bool series_set_weight(struct index_series *series, struct weight weight)
{
	struct weight *last =
		series->weight_count ? &series->weights[series->weight_count - 1] : NULL;

	if (!last)
		weight.from = NEVER;
	else if (last->amount == weight.amount && last->modulus == weight.modulus &&
		 last->max_w == weight.max_w)
		return false;
	/* The clock may have been set back. */
	else if (weight.from <= last->from)
		weight.from = last->from, series->weight_count--;
	series->weights = array_grow(series->weights, series->weight_count,
				     &series->weight_capacity, sizeof(*series->weights));
	series->weights[series->weight_count++] = weight;
	time_ranges_add(&series->fresh, (struct time_range){weight.from, FOREVER});
	return true;
}

static void series_replace_swap(struct index_series *series, const struct swap *swap)
{
	for (size_t i = 0; i < series->count; i++) {
		struct point *point = &series->points[i];

		if (point->t != swap->t)
			continue;
		if (point->kind == POINT_FINAL)
			point->count = (uint64_t)swap->final & POINT_COUNT_MAX;
		else if (point->kind == POINT_INITIAL)
			point->count = (uint64_t)swap->initial & POINT_COUNT_MAX;
	}
	time_ranges_add(&series->fresh, (struct time_range){swap->t, swap->t + 1});
}

bool series_add_swap(struct index_series *series, struct swap swap)
{
	size_t i = search_from(series->swaps, series->swap_count, sizeof(*series->swaps), swap.t);

	if (i < series->swap_count && series->swaps[i].t == swap.t) {
		struct swap *known = &series->swaps[i];

		if (known->final == swap.final && known->initial == swap.initial &&
		    strcmp(known->by, swap.by) == 0)
			return false;
		*known = swap;
		series_replace_swap(series, &swap);
		return true;
	}
	series->swaps = array_grow(series->swaps, series->swap_count, &series->swap_capacity,
				   sizeof(*series->swaps));
	memmove(&series->swaps[i + 1], &series->swaps[i],
		(series->swap_count - i) * sizeof(*series->swaps));
	series->swaps[i] = swap;
	series->swap_count++;
	series_put(series, swap.t, swap.final, POINT_FINAL);
	series_put(series, swap.t, swap.initial, POINT_INITIAL);
	return true;
}

const struct swap *series_swap_at(const struct index_series *series, ms_t t)
{
	size_t i = search_from(series->swaps, series->swap_count, sizeof(*series->swaps), t);

	return i < series->swap_count && series->swaps[i].t == t ? &series->swaps[i] : NULL;
}

/* ---- questions ---- */

size_t series_find(const struct index_series *series, ms_t t)
{
	const struct point *points = series->points;
	size_t count = series->classified;

	/* Most searches are for the newest point. */
	if (count && points[count - 1].t < t)
		return count;
	return search_from(points, count, sizeof(*points), t);
}

const struct point *series_before(const struct index_series *series, size_t i)
{
	while (i > 0 && series->points[i - 1].kind == POINT_GLITCH)
		i--;
	return i > 0 ? &series->points[i - 1] : NULL;
}

const struct point *series_after(const struct index_series *series, size_t i)
{
	while (i < series->classified && series->points[i].kind == POINT_GLITCH)
		i++;
	return i < series->classified ? &series->points[i] : NULL;
}

bool series_known(const struct index_series *series)
{
	return series->classified > 0;
}

ms_t series_first(const struct index_series *series)
{
	return series->classified ? series->points[0].t : FOREVER;
}

/* The last point is no glitch: it has no successor. */
ms_t series_last(const struct index_series *series)
{
	return series->classified ? series->points[series->classified - 1].t : NEVER;
}

int64_t series_count(const struct index_series *series)
{
	return series->classified ? (int64_t)series->points[series->classified - 1].count : 0;
}

bool series_reset_within(const struct index_series *series, ms_t from, ms_t to)
{
	if (!series->resets && !series->jumps)
		return false;
	for (size_t i = series_find(series, from + 1);
	     i < series->classified && series->points[i].t <= to; i++)
		if (series->points[i].kind == POINT_RESET || series->points[i].kind == POINT_JUMP)
			return true;
	return false;
}

bool series_event(const struct index_series *series, size_t i, struct index_event *event)
{
	static const enum index_event_kind kinds[] = {
		[POINT_GLITCH] = EVENT_GLITCH,	   [POINT_RESET] = EVENT_RESET,
		[POINT_ROLLOVER] = EVENT_ROLLOVER, [POINT_JUMP] = EVENT_JUMP,
		[POINT_INITIAL] = EVENT_SWAP,
	};
	const struct point *point = &series->points[i];
	const struct point *before = series_before(series, i);

	if (!before || point->kind == POINT_COUNTED || point->kind == POINT_FINAL)
		return false;
	*event = (struct index_event){
		.t = point->t,
		.kind = kinds[point->kind],
		.before = (int64_t)before->count,
		.after = (int64_t)point->count,
	};
	return true;
}

void series_confirm(struct index_series *series, ms_t from, ms_t to,
		    void (*confirmed)(void *context, const struct point *point), void *context)
{
	for (size_t i = series_find(series, from);
	     i < series->classified && series->points[i].t < to; i++) {
		struct point *point = &series->points[i];

		if (point->confirmed || point->kind == POINT_FINAL || point->kind == POINT_INITIAL)
			continue;
		point->confirmed = true;
		confirmed(context, point);
	}
}

size_t series_downsample(struct index_series *series, ms_t from, ms_t to,
			 bool (*drop)(void *context, const struct index_series *series, size_t i),
			 void *context)
{
	size_t start = series_find(series, from);
	size_t end = series_find(series, to);
	size_t left = start;
	size_t removed;

	/* `drop` examines the points on both sides, so no point after `i` may move yet. */
	for (size_t i = start; i < end; i++) {
		struct point point = series->points[i];

		if (drop(context, series, i))
			continue;
		series->points[left++] = point;
	}
	removed = end - left;
	if (!removed)
		return 0;
	memmove(&series->points[left], &series->points[end],
		(series->count - end) * sizeof(*series->points));
	series->count -= removed;
	series->classified -= removed;
	return removed;
}
