#include "aggregator/energy/balance.h"

#include <stdlib.h>

#include "common/base/array.h"

void balance_free(struct balance *balance)
{
	free(balance->terms);
	*balance = (struct balance){0};
}

void balance_add(struct balance *balance, struct term term)
{
	balance->terms = array_grow(balance->terms, balance->count, &balance->capacity,
				    sizeof(*balance->terms));
	balance->terms[balance->count++] = term;
}

static ms_t later(ms_t a, ms_t b)
{
	return a > b ? a : b;
}

static ms_t earlier(ms_t a, ms_t b)
{
	return a < b ? a : b;
}

struct span balance_domain(const struct balance *balance)
{
	struct span domain = SPAN_EMPTY;

	for (size_t i = 0; i < balance->count; i++) {
		const struct term *term = &balance->terms[i];
		struct span own = {
			later(curve_first(term->curve), term->from),
			earlier(curve_last(term->curve), term->until),
		};

		if (term->sign > 0 && !span_empty(own))
			domain = span_join(domain, own);
	}
	return domain;
}

struct stretch balance_between(const struct balance *balance, ms_t from, ms_t to)
{
	struct span domain = balance_domain(balance);
	struct stretch stretch = {0};

	if (span_empty(domain) || domain.from >= to || domain.to <= from) {
		stretch.flags = CURVE_BEFORE | CURVE_AFTER;
		return stretch;
	}
	if (domain.from > from)
		stretch.flags |= CURVE_BEFORE;
	if (domain.to < to)
		stretch.flags |= CURVE_AFTER;
	for (size_t i = 0; i < balance->count; i++) {
		const struct term *term = &balance->terms[i];
		ms_t start = later(later(from, term->from), domain.from);
		ms_t end = earlier(earlier(to, term->until), domain.to);

		if (start >= end || (curve_known(term->curve) && curve_first(term->curve) >= end))
			continue;
		if (curve_known(term->curve) && curve_last(term->curve) > start)
			stretch.known = true;
		stretch.energy = add_limited(
			stretch.energy,
			term->sign * curve_between(term->curve, start, end, &stretch.flags));
	}
	return stretch;
}
