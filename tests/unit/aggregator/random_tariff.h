/* random_tariff.h - tariff settings with arrays of their own, and random ones. */
#ifndef TESTS_UNIT_AGGREGATOR_RANDOM_TARIFF_H
#define TESTS_UNIT_AGGREGATOR_RANDOM_TARIFF_H

#include "aggregator/tariff/tariff.h"

#define ENTRIES_MAX 4

struct owned_tariff {
	struct calendar calendars[ENTRIES_MAX];
	struct prices prices[ENTRIES_MAX];
	struct tariff_settings settings;
};

/* Copies `from`, which may be `owned`, and lets the settings point to the arrays of `owned`. */
void owned_tariff_set(struct owned_tariff *owned, const struct owned_tariff *from);

/* Random dates are within 800 days from 2013-01-01 on (in Paris). */
#define DATES_FROM INT64_C(1356994800000)
#define DATES_MS   (800 * MS_PER_DAY)

ms_t random_date(void);
void random_hours(struct calendar *calendar);

/* All ENTRIES_MAX entries are filled and in order; a random number of them is in use. */
void random_tariff(struct owned_tariff *owned);

#endif
