/* spans.h - stretches of event time in which something changed. */
#ifndef AGGREGATOR_TIME_SPANS_H
#define AGGREGATOR_TIME_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/units.h"

#define CURVE_NEVER  INT64_MIN
#define CURVE_ALWAYS INT64_MAX

/* [from, to); without limit where CURVE_NEVER or CURVE_ALWAYS; empty where from >= to. */
struct span {
	ms_t from, to;
};

#define SPAN_EMPTY ((struct span){CURVE_ALWAYS, CURVE_NEVER})
#define SPAN_ALL   ((struct span){CURVE_NEVER, CURVE_ALWAYS})

bool span_empty(struct span span);
struct span span_join(struct span a, struct span b);

#define SPANS_MAX 8

/* Ascending and apart: a record that is half a day late changes the time around it, and not the
 * half day. Where there would be too many, the two that are closest become one. */
struct spans {
	size_t count;
	struct span items[SPANS_MAX];
};

void spans_add(struct spans *spans, struct span span);
void spans_add_all(struct spans *spans, const struct spans *more);

/* A stretch [from, to) has a part of one of them. */
bool spans_touch(const struct spans *spans, ms_t from, ms_t to);

#endif
