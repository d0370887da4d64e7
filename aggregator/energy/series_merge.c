/* The order of an index series: merges the points that were added into the others. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/energy/series_parts.h"
#include "common/base/memory.h"

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
	if (p->count != q->count)
		return p->count < q->count ? -1 : 1;
	return (int)p->start - (int)q->start;
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
	} else if (point_rank(last) || point->count < last->count ||
		   (point->count == last->count && point->start <= last->start)) {
		return false;
	} else {
		/* It is judged again. */
		last->count = point->count;
		last->start = point->start;
		last->confirmed = point->confirmed;
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

void series_order(struct index_series *series)
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
