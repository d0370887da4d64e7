#include "aggregator/energy/power_mean.h"

#include <math.h>

void power_mean_add(struct power_mean *mean, ms_t now, double power_w)
{
	int64_t number = floor_divide(now, POWER_MEAN_PIECE_MS);
	struct power_mean_piece *piece =
		&mean->pieces[number - POWER_MEAN_PIECES * floor_divide(number, POWER_MEAN_PIECES)];

	if (isnan(power_w))
		return;
	if (piece->number != number)
		*piece = (struct power_mean_piece){.number = number};
	piece->sum_w += power_w;
	piece->count++;
}

double power_mean_at(const struct power_mean *mean, ms_t now)
{
	int64_t number = floor_divide(now, POWER_MEAN_PIECE_MS);
	double sum_w = 0;
	int64_t count = 0;

	for (int i = 0; i < POWER_MEAN_PIECES; i++) {
		const struct power_mean_piece *piece = &mean->pieces[i];

		if (piece->number <= number - POWER_MEAN_PIECES || piece->number > number)
			continue;
		sum_w += piece->sum_w;
		count += piece->count;
	}
	return count ? sum_w / (double)count : NAN;
}
