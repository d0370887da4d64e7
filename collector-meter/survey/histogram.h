/* histogram.h - a histogram of durations: 20 bins, three to a decade. */
#ifndef COLLECTOR_METER_SURVEY_HISTOGRAM_H
#define COLLECTOR_METER_SURVEY_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/units.h"

#define HISTOGRAM_BINS 20

/* Zeroed: empty. */
struct histogram_bin {
	int64_t count;
	ns_t shortest, longest; /* valid if `count` is not 0 */
};

struct histogram {
	struct histogram_bin bins[HISTOGRAM_BINS];
};

/* Returns the lower limit of a bin: 0, 0.1 ms, 0.2 ms, 0.5 ms, 1 ms ... 100 s. */
ns_t histogram_from(int bin);

void histogram_add(struct histogram *histogram, ns_t duration);
void histogram_join(struct histogram *histogram, const struct histogram *other);

int64_t histogram_count(const struct histogram *histogram);

/* The histogram must not be empty. */
ns_t histogram_shortest(const struct histogram *histogram);

ns_t histogram_longest(const struct histogram *histogram);

/* Counts the durations in the bin of `from` and in those above it. */
int64_t histogram_count_from(const struct histogram *histogram, ns_t from);

/* A range of durations that do not occur, between short ones and others. */
struct histogram_gap {
	ns_t below, above; /* the longest short one, the shortest of the others */
	int64_t count;	   /* of the others */
};

/* Finds the highest gap of a factor of `factor` or more that begins at `most` or below. Returns
 * false if there is none. */
bool histogram_find_gap(const struct histogram *histogram, int factor, ns_t most,
			struct histogram_gap *gap);

#endif
