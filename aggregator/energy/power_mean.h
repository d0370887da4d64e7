/* power_mean.h - the mean of the powers that a source sent in the last minute. */
#ifndef AGGREGATOR_ENERGY_POWER_MEAN_H
#define AGGREGATOR_ENERGY_POWER_MEAN_H

#include "common/base/units.h"

/* The minute is kept in pieces of 5 s. */
#define POWER_MEAN_PIECES   12
#define POWER_MEAN_PIECE_MS (MS_PER_MINUTE / POWER_MEAN_PIECES)

/* A zeroed struct is empty. */
struct power_mean {
	struct power_mean_piece {
		int64_t number; /* since the epoch */
		double sum_w;
		int64_t count;
	} pieces[POWER_MEAN_PIECES];
};

/* Adds a power in W that was received at `now`; NAN is left out. */
void power_mean_add(struct power_mean *mean, ms_t now, double power_w);

/* Returns the mean of the last minute in W; NAN if no power was received in it. */
double power_mean_at(const struct power_mean *mean, ms_t now);

#endif
