#include "tests/unit/aggregator/series_fixture.h"

bool weigh(struct index_series *series, ms_t from, int64_t amount)
{
	return series_set_weight(series, (struct weight){.from = from, .amount = amount});
}

void series_of(struct index_series *series, size_t count, const int64_t records[][2])
{
	*series = (struct index_series){0};
	weigh(series, 0, WEIGHT_ONE);
	for (size_t i = 0; i < count; i++)
		series_add(series, records[i][0], records[i][1]);
	series_update(series);
}

int64_t between(const struct index_series *series, ms_t from, ms_t to)
{
	unsigned int flags = 0;

	return series_between(series, from, to, &flags);
}

int64_t worth(const struct index_series *series, ms_t t)
{
	int64_t amount = -1;

	assert_true(series_worth(series, t, 0, 1, &amount));
	return amount;
}

unsigned int flags_of(const struct index_series *series, ms_t from, ms_t to)
{
	unsigned int flags = 0;

	series_between(series, from, to, &flags);
	return flags;
}
