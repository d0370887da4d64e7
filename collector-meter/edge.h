/* edge.h - what a line of a meter tells: a level, and since when. */
#ifndef COLLECTOR_METER_EDGE_H
#define COLLECTOR_METER_EDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds: a duration, or a time on the clock of the lines (CLOCK_MONOTONIC for GPIO, Unix
 * time for a recording). */
typedef int64_t ns_t;

#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

enum line_role {
	LINE_PULSE,
	LINE_TOP, /* the 10-minute signal */
	LINE_OFF_PEAK,
	LINE_PEAK,
};

#define LINE_ROLES 4

struct edge {
	size_t source; /* position in the configuration */
	enum line_role role;
	bool on; /* the level from `t` on, after polarity */
	ns_t t;
	int64_t lost; /* edges of this line that the kernel dropped just before this one */
};

#endif
