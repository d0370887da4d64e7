#include "aggregator/energy/window.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/search.h"

#define MINUTE_SHORTEST_MS (30 * MS_PER_SECOND)

void grid_free(struct grid *grid)
{
	free(grid->signals);
	free(grid->accepted);
	*grid = (struct grid){0};
}

void grid_add(struct grid *grid, ms_t signal)
{
	grid->signals =
		array_grow(grid->signals, grid->count, &grid->capacity, sizeof(*grid->signals));
	grid->signals[grid->count++] = signal;
}

static int signal_compare(const void *a, const void *b)
{
	const ms_t *p = a;
	const ms_t *q = b;

	return (*p > *q) - (*p < *q);
}

bool grid_holds(const struct grid *grid, ms_t signal)
{
	size_t i = search_from(grid->signals, grid->sorted, sizeof(*grid->signals), signal);

	return i < grid->sorted && grid->signals[i] == signal;
}

static void grid_accept(struct grid *grid, ms_t signal)
{
	grid->accepted = array_grow(grid->accepted, grid->accepted_count, &grid->accepted_capacity,
				    sizeof(*grid->accepted));
	grid->accepted[grid->accepted_count++] = signal;
}

/* Appends one signal that is later than all others: nothing before the last accepted one changes.
 * Returns false if there is anything else to do. */
static bool grid_append(struct grid *grid)
{
	ms_t signal = grid->signals[grid->sorted];

	if (grid->count != grid->sorted + 1 || !grid->accepted_count)
		return false;
	if (grid->sorted && signal <= grid->signals[grid->sorted - 1])
		return false;
	if (signal - grid->accepted[grid->accepted_count - 1] < SIGNAL_SHORTEST_MS)
		grid->spurious++;
	else
		grid_accept(grid, signal);
	return true;
}

/* A window depends on the accepted period signals on both sides of it, or on the only one. */
static struct time_range accepted_difference(const struct grid *grid, const ms_t *before,
					     size_t count)
{
	const ms_t *now = grid->accepted;
	size_t limit = grid->accepted_count < count ? grid->accepted_count : count;
	size_t first = 0, last = 0;

	while (first < limit && now[first] == before[first])
		first++;
	while (last < limit - first &&
	       now[grid->accepted_count - 1 - last] == before[count - 1 - last])
		last++;
	if (first == count && first == grid->accepted_count)
		return TIME_RANGE_EMPTY;
	return (struct time_range){first ? now[first - 1] : NEVER,
				   last ? now[grid->accepted_count - last] : FOREVER};
}

/* Whether a signal is accepted depends on all earlier ones, so this starts from the first. A year
 * has 52560 of them. */
static struct time_range grid_accept_all(struct grid *grid)
{
	struct grid before = *grid;
	struct time_range changed;

	grid->accepted = NULL;
	grid->accepted_count = grid->accepted_capacity = 0;
	grid->spurious = 0;
	for (size_t i = 0; i < grid->count; i++) {
		if (grid->accepted_count &&
		    grid->signals[i] - grid->accepted[grid->accepted_count - 1] <
			    SIGNAL_SHORTEST_MS)
			grid->spurious++;
		else
			grid_accept(grid, grid->signals[i]);
	}
	changed = accepted_difference(grid, before.accepted, before.accepted_count);
	free(before.accepted);
	return changed;
}

struct time_range grid_update(struct grid *grid)
{
	size_t unique = 0;
	ms_t from;

	if (grid->sorted == grid->count)
		return TIME_RANGE_EMPTY;
	if (grid_append(grid)) {
		from = grid->accepted_count > 1 ? grid->accepted[grid->accepted_count - 2] : NEVER;
		grid->sorted = grid->count;
		return (struct time_range){from, FOREVER};
	}
	qsort(grid->signals, grid->count, sizeof(*grid->signals), signal_compare);
	for (size_t i = 0; i < grid->count; i++)
		if (!unique || grid->signals[i] != grid->signals[unique - 1])
			grid->signals[unique++] = grid->signals[i];
	if (unique == grid->sorted) {
		grid->count = unique;
		return TIME_RANGE_EMPTY;
	}
	grid->count = grid->sorted = unique;
	return grid_accept_all(grid);
}

/* The number of accepted period signals at or before `t`. */
static size_t grid_find(const struct grid *grid, ms_t t)
{
	return search_after(grid->accepted, grid->accepted_count, sizeof(*grid->accepted), t);
}

/* Windows at multiples of 600 s from `origin`, in both directions. */
static struct window window_from(ms_t origin, ms_t t, bool origin_is_signal)
{
	struct window window = {.first = EDGE_CLOCK, .last = EDGE_CLOCK};

	window.start = origin + WINDOW_MS * floor_divide(t - origin, WINDOW_MS);
	window.end = window.start + WINDOW_MS;
	if (origin_is_signal && window.start == origin)
		window.first = EDGE_SIGNAL;
	if (origin_is_signal && window.end == origin)
		window.last = EDGE_SIGNAL;
	return window;
}

static struct window window_between(ms_t a, ms_t b, ms_t t)
{
	/* (b - a) / 600 s rounded half up */
	int64_t count = (2 * (b - a) + WINDOW_MS) / (2 * WINDOW_MS);
	int64_t part = multiply_divide(count, t - a, b - a);
	struct window window;

	/* A bound is rounded down, to at most 1 ms before the exact fraction. */
	if (part + 1 < count && a + multiply_divide(b - a, part + 1, count) <= t)
		part++;
	window.start = a + multiply_divide(b - a, part, count);
	window.end = a + multiply_divide(b - a, part + 1, count);
	window.first = part == 0 ? EDGE_SIGNAL : EDGE_SYNTHETIC;
	window.last = part + 1 == count ? EDGE_SIGNAL : EDGE_SYNTHETIC;
	return window;
}

struct window grid_window(const struct grid *grid, ms_t t)
{
	size_t before = grid_find(grid, t);

	assert(grid->sorted == grid->count);
	if (!grid->accepted_count)
		return window_from(0, t, false);
	if (before == 0)
		return window_from(grid->accepted[0], t, true);
	if (before == grid->accepted_count)
		return window_from(grid->accepted[before - 1], t, true);
	return window_between(grid->accepted[before - 1], grid->accepted[before], t);
}

ms_t grid_certain_until(const struct grid *grid)
{
	return grid->accepted_count ? grid->accepted[grid->accepted_count - 1] : FOREVER;
}

bool window_synchronous(struct window window)
{
	return window.first == EDGE_SIGNAL && window.last == EDGE_SIGNAL;
}

bool window_synthetic(struct window window)
{
	return window.first == EDGE_SYNTHETIC || window.last == EDGE_SYNTHETIC;
}

struct window window_minute(struct window window, ms_t t)
{
	ms_t duration = window.end - window.start;
	int64_t count = duration / MS_PER_MINUTE;
	int64_t minute = (t - window.start) / MS_PER_MINUTE;
	struct window piece = window;

	assert(window.start <= t && t < window.end);
	if (duration % MS_PER_MINUTE >= MINUTE_SHORTEST_MS || count == 0)
		count++;
	if (minute >= count)
		minute = count - 1;
	piece.start = window.start + minute * MS_PER_MINUTE;
	if (minute + 1 < count)
		piece.end = piece.start + MS_PER_MINUTE;
	return piece;
}
