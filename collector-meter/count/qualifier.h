/* qualifier.h - which levels of a line are real.
 *
 * Contacts bounce and wires pick up spikes. A level counts only when it held for its minimum
 * width; its time is then the time at which it began. */
#ifndef COLLECTOR_METER_COUNT_QUALIFIER_H
#define COLLECTOR_METER_COUNT_QUALIFIER_H

#include "collector-meter/count/edge.h"

struct qualifier_counts {
	int64_t edges;	  /* seen */
	int64_t repeated; /* edges of the same direction as the one before */
	int64_t rejected; /* levels that were too short: two edges each */
	int64_t bounces;  /* those of them on the way to a real level; the others are spikes */
	ns_t longest;	  /* the widest level that was rejected */
};

struct qualifier {
	ns_t minimum[2]; /* shortest width of a real off and on level; 0: any */
	bool real;	 /* the last real level */
	bool raw;	 /* the level now; a candidate where it differs from `real` */
	ns_t raw_since;
	int64_t burst; /* levels just rejected, in close succession */
	ns_t burst_end;
	struct qualifier_counts counts;
};

/* A level that turned out to be real. */
struct level {
	bool on;
	ns_t since;
};

/* The line's level at the start, taken as real. Keeps the counts. */
void qualifier_start(struct qualifier *qualifier, bool on, ns_t t);

/* An edge; times must not decrease. An edge to the level that the line has already means that the
 * opposite one was lost: it is put in at the same time. Returns how many levels (at most 2)
 * turned out to be real. */
size_t qualifier_edge(struct qualifier *qualifier, bool on, ns_t t, struct level levels[2]);

/* Every edge before `until` has been given. True, with the level, where one turned out to be real.
 */
bool qualifier_advance(struct qualifier *qualifier, ns_t until, struct level *level);

/* Whether a level is still being watched; if so, since when and when it will be real. */
bool qualifier_undecided(const struct qualifier *qualifier, ns_t *since, ns_t *due);

#endif
