/* window.h - the 10-minute windows of the site, from one period signal of the main meter to the
 * next. */
#ifndef AGGREGATOR_ENERGY_WINDOW_H
#define AGGREGATOR_ENERGY_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/series.h"
#include "common/base/units.h"

#define WINDOW_MS (600 * MS_PER_SECOND)

/* A period signal less than this after the last accepted one is spurious. */
#define SIGNAL_SHORTEST_MS (570 * MS_PER_SECOND)

/* The start or the end of a window. */
enum window_edge {
	EDGE_SIGNAL,	/* an accepted period signal */
	EDGE_SYNTHETIC, /* inserted between two accepted period signals that are too far apart */
	EDGE_CLOCK,	/* a multiple of 600 s from the nearest period signal, or from the epoch */
};

/* [start, end) */
struct window {
	ms_t start, end;
	enum window_edge first, last;
};

/* All recorded period signals, and the accepted ones. */
struct period_signals {
	ms_t *times; /* the first `sorted` are ascending and unique */
	size_t count, capacity, sorted;
	ms_t *accepted;
	size_t accepted_count, accepted_capacity;
	int64_t spurious;
};

void signals_free(struct period_signals *signals);
void signals_add(struct period_signals *signals, ms_t signal);

/* Returns true if this period signal was there at the last signals_update(). */
bool signals_holds(const struct period_signals *signals, ms_t signal);

/* Processes the signals that were added. Returns the time in which windows may have changed. */
struct time_range signals_update(struct period_signals *signals);

/* Returns the window that contains `t`. The signals must be updated. */
struct window signals_window(const struct period_signals *signals, ms_t t);

/* Returns the last accepted period signal: the bounds of windows up to it are final. FOREVER if the
 * meter has no period signal. */
ms_t signals_certain_until(const struct period_signals *signals);

/* Both ends are accepted period signals. */
bool window_synchronous(struct window window);

/* A period signal at one of the ends was missing. */
bool window_synthetic(struct window window);

/* Returns the 1-minute window that contains `t` in `window`: multiples of 60 s from its start; a
 * rest of less than 30 s belongs to the last minute. */
struct window window_minute(struct window window, ms_t t);

#endif
