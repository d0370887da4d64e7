/* balance.h - which index series make up a zone's energy: its sources, or main minus the parts. */
#ifndef AGGREGATOR_ENERGY_BALANCE_H
#define AGGREGATOR_ENERGY_BALANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/series.h"
#include "common/base/units.h"

struct term {
	const struct index_series *series; /* sorted */
	ms_t from, until;		   /* the source belongs to the zone within [from, until) */
	int sign;			   /* 1, or -1: taken off */
};

/* Nothing is counted before the first or after the last record of the terms that are not taken
 * off: a part that is newer than the main meter's last word must not make the rest negative. */
struct balance {
	struct term *terms;
	size_t count, capacity;
};

void balance_free(struct balance *balance);
void balance_add(struct balance *balance, struct term term);

/* Where there is energy: first and last record of the terms not taken off (ALWAYS, NEVER: none). */
struct time_range balance_domain(const struct balance *balance);

struct stretch {
	mwh_t energy;
	bool known;	    /* a term covers some of it */
	unsigned int flags; /* enum series_flags of the terms that take part */
};

/* Energy in [from, to). A term that begins after `to` takes no part: it was not there yet. */
struct stretch balance_between(const struct balance *balance, ms_t from, ms_t to);

#endif
