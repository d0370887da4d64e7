/* time_range.h - stretches of event time in which something changed. */
#ifndef AGGREGATOR_TIME_TIME_RANGE_H
#define AGGREGATOR_TIME_TIME_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/units.h"

/* [from, to); without limit where NEVER or FOREVER; empty where from >= to. */
struct time_range {
	ms_t from, to;
};

#define TIME_RANGE_EMPTY ((struct time_range){FOREVER, NEVER})
#define TIME_RANGE_ALL	 ((struct time_range){NEVER, FOREVER})

bool time_range_empty(struct time_range range);
struct time_range time_range_join(struct time_range a, struct time_range b);

#define TIME_RANGES_MAX 8

/* Ascending and apart: a record that is half a day late changes the time around it, and not the
 * half day. Where there would be too many, the two that are closest become one. */
struct time_ranges {
	size_t count;
	struct time_range items[TIME_RANGES_MAX];
};

void time_ranges_add(struct time_ranges *ranges, struct time_range range);
void time_ranges_add_all(struct time_ranges *ranges, const struct time_ranges *more);

/* A stretch [from, to) has a part of one of them. */
bool time_ranges_touch(const struct time_ranges *ranges, ms_t from, ms_t to);

#endif
