#include "collector-meter/survey/comparison.h"

#include <math.h>
#include <stddef.h>

/* A configured weight is usually wrong by one of these factors, or its inverse: a misplaced decimal
 * point, or another meter's plate. */
static const double factors[] = {2,  2.5, 3,  4,  5,   8,   10,	 12.5, 16,  20,	 25,  32,
				 40, 50,  64, 80, 100, 125, 160, 200,  250, 400, 500, 1000};

/* Relative deviation that is allowed in addition to the tolerance. */
#define MISS 0.02

static double nearer(double best, double candidate, double ratio)
{
	double miss = fabs(log(ratio / candidate));

	return best == 0 || miss < fabs(log(ratio / best)) ? candidate : best;
}

static double nearest_factor(double ratio)
{
	double best = 0;

	for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++) {
		best = nearer(best, factors[i], ratio);
		best = nearer(best, 1 / factors[i], ratio);
	}
	return best;
}

/* Returns true if pulses that are worth `factor` times as much explain the count. */
static bool explains(const struct comparison *comparison, double factor)
{
	double expected = comparison->expected / factor;
	double miss = fabs((double)comparison->counted - expected);

	return miss <= comparison->tolerance / factor + 1 + MISS * expected;
}

bool comparison_make(struct comparison *comparison, const struct comparison_point *from,
		     const struct comparison_point *to, double unit_per_pulse)
{
	int decimals = from->reading.decimals < to->reading.decimals ? from->reading.decimals
								     : to->reading.decimals;
	double miss, factor;

	*comparison = (struct comparison){
		.amount = to->reading.value - from->reading.value,
		.counted = to->pulses - from->pulses,
		.deviation_pct = NAN,
	};
	if (comparison->amount < 0)
		return false;
	comparison->expected = comparison->amount / unit_per_pulse;
	comparison->tolerance = pow(10, -decimals) / unit_per_pulse + 1;
	miss = (double)comparison->counted - comparison->expected;
	comparison->agrees = fabs(miss) <= comparison->tolerance;
	comparison->early = comparison->tolerance > comparison->expected / 10;
	if (comparison->expected > 0)
		comparison->deviation_pct = 100 * miss / comparison->expected;
	if (comparison->agrees || comparison->early || comparison->counted <= 0)
		return true;
	factor = nearest_factor(comparison->expected / (double)comparison->counted);
	if (explains(comparison, factor))
		comparison->likely = unit_per_pulse * factor;
	return true;
}
