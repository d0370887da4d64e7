#include "collector-pac/meter/guard.h"

#include <math.h>

/* Generous: inrush doubles a load for seconds, and nominal powers are rounded. */
#define NOMINAL_FACTOR 10

/* Some meters update their index only this often; the same as in the books (series.h). */
#define UPDATE_MS (60 * MS_PER_SECOND)

/* Before a step was seen, one of 1 kWh is possible. Afterwards two at once. */
#define STEP_WH 1000
#define STEPS	2

struct guard guard_start(double limit_w)
{
	return (struct guard){.limit_w = limit_w};
}

double guard_limit(int64_t max_w, double nominal_w)
{
	return max_w ? (double)max_w : NOMINAL_FACTOR * nominal_w;
}

void guard_resume(struct guard *guard, double wh, ms_t at)
{
	guard->started = true;
	guard->wh = wh;
	guard->at = at;
}

static bool plausible(const struct guard *guard, double wh, ms_t at)
{
	double increase = wh - guard->wh;
	double hours = (double)(at - guard->at + UPDATE_MS) / (double)MS_PER_HOUR;
	double steps_wh = guard->step_wh > 0 ? STEPS * guard->step_wh : STEP_WH;

	return isnan(guard->limit_w) || increase <= guard->limit_w * hours || increase <= steps_wh;
}

static void accept(struct guard *guard, double wh, ms_t at)
{
	double increase = wh - guard->wh;

	if (guard->started && increase > 0 && (guard->step_wh <= 0 || increase < guard->step_wh))
		guard->step_wh = increase;
	guard_resume(guard, wh, at);
	guard->held = 0;
}

enum guard_verdict guard_judge(struct guard *guard, double wh, ms_t at)
{
	bool falls = guard->started && wh < guard->wh;

	if (!guard->started || (!falls && plausible(guard, wh, at))) {
		accept(guard, wh, at);
		return GUARD_ACCEPTED;
	}
	guard->held = guard->held > 0 && wh >= guard->held_wh ? guard->held + 1 : 1;
	guard->held_wh = wh;
	if (guard->held < GUARD_AGREE)
		return falls ? GUARD_FALLS : GUARD_JUMPS;
	accept(guard, wh, at);
	return GUARD_GIVES_WAY;
}
