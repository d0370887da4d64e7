/* slow_series.h - a slow model of an index series, to compare the fast one with.
 *
 * Written from the contract's paragraphs 'The index curve' and 'Excursions', sentence by sentence,
 * without regard to time: it evaluates the whole set of records anew. */
#ifndef TESTS_UNIT_AGGREGATOR_SLOW_SERIES_H
#define TESTS_UNIT_AGGREGATOR_SLOW_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/energy/series.h"

struct slow_record {
	ms_t t;
	int64_t count;
	bool start;
	/* results */
	enum point_kind kind;
	int64_t energy; /* from the last one kept before it */
};

struct slow_series {
	/* the facts, in any order, any number of times */
	struct slow_record *facts;
	size_t fact_count;
	const struct swap *swaps; /* one for each t */
	size_t swap_count;
	const struct weight *weights; /* ascending; the first holds for all time before, too */
	size_t weight_count;
	bool no_limit; /* the source counts no energy */

	/* results */
	struct slow_record *records; /* one for each t, two for a swap; ascending */
	size_t count;
	int64_t resets, jumps, glitches, rollovers;
};

/* Evaluates the set of facts. */
void slow_series_run(struct slow_series *series);
void slow_series_free(struct slow_series *series);

/* Returns the energy from the first record until `t`. */
int64_t slow_series_at(const struct slow_series *series, ms_t t);

#endif
