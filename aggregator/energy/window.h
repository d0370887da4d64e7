/* window.h - the 10-minute windows of the site, from period signal to period signal of the main
 * meter's signal. */
#ifndef AGGREGATOR_ENERGY_WINDOW_H
#define AGGREGATOR_ENERGY_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/series.h"
#include "common/base/units.h"

#define WINDOW_MS (600 * MS_PER_SECOND)

/* A period signal less than this after the last accepted one is spurious. */
#define SIGNAL_SHORTEST_MS (570 * MS_PER_SECOND)

/* What a window begins or ends with. */
enum window_edge {
	EDGE_SIGNAL,	/* an accepted period signal of the meter */
	EDGE_SYNTHETIC, /* put between two accepted period signals where one or more are missing */
	EDGE_CLOCK,	/* 600 s on from the nearest period signal, or along the clock */
};

/* [start, end) */
struct window {
	ms_t start, end;
	enum window_edge first, last;
};

/* Every period signal that was recorded, and those that are accepted. */
struct grid {
	ms_t *signals; /* ascending and unique up to `sorted` */
	size_t count, capacity, sorted;
	ms_t *accepted;
	size_t accepted_count, accepted_capacity;
	int64_t spurious;
};

void grid_free(struct grid *grid);
void grid_add(struct grid *grid, ms_t signal);

/* The sorted grid knows this period signal. */
bool grid_holds(const struct grid *grid, ms_t signal);

/* Takes in what was added. Returns the stretch of time where windows may have changed. */
struct time_range grid_update(struct grid *grid);

/* The window that holds `t`, of a sorted grid. */
struct window grid_window(const struct grid *grid, ms_t t);

/* Windows that end up to here are no guess any more: a later period signal is known (FOREVER: there
 * is no signal). */
ms_t grid_certain_until(const struct grid *grid);

/* Both ends are accepted period signals. */
bool window_synchronous(struct window window);

/* A period signal that takes part was missing. */
bool window_synthetic(struct window window);

/* The 1-minute window that holds `t` within `window`: whole 60 s from its start on; a last piece
 * shorter than 30 s joins the one before. */
struct window window_minute(struct window window, ms_t t);

#endif
