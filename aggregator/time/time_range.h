/* time_range.h - ranges of event time. */
#ifndef AGGREGATOR_TIME_TIME_RANGE_H
#define AGGREGATOR_TIME_TIME_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/units.h"

/* [from, to), without limit from NEVER or to FOREVER; empty if from >= to. */
struct time_range {
	ms_t from, to;
};

#define TIME_RANGE_EMPTY ((struct time_range){FOREVER, NEVER})
#define TIME_RANGE_ALL	 ((struct time_range){NEVER, FOREVER})

bool time_range_empty(struct time_range range);
/* Returns the smallest range that contains both. */
struct time_range time_range_join(struct time_range a, struct time_range b);

#define TIME_RANGES_MAX 8

/* A set of times: ascending ranges that do not touch each other. If there would be too many, the
 * two with the smallest gap are joined. */
struct time_ranges {
	size_t count;
	struct time_range items[TIME_RANGES_MAX];
};

void time_ranges_add(struct time_ranges *ranges, struct time_range range);

/* Returns true if [from, to) and one of the ranges overlap. */
bool time_ranges_touch(const struct time_ranges *ranges, ms_t from, ms_t to);

#endif
