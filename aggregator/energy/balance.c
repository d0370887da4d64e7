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

struct time_range balance_domain(const struct balance *balance)
{
	struct time_range domain = TIME_RANGE_EMPTY;

	for (size_t i = 0; i < balance->count; i++) {
		const struct term *term = &balance->terms[i];
		struct time_range own = {
			later(series_first(term->series), term->from),
			earlier(series_last(term->series), term->until),
		};

		if (term->sign > 0 && !time_range_empty(own))
			domain = time_range_join(domain, own);
	}
	return domain;
}

struct balance_energy balance_between(const struct balance *balance, ms_t from, ms_t to)
{
	struct time_range domain = balance_domain(balance);
	struct balance_energy sum = {0};

	if (time_range_empty(domain) || domain.from >= to || domain.to <= from) {
		sum.flags = SERIES_BEFORE | SERIES_AFTER;
		return sum;
	}
	if (domain.from > from)
		sum.flags |= SERIES_BEFORE;
	if (domain.to < to)
		sum.flags |= SERIES_AFTER;
	for (size_t i = 0; i < balance->count; i++) {
		const struct term *term = &balance->terms[i];
		ms_t start = later(later(from, term->from), domain.from);
		ms_t end = earlier(earlier(to, term->until), domain.to);

		if (start >= end ||
		    (series_known(term->series) && series_first(term->series) >= end))
			continue;
		if (series_known(term->series) && series_last(term->series) > start)
			sum.known = true;
		sum.energy =
			add_limited(sum.energy, term->sign * series_between(term->series, start,
									    end, &sum.flags));
	}
	return sum;
}
