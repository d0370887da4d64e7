#include "aggregator/energy/window.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/search.h"

#define MINUTE_SHORTEST_MS (30 * MS_PER_SECOND)

void signals_free(struct period_signals *signals)
{
	free(signals->times);
	free(signals->accepted);
	*signals = (struct period_signals){0};
}

void signals_add(struct period_signals *signals, ms_t signal)
{
	signals->times = array_grow(signals->times, signals->count, &signals->capacity,
				    sizeof(*signals->times));
	signals->times[signals->count++] = signal;
}

static int signal_compare(const void *a, const void *b)
{
	const ms_t *p = a;
	const ms_t *q = b;

	return (*p > *q) - (*p < *q);
}

bool signals_holds(const struct period_signals *signals, ms_t signal)
{
	size_t i = search_from(signals->times, signals->sorted, sizeof(*signals->times), signal);

	return i < signals->sorted && signals->times[i] == signal;
}

static void signals_accept(struct period_signals *signals, ms_t signal)
{
	signals->accepted = array_grow(signals->accepted, signals->accepted_count,
				       &signals->accepted_capacity, sizeof(*signals->accepted));
	signals->accepted[signals->accepted_count++] = signal;
}

/* Appends one signal that is later than all others: nothing before the last accepted one changes.
 * Returns false if there is anything else to do. */
static bool signals_append(struct period_signals *signals)
{
	ms_t signal = signals->times[signals->sorted];

	if (signals->count != signals->sorted + 1 || !signals->accepted_count)
		return false;
	if (signals->sorted && signal <= signals->times[signals->sorted - 1])
		return false;
	if (signal - signals->accepted[signals->accepted_count - 1] < SIGNAL_SHORTEST_MS)
		signals->spurious++;
	else
		signals_accept(signals, signal);
	return true;
}

/* A window depends on the accepted period signals on both sides of it, or on the only one. */
static struct time_range accepted_difference(const struct period_signals *signals,
					     const ms_t *before, size_t count)
{
	const ms_t *now = signals->accepted;
	size_t limit = signals->accepted_count < count ? signals->accepted_count : count;
	size_t first = 0, last = 0;

	while (first < limit && now[first] == before[first])
		first++;
	while (last < limit - first &&
	       now[signals->accepted_count - 1 - last] == before[count - 1 - last])
		last++;
	if (first == count && first == signals->accepted_count)
		return TIME_RANGE_EMPTY;
	return (struct time_range){first ? now[first - 1] : NEVER,
				   last ? now[signals->accepted_count - last] : FOREVER};
}

/* Whether a signal is accepted depends on all earlier ones, so this starts from the first. A year
 * has 52560 of them. */
static struct time_range signals_accept_all(struct period_signals *signals)
{
	struct period_signals before = *signals;
	struct time_range changed;

	signals->accepted = NULL;
	signals->accepted_count = signals->accepted_capacity = 0;
	signals->spurious = 0;
	for (size_t i = 0; i < signals->count; i++) {
		if (signals->accepted_count &&
		    signals->times[i] - signals->accepted[signals->accepted_count - 1] <
			    SIGNAL_SHORTEST_MS)
			signals->spurious++;
		else
			signals_accept(signals, signals->times[i]);
	}
	changed = accepted_difference(signals, before.accepted, before.accepted_count);
	free(before.accepted);
	return changed;
}

struct time_range signals_update(struct period_signals *signals)
{
	size_t unique = 0;
	ms_t from;

	if (signals->sorted == signals->count)
		return TIME_RANGE_EMPTY;
	if (signals_append(signals)) {
		from = signals->accepted_count > 1 ? signals->accepted[signals->accepted_count - 2]
						   : NEVER;
		signals->sorted = signals->count;
		return (struct time_range){from, FOREVER};
	}
	qsort(signals->times, signals->count, sizeof(*signals->times), signal_compare);
	for (size_t i = 0; i < signals->count; i++)
		if (!unique || signals->times[i] != signals->times[unique - 1])
			signals->times[unique++] = signals->times[i];
	if (unique == signals->sorted) {
		signals->count = unique;
		return TIME_RANGE_EMPTY;
	}
	signals->count = signals->sorted = unique;
	return signals_accept_all(signals);
}

/* The number of accepted period signals at or before `t`. */
static size_t signals_find(const struct period_signals *signals, ms_t t)
{
	return search_after(signals->accepted, signals->accepted_count, sizeof(*signals->accepted),
			    t);
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

struct window signals_window(const struct period_signals *signals, ms_t t)
{
	size_t before = signals_find(signals, t);

	assert(signals->sorted == signals->count);
	if (!signals->accepted_count)
		return window_from(0, t, false);
	if (before == 0)
		return window_from(signals->accepted[0], t, true);
	if (before == signals->accepted_count)
		return window_from(signals->accepted[before - 1], t, true);
	return window_between(signals->accepted[before - 1], signals->accepted[before], t);
}

ms_t signals_certain_until(const struct period_signals *signals)
{
	return signals->accepted_count ? signals->accepted[signals->accepted_count - 1] : FOREVER;
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
