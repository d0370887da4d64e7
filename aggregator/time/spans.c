#include "aggregator/time/spans.h"

#include <string.h>

#include "common/base/units.h"

bool span_empty(struct span span)
{
	return span.from >= span.to;
}

struct span span_join(struct span a, struct span b)
{
	return (struct span){
		.from = a.from < b.from ? a.from : b.from,
		.to = a.to > b.to ? a.to : b.to,
	};
}

static void spans_remove(struct spans *spans, size_t i)
{
	spans->count--;
	memmove(&spans->items[i], &spans->items[i + 1], (spans->count - i) * sizeof(*spans->items));
}

/* Makes room for one more. */
static void spans_join_closest(struct spans *spans)
{
	size_t closest = 1;

	for (size_t i = 2; i < spans->count; i++)
		if (spans->items[i].from - spans->items[i - 1].to <
		    spans->items[closest].from - spans->items[closest - 1].to)
			closest = i;
	spans->items[closest - 1].to = spans->items[closest].to;
	spans_remove(spans, closest);
}

void spans_add(struct spans *spans, struct span span)
{
	size_t i = 0;

	if (span_empty(span))
		return;
	while (i < spans->count) {
		struct span other = spans->items[i];

		if (other.from <= span.to && span.from <= other.to) {
			span = span_join(span, other);
			spans_remove(spans, i);
		} else {
			i++;
		}
	}
	if (spans->count == SPANS_MAX) {
		spans_join_closest(spans);
		spans_add(spans, span);
		return;
	}
	for (i = spans->count; i > 0 && spans->items[i - 1].from > span.from; i--)
		spans->items[i] = spans->items[i - 1];
	spans->items[i] = span;
	spans->count++;
}

void spans_add_all(struct spans *spans, const struct spans *more)
{
	for (size_t i = 0; i < more->count; i++)
		spans_add(spans, more->items[i]);
}

bool spans_touch(const struct spans *spans, ms_t from, ms_t to)
{
	for (size_t i = 0; i < spans->count; i++)
		if (spans->items[i].from < to && spans->items[i].to > from)
			return true;
	return false;
}
