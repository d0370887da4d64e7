#include "aggregator/time/time_range.h"

#include <string.h>

#include "common/base/units.h"

bool time_range_empty(struct time_range range)
{
	return range.from >= range.to;
}

struct time_range time_range_join(struct time_range a, struct time_range b)
{
	return (struct time_range){
		.from = a.from < b.from ? a.from : b.from,
		.to = a.to > b.to ? a.to : b.to,
	};
}

static void time_ranges_remove(struct time_ranges *ranges, size_t i)
{
	ranges->count--;
	memmove(&ranges->items[i], &ranges->items[i + 1],
		(ranges->count - i) * sizeof(*ranges->items));
}

/* Joins the two ranges with the smallest gap. */
static void time_ranges_join_closest(struct time_ranges *ranges)
{
	size_t closest = 1;

	for (size_t i = 2; i < ranges->count; i++)
		if (ranges->items[i].from - ranges->items[i - 1].to <
		    ranges->items[closest].from - ranges->items[closest - 1].to)
			closest = i;
	ranges->items[closest - 1].to = ranges->items[closest].to;
	time_ranges_remove(ranges, closest);
}

void time_ranges_add(struct time_ranges *ranges, struct time_range range)
{
	size_t i = 0;

	if (time_range_empty(range))
		return;
	while (i < ranges->count) {
		struct time_range other = ranges->items[i];

		if (other.from <= range.to && range.from <= other.to) {
			range = time_range_join(range, other);
			time_ranges_remove(ranges, i);
		} else {
			i++;
		}
	}
	if (ranges->count == TIME_RANGES_MAX) {
		time_ranges_join_closest(ranges);
		time_ranges_add(ranges, range);
		return;
	}
	for (i = ranges->count; i > 0 && ranges->items[i - 1].from > range.from; i--)
		ranges->items[i] = ranges->items[i - 1];
	ranges->items[i] = range;
	ranges->count++;
}

bool time_ranges_touch(const struct time_ranges *ranges, ms_t from, ms_t to)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (ranges->items[i].from < to && ranges->items[i].to > from)
			return true;
	return false;
}
