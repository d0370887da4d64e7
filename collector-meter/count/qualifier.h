/* qualifier.h - decides which levels of a line are real.
 *
 * Contacts bounce and wires pick up spikes. A level is real only if it holds for its minimum
 * width; its time is then the time at which it began. */
#ifndef COLLECTOR_METER_COUNT_QUALIFIER_H
#define COLLECTOR_METER_COUNT_QUALIFIER_H

#include "collector-meter/count/edge.h"

struct qualifier_counts {
	int64_t edges;
	int64_t repeated; /* edges with the same direction as their predecessor */
	int64_t rejected; /* levels that were too short: two edges each */
	int64_t bounces;  /* rejected levels that led to a real one; the others are spikes */
	ns_t longest;	  /* width of the widest rejected level */
};

struct qualifier {
	ns_t minimum[2]; /* shortest width of a real off and on level; 0: any */
	bool real;	 /* the last real level */
	bool raw;	 /* the level now; a candidate if it differs from `real` */
	ns_t raw_since;
	int64_t burst; /* levels rejected in close succession */
	ns_t burst_end;
	struct qualifier_counts counts;
};

/* A real level. */
struct level {
	bool on;
	ns_t since;
};

/* Sets the level of the line at the start, which is taken as real. Leaves the counts alone. */
void qualifier_start(struct qualifier *qualifier, bool on, ns_t t);

/* Takes an edge; times must not decrease. An edge to the level that the line already has means that
 * the opposite edge was lost: it is inserted at the same time. Returns the number of levels (at
 * most 2) that became real. */
size_t qualifier_edge(struct qualifier *qualifier, bool on, ns_t t, struct level levels[2]);

/* Every edge before `until` has been given. Returns true, and sets `level`, if a level became real.
 */
bool qualifier_advance(struct qualifier *qualifier, ns_t until, struct level *level);

/* Returns true if the present level is neither real nor rejected yet; it began at `since` and will
 * be real at `due`. */
bool qualifier_undecided(const struct qualifier *qualifier, ns_t *since, ns_t *due);

#endif
