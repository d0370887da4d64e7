#include "aggregator/energy/power.h"

#include <math.h>

double power_at(const struct power *power, ms_t now)
{
	double wh = power->wh_per_pulse;
	double watts, at_most;

	if (!power->last_pulse || !(power->interval_us > 0))
		return NAN;
	watts = wh * 3600e6 / power->interval_us;
	if (now <= power->last_pulse)
		return watts;
	at_most = wh * 3600e3 / (double)(now - power->last_pulse);
	return watts < at_most ? watts : at_most;
}
