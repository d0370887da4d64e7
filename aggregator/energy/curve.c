#include "aggregator/energy/curve.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

void curve_free(struct curve *curve)
{
	free(curve->points);
	free(curve->baselines);
	free(curve->weights);
	free(curve->swaps);
	*curve = (struct curve){0};
}

static void curve_put(struct curve *curve, ms_t t, int64_t count, enum point_kind kind)
{
	curve->points =
		array_grow(curve->points, curve->count, &curve->capacity, sizeof(*curve->points));
	curve->points[curve->count++] = (struct point){
		.t = t,
		.count = (uint64_t)count & POINT_COUNT_MAX,
		.kind = kind & 15,
	};
}

void curve_add(struct curve *curve, ms_t t, int64_t count)
{
	curve_put(curve, t, count, POINT_KEPT);
}

bool curve_holds(const struct curve *curve, ms_t t, int64_t count)
{
	size_t i = curve_find(curve, t);
	const struct point *point = &curve->points[i];

	return i < curve->settled && point->t == t &&
	       ((int64_t)point->count >= count || point->kind == POINT_FINAL);
}

bool curve_weigh(struct curve *curve, struct weight weight)
{
	struct weight *last = curve->weight_count ? &curve->weights[curve->weight_count - 1] : NULL;

	if (!last)
		weight.from = CURVE_NEVER;
	else if (last->amount == weight.amount && last->modulus == weight.modulus)
		return false;
	/* Our clock may have been set back. */
	else if (weight.from <= last->from)
		weight.from = last->from, curve->weight_count--;
	curve->weights = array_grow(curve->weights, curve->weight_count, &curve->weight_capacity,
				    sizeof(*curve->weights));
	curve->weights[curve->weight_count++] = weight;
	spans_add(&curve->fresh, (struct span){weight.from, CURVE_ALWAYS});
	return true;
}

static void curve_replace_swap(struct curve *curve, const struct swap *swap)
{
	for (size_t i = 0; i < curve->count; i++) {
		struct point *point = &curve->points[i];

		if (point->t != swap->t)
			continue;
		if (point->kind == POINT_FINAL)
			point->count = (uint64_t)swap->final & POINT_COUNT_MAX;
		else if (point->kind == POINT_INITIAL)
			point->count = (uint64_t)swap->initial & POINT_COUNT_MAX;
	}
	spans_add(&curve->fresh, (struct span){swap->t, swap->t + 1});
}

bool curve_swap(struct curve *curve, struct swap swap)
{
	size_t i = curve->swap_count;

	while (i > 0 && curve->swaps[i - 1].t > swap.t)
		i--;
	if (i > 0 && curve->swaps[i - 1].t == swap.t) {
		struct swap *known = &curve->swaps[i - 1];

		if (known->final == swap.final && known->initial == swap.initial &&
		    strcmp(known->by, swap.by) == 0)
			return false;
		*known = swap;
		curve_replace_swap(curve, &swap);
		return true;
	}
	curve->swaps = array_grow(curve->swaps, curve->swap_count, &curve->swap_capacity,
				  sizeof(*curve->swaps));
	memmove(&curve->swaps[i + 1], &curve->swaps[i],
		(curve->swap_count - i) * sizeof(*curve->swaps));
	curve->swaps[i] = swap;
	curve->swap_count++;
	curve_put(curve, swap.t, swap.final, POINT_FINAL);
	curve_put(curve, swap.t, swap.initial, POINT_INITIAL);
	return true;
}

const struct swap *curve_swap_at(const struct curve *curve, ms_t t)
{
	for (size_t i = 0; i < curve->swap_count; i++)
		if (curve->swaps[i].t == t)
			return &curve->swaps[i];
	return NULL;
}

/* ---- of a settled curve ---- */

size_t curve_find(const struct curve *curve, ms_t t)
{
	size_t low = 0;
	size_t high = curve->settled;

	/* Most ask for what is newest. */
	if (high && curve->points[high - 1].t < t)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (curve->points[middle].t < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool curve_known(const struct curve *curve)
{
	return curve->settled > 0;
}

ms_t curve_first(const struct curve *curve)
{
	return curve->settled ? curve->points[0].t : CURVE_ALWAYS;
}

/* The last point has no successor, so it is no glitch. */
ms_t curve_last(const struct curve *curve)
{
	return curve->settled ? curve->points[curve->settled - 1].t : CURVE_NEVER;
}

int64_t curve_count(const struct curve *curve)
{
	return curve->settled ? (int64_t)curve->points[curve->settled - 1].count : 0;
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

bool curve_event(const struct curve *curve, size_t i, struct event *event)
{
	static const enum event_kind kinds[] = {
		[POINT_GLITCH] = EVENT_GLITCH,
		[POINT_RESET] = EVENT_RESET,
		[POINT_ROLLOVER] = EVENT_ROLLOVER,
		[POINT_INITIAL] = EVENT_SWAP,
	};
	const struct point *point = &curve->points[i];
	size_t before = i;

	if (point->kind == POINT_KEPT || point->kind == POINT_FINAL)
		return false;
	/* The first point is no glitch. */
	while (curve->points[--before].kind == POINT_GLITCH)
		;
	*event = (struct event){
		.t = point->t,
		.kind = kinds[point->kind],
		.before = (int64_t)curve->points[before].count,
		.after = (int64_t)point->count,
	};
	return true;
}

size_t curve_thin(struct curve *curve, ms_t from, ms_t to,
		  bool (*drop)(void *context, const struct curve *curve, size_t i), void *context)
{
	size_t start = curve_find(curve, from);
	size_t end = curve_find(curve, to);
	size_t kept = start;
	size_t gone;

	/* `drop` looks at neighbours, so each point keeps its place until it is asked. */
	for (size_t i = start; i < end; i++) {
		struct point point = curve->points[i];

		if (drop(context, curve, i))
			continue;
		curve->points[kept++] = point;
	}
	gone = end - kept;
	if (!gone)
		return 0;
	memmove(&curve->points[kept], &curve->points[end],
		(curve->count - end) * sizeof(*curve->points));
	curve->count -= gone;
	curve->settled -= gone;
	return gone;
}
