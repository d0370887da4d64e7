/* contacts.h - the tariff contacts of the main meter over event time. */
#ifndef AGGREGATOR_TARIFF_CONTACTS_H
#define AGGREGATOR_TARIFF_CONTACTS_H

#include <stddef.h>

#include "aggregator/time/time_range.h"
#include "common/contract/fact.h"
#include "common/base/units.h"

/* A state holds from its record on until the next one's, at most this long. */
#define CONTACTS_HOLD_MS (15 * MS_PER_MINUTE)

struct contact_state {
	ms_t t;
	enum tristate off_peak, peak;
	bool change; /* recorded because a contact changed: it counts before others of the same t */
	int64_t seq; /* then the later one */
};

struct contacts {
	struct contact_state *states; /* ascending and unique in t up to `sorted` */
	size_t count, capacity, sorted;
};

void contacts_free(struct contacts *contacts);
void contacts_add(struct contacts *contacts, const struct contact_state *state);

/* The sorted contacts know this state, or one of the same t that counts more. */
bool contacts_hold(const struct contacts *contacts, const struct contact_state *state);

/* Takes in what was added; the stretch of time where the state may have changed. */
struct time_range contacts_update(struct contacts *contacts);

/* Takes out those of the sorted states of [from, to) that say nothing new: the one before says the
 * same, and holds until the one after. Tells `gone` (may be NULL) the time of each. */
void contacts_downsample(struct contacts *contacts, ms_t from, ms_t to,
			 void (*gone)(void *context, ms_t t), void *context);

/* The state that holds at `t`, or NULL. *until: it does not change before (more than t). */
const struct contact_state *contacts_at(const struct contacts *contacts, ms_t t, ms_t *until);

#endif
