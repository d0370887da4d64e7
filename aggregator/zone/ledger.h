/* ledger.h - what a zone used and what it cost: by local day, by band, and from the beginning. */
#ifndef AGGREGATOR_ZONE_LEDGER_H
#define AGGREGATOR_ZONE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/balance.h"
#include "aggregator/tariff/tariff.h"
#include "common/base/units.h"

struct amount {
	mwh_t energy;
	struct money cost;
};

struct ledger_day {
	ms_t start, end;
	struct amount total;
	struct amount bands[BAND_COUNT];
	bool valid;
};

/* All local days from the first record's to the last one's. */
struct ledger {
	struct ledger_day *days;
	size_t count, capacity;
	struct amount total; /* of all days; valid after ledger_update() */
};

void ledger_free(struct ledger *ledger);

/* The days that touch `range` have to be computed again. */
void ledger_invalidate(struct ledger *ledger, struct time_range range);

/* Computes what is missing or invalid. */
void ledger_update(struct ledger *ledger, const struct balance *balance, struct tariff *tariff);

/* The day that holds `t`, or NULL. */
const struct ledger_day *ledger_day(const struct ledger *ledger, ms_t t);

/* A stretch of a day within one band. */
struct period {
	ms_t start, end;
	enum band band;
	struct amount amount;
};

/* The periods of [start, end), as far as there are records. Returns their number; *periods is an
 * array to free(). */
size_t ledger_periods(struct period **periods, const struct balance *balance, struct tariff *tariff,
		      ms_t start, ms_t end);

#endif
