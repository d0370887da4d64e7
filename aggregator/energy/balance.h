/* balance.h - a zone's energy from index series: the sum of its sources, or main minus parts. */
#ifndef AGGREGATOR_ENERGY_BALANCE_H
#define AGGREGATOR_ENERGY_BALANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/series.h"
#include "common/base/units.h"

struct term {
	const struct index_series *series; /* updated */
	ms_t from, until;		   /* the source is assigned to the zone in [from, until) */
	int sign;			   /* 1, or -1: subtracted */
};

/* Nothing is counted before the first or after the last record of the terms that are added: a part
 * with newer records than the main meter must not make the difference negative. */
struct balance {
	struct term *terms;
	size_t count, capacity;
};

void balance_free(struct balance *balance);
void balance_add(struct balance *balance, struct term term);

/* Returns the time from the first to the last record of the terms that are added; empty if there is
 * no record. */
struct time_range balance_domain(const struct balance *balance);

struct balance_energy {
	mwh_t energy;
	bool known;	    /* a term has records in a part of the time */
	unsigned int flags; /* enum series_flags of the terms included */
};

/* Returns the energy in [from, to). Terms whose first record is at or after `to` are not included.
 */
struct balance_energy balance_between(const struct balance *balance, ms_t from, ms_t to);

#endif
