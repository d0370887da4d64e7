/* histogram.h - how long something lasted, how often: 20 bins, three to a decade. */
#ifndef COLLECTOR_METER_SURVEY_HISTOGRAM_H
#define COLLECTOR_METER_SURVEY_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/units.h"

#define HISTOGRAM_BINS 20

/* Zeroed: empty. */
struct histogram_bin {
	int64_t count;
	ns_t shortest, longest; /* where there are any */
};

struct histogram {
	struct histogram_bin bins[HISTOGRAM_BINS];
};

/* Where a bin begins: 0, 0.1 ms, 0.2 ms, 0.5 ms, 1 ms … 100 s. */
ns_t histogram_from(int bin);

void histogram_add(struct histogram *histogram, ns_t duration);
void histogram_join(struct histogram *histogram, const struct histogram *other);

int64_t histogram_count(const struct histogram *histogram);

/* Of one that is not empty. */
ns_t histogram_shortest(const struct histogram *histogram);
ns_t histogram_longest(const struct histogram *histogram);

/* Two kinds of durations with nothing between them. */
struct histogram_gap {
	ns_t below, above; /* the longest of the short ones, the shortest of the others */
	int64_t count;	   /* of the others */
};

/* The highest place at which the durations leave out a factor of `factor` or more, with `most` at
 * most below it. False: there is none. */
bool histogram_find_gap(const struct histogram *histogram, int factor, ns_t most,
			struct histogram_gap *border);

#endif
