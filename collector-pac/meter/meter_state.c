#include "collector-pac/meter/meter_state.h"

#include <math.h>

void measurement_scale(struct measurement *measurement, double ratio)
{
	mwh_t index;

	measurement->power_w *= ratio;
	measurement->wh *= ratio;
	if (!mwh_from_wh(measurement->wh, &index))
		measurement->wh = NAN;
}

struct meter_state meter_state_start(ms_t record_ms, double limit_w)
{
	return (struct meter_state){.record_ms = record_ms, .guard = guard_start(limit_w)};
}

static void count_failure(struct meter_state *state, struct meter_results *results)
{
	if (state->failures < METER_FAILURES)
		state->failures++;
	if (state->failures < METER_FAILURES || state->status == METER_OFFLINE)
		return;
	state->status = METER_OFFLINE;
	results->status_changed = true;
}

/* Returns the index if it is accepted, else NAN. */
static double accepted_index(struct meter_state *state, const struct measurement *measurement,
			     struct meter_results *results)
{
	enum guard_verdict verdict;

	if (isnan(measurement->wh))
		return NAN;
	if (state->guard.started)
		results->wh_before = state->guard.wh;
	verdict = guard_judge(&state->guard, measurement->wh, measurement->t);
	results->verdict_changed = verdict != state->verdict;
	state->verdict = verdict;
	return verdict == GUARD_ACCEPTED || verdict == GUARD_GIVES_WAY ? measurement->wh : NAN;
}

/* Returns whether a reading at `t`, in the time of day, is the first one with an index of its
 * interval. No record is due in the interval of the very first reading, which began before it. */
static bool record_is_due(struct meter_state *state, ms_t t)
{
	int64_t interval = floor_divide(t, state->record_ms);
	bool due = state->aligned && interval != state->recorded;

	state->aligned = true;
	state->recorded = interval;
	return due;
}

struct meter_results meter_state_update(struct meter_state *state,
					const struct measurement *measurement, ms_t offset)
{
	struct meter_results results = {.wh_before = NAN};
	double wh;

	if (!measurement->answered) {
		count_failure(state, &results);
		return results;
	}
	state->failures = 0;
	results.status_changed = state->status != METER_ONLINE;
	state->status = METER_ONLINE;

	wh = accepted_index(state, measurement, &results);
	results.has_live = true;
	results.live = (struct live){
		.t = measurement->t,
		.power_w = measurement->power_w,
		.wh = wh,
	};
	if (isnan(measurement->wh) || !record_is_due(state, measurement->t + offset))
		return results;
	results.has_record = true;
	results.record = (struct record){
		.t = measurement->t,
		.wh = measurement->wh,
		.mark = MARK_NONE,
		.off_peak = UNKNOWN,
		.peak = UNKNOWN,
	};
	return results;
}
