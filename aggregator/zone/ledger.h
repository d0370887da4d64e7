/* ledger.h - energy and cost of a zone: by local day, by band, and since its first record. */
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

/* All local days from that of the first record to that of the last. */
struct ledger {
	struct ledger_day *days;
	size_t count, capacity;
	struct amount total; /* of all days; valid after ledger_update() */
};

void ledger_free(struct ledger *ledger);

/* Marks the days that touch `range` as to be computed again. */
void ledger_invalidate(struct ledger *ledger, struct time_range range);

/* Computes what is missing or invalid. */
void ledger_update(struct ledger *ledger, const struct balance *balance, struct tariff *tariff);

/* Returns the day that contains `t`, or NULL. */
const struct ledger_day *ledger_day(const struct ledger *ledger, ms_t t);

/* A part of a day in one band. */
struct period {
	ms_t start, end;
	enum band band;
	struct amount amount;
};

/* Divides [start, end) into periods, as far as there are records. Returns their number; *periods is
 * an array to free(). */
size_t ledger_periods(struct period **periods, const struct balance *balance, struct tariff *tariff,
		      ms_t start, ms_t end);

#endif
