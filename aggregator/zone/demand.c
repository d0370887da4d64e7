#include "aggregator/zone/demand.h"

#include <math.h>

#include "aggregator/energy/window.h"

struct demand demand_at(mwh_t energy, mwh_t step, ms_t elapsed, double power_w,
			int64_t subscribed_w, bool alarmed)
{
	struct demand demand = {
		.energy = energy, .projected_w = NAN, .allowed_w = NAN, .shed_w = NAN};
	ms_t left = elapsed < WINDOW_MS ? WINDOW_MS - elapsed : 0;
	double mean_w = power_of(energy, WINDOW_MS);
	double subscribed = (double)subscribed_w;
	double limit_w = subscribed * (alarmed ? DEMAND_CLEAR : 1);

	demand.projected_w = left ? mean_w + power_w * (double)left / (double)WINDOW_MS : mean_w;
	if (!subscribed_w)
		return demand;
	if (left) {
		demand.allowed_w = (subscribed - mean_w) * (double)WINDOW_MS / (double)left;
		if (demand.allowed_w < 0)
			demand.allowed_w = 0;
		demand.shed_w = power_w > demand.allowed_w ? power_w - demand.allowed_w : 0;
		if (isnan(power_w))
			demand.shed_w = NAN;
	}
	if (elapsed >= DEMAND_QUIET_MS && !isnan(demand.projected_w))
		demand.alarm = demand.projected_w > limit_w &&
			       (power_w > limit_w ||
				demand.projected_w - power_of(step, WINDOW_MS) > limit_w);
	return demand;
}
