/* power.h - instantaneous power of a meter that only reports pulses. */
#ifndef AGGREGATOR_ENERGY_POWER_H
#define AGGREGATOR_ENERGY_POWER_H

#include "common/base/units.h"

/* The newest live reading of a pulse source. A zeroed struct is none. */
struct power {
	ms_t last_pulse;    /* 0: none yet */
	double interval_us; /* NAN: unknown (before two pulses, or not plausible) */
	double wh_per_pulse;
};

/* Returns the best estimate at `now` in W, or NAN before two pulses: the power of the last
 * interval, and less once more time than that has passed without a pulse. */
double power_at(const struct power *power, ms_t now);

#endif
