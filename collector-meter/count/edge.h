/* edge.h - an edge of a meter's line: the new level, and when it began. */
#ifndef COLLECTOR_METER_COUNT_EDGE_H
#define COLLECTOR_METER_COUNT_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/units.h"

enum line_role {
	LINE_PULSE,
	LINE_SIGNAL, /* the 10-minute signal, called "top" in the configuration */
	LINE_OFF_PEAK,
	LINE_PEAK,
};

#define LINE_ROLES 4

struct edge {
	size_t source; /* position in the configuration */
	enum line_role role;
	bool on; /* the level from `t` on, after polarity */
	ns_t t; /* on the clock of the lines: CLOCK_MONOTONIC for GPIO, Unix time for a recording */
	int64_t lost; /* edges of this line that the kernel dropped just before this one */
	/* The kernel numbers the edges, so `lost` is exact. If it does not, an edge that repeats
	 * the direction of its predecessor, or is `full`, suggests that edges were dropped. */
	bool numbered;
	bool full; /* the kernel's queue was full, and drops edges then */
};

/* The millisecond of the clock of the lines in which `t` is. */
static inline ms_t ms_of_ns(ns_t t)
{
	return floor_divide(t, NS_PER_MS);
}

#endif
