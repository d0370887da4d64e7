#include "collector-pac/meter/guard.h"

#include <math.h>

/* Generous: inrush doubles a load for seconds, and nominal powers are rounded. */
#define NOMINAL_FACTOR 10

/* Meters update their index in steps of up to this much energy, as time at nominal power. */
#define STEP_MS (60 * MS_PER_SECOND)

struct guard guard_start(double nominal_w)
{
	return (struct guard){.nominal_w = nominal_w};
}

void guard_resume(struct guard *guard, double wh, ms_t at)
{
	guard->started = true;
	guard->wh = wh;
	guard->at = at;
}

static bool plausible(const struct guard *guard, double wh, ms_t at)
{
	double hours = (double)(NOMINAL_FACTOR * (at - guard->at) + STEP_MS) / (double)MS_PER_HOUR;

	return isnan(guard->nominal_w) || wh - guard->wh <= guard->nominal_w * hours;
}

static void accept(struct guard *guard, double wh, ms_t at)
{
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
