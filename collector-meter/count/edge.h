/* edge.h - what a line of a meter tells: a level, and since when. */
#ifndef COLLECTOR_METER_COUNT_EDGE_H
#define COLLECTOR_METER_COUNT_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/units.h"

enum line_role {
	LINE_PULSE,
	LINE_SIGNAL, /* the 10-minute signal */
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
	/* The kernel numbers its edges, so that `lost` is all. Otherwise one that repeats the
	 * direction of the one before, or that is `full`, is a sign of others that were dropped. */
	bool numbered;
	bool full; /* the kernel's queue was: it takes no more then */
};

#endif
