/* series_fixture.h - index series for tests. */
#ifndef TESTS_UNIT_AGGREGATOR_SERIES_FIXTURE_H
#define TESTS_UNIT_AGGREGATOR_SERIES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/energy/series.h"

bool weigh(struct index_series *series, ms_t from, int64_t amount);

/* An updated series of records {t, count}; a count is worth 1 mWh. */
void series_of(struct index_series *series, size_t count, const int64_t records[][2]);

#define SERIES_OF(series, ...)                                                                     \
	do {                                                                                       \
		static const int64_t records[][2] = {__VA_ARGS__};                                 \
		series_of(series, sizeof(records) / sizeof(records[0]), records);                  \
	} while (0)

#define assert_unchanged(series)                                                                   \
	do {                                                                                       \
		series_update(series);                                                             \
		assert_int_equal((series)->changed.count, 0);                                      \
	} while (0)

/* In exactly one range. */
#define assert_changed(series, start, end)                                                         \
	do {                                                                                       \
		assert_int_equal((series)->changed.count, 1);                                      \
		assert_int_equal((series)->changed.items[0].from, start);                          \
		assert_int_equal((series)->changed.items[0].to, end);                              \
	} while (0)

/* The amount from `from` to `to`. */
int64_t between(const struct index_series *series, ms_t from, ms_t to);

/* The amount of one count. */
int64_t worth(const struct index_series *series, ms_t t);

unsigned int flags_of(const struct index_series *series, ms_t from, ms_t to);

#endif
