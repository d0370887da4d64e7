/* pulse_facts.h - what a source that counts pulses publishes, from readings of its counter.
 *
 * The counter is read periodically: the time of a pulse is that of the first reading that includes
 * it. */
#ifndef COLLECTOR_PAC_METER_PULSE_FACTS_H
#define COLLECTOR_PAC_METER_PULSE_FACTS_H

#include "common/contract/fact.h"

struct pulse_facts {
	bool started;	/* the next three are set */
	int64_t pulses; /* of the newest reading */
	ms_t changed;	/* time of the first reading that had as many */
	bool timed;	/* `changed` is the time of a pulse */
};

/* Makes the live reading of an index one of pulses: the interval is the mean since the pulse
 * before. Returns false if there is nothing new to publish. */
bool pulse_live(struct pulse_facts *facts, struct live *live);

void pulse_record(struct record *record);

#endif
