/* contacts.h - the tariff contacts of the main meter over event time. */
#ifndef AGGREGATOR_TARIFF_CONTACTS_H
#define AGGREGATOR_TARIFF_CONTACTS_H

#include <stddef.h>

#include "aggregator/time/time_range.h"
#include "common/contract/fact.h"
#include "common/base/units.h"

/* A state is valid from its record to the next one, at most for this time. */
#define CONTACTS_HOLD_MS (15 * MS_PER_MINUTE)

/* Of several states of the same time, one with `change` takes precedence, then the highest seq. */
struct contact_state {
	ms_t t;
	enum tristate off_peak, peak;
	bool change; /* the record was made because a contact changed */
	int64_t seq;
};

struct contacts {
	struct contact_state *states; /* the first `sorted` are ascending and unique in t */
	size_t count, capacity, sorted;
};

void contacts_free(struct contacts *contacts);
void contacts_add(struct contacts *contacts, const struct contact_state *state);

/* Returns true if this state, or one of the same t that takes precedence, was there at the last
 * contacts_update(). */
bool contacts_hold(const struct contacts *contacts, const struct contact_state *state);

/* Sorts in the states that were added. Returns the time in which the state may have changed. */
struct time_range contacts_update(struct contacts *contacts);

/* Removes the redundant ones of the states in [from, to): the one before is the same, and is valid
 * until the one after. Calls `removed` (may be NULL) with the time of each. */
void contacts_downsample(struct contacts *contacts, ms_t from, ms_t to,
			 void (*removed)(void *context, ms_t t), void *context);

/* Returns the state that is valid at `t`, or NULL. *until: a later moment up to which this does not
 * change. */
const struct contact_state *contacts_at(const struct contacts *contacts, ms_t t, ms_t *until);

#endif
