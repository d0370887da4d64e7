#include "collector-pac/meter/pulse_facts.h"

#include <math.h>

#define US_PER_MS 1000

bool pulse_live(struct pulse_facts *facts, struct live *live)
{
	const struct pulse_facts before = *facts;
	int64_t pulses;

	if (isnan(live->wh))
		return false;
	pulses = llround(live->wh);
	if (before.started && pulses == before.pulses)
		return false;
	*facts = (struct pulse_facts){.started = true, .pulses = pulses, .changed = live->t};
	facts->timed = before.started && pulses > before.pulses;
	*live = (struct live){
		.t = live->t,
		.is_pulse = true,
		.pulses = pulses,
		.interval_us = NAN,
		.power_w = NAN,
		.wh = NAN,
	};
	if (facts->timed && before.timed && live->t > before.changed)
		live->interval_us = (double)((live->t - before.changed) * US_PER_MS) /
				    (double)(pulses - before.pulses);
	return true;
}

void pulse_record(struct record *record)
{
	record->is_pulse = true;
	record->pulses = llround(record->wh);
	record->wh = 0;
	record->mark = MARK_MINUTE;
}
