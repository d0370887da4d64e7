#include "collector-pac/bus/turns.h"

/* Weight of the newest turn in the mean of their durations. */
#define SHARE_OF_NEWEST 8

size_t turns_next(const struct turns *turns, ms_t now)
{
	size_t next = turns->count;

	for (size_t i = 0; i < turns->count; i++) {
		const struct poll_turn *turn = &turns->turns[i];

		if (schedule_due(&turn->schedule) > now)
			continue;
		if (next == turns->count || turn->number < turns->turns[next].number)
			next = i;
	}
	return next;
}

ms_t turns_due(const struct turns *turns)
{
	ms_t due = FOREVER;

	for (size_t i = 0; i < turns->count; i++) {
		ms_t at = schedule_due(&turns->turns[i].schedule);

		if (at < due)
			due = at;
	}
	return due;
}

void turn_begin(struct turns *turns, size_t index, ms_t now)
{
	struct poll_turn *turn = &turns->turns[index];

	turn->number = ++turns->number;
	turn->began = now;
	if (turns->count > 1)
		schedule_begin(&turn->schedule, now);
}

void turn_end(struct turns *turns, size_t index, ms_t now, bool silent, uint32_t chance)
{
	const ms_t longest = turns->count > 1 ? PAUSE_SHARED_MS : PAUSE_ALONE_MS;
	struct poll_turn *turn = &turns->turns[index];
	ms_t lasted = now - turn->began, pause = 0;

	if (silent) {
		if (turn->silent < 32)
			turn->silent++;
		pause = schedule_pause(turn->schedule.period_ms, turn->silent, longest, chance);
	} else {
		turn->silent = 0;
		if (turn->lasts_ms == 0)
			turn->lasts_ms = lasted;
		/* Away from the mean, so that it arrives. */
		else if (lasted > turn->lasts_ms)
			turn->lasts_ms +=
				(lasted - turn->lasts_ms + SHARE_OF_NEWEST - 1) / SHARE_OF_NEWEST;
		else
			turn->lasts_ms -= (turn->lasts_ms - lasted) / SHARE_OF_NEWEST;
	}
	/* Only pauses are missed slots if the pace is that of the connection. A slot at `now` is
	 * next.
	 */
	if (turns->count > 1)
		schedule_begin(&turn->schedule, now - 1);
	schedule_next(&turn->schedule, now + pause);
}

void turn_skip(struct turns *turns, size_t index, ms_t now, ms_t pause_ms)
{
	schedule_next(&turns->turns[index].schedule, now + pause_ms);
}

ms_t turns_round(const struct turns *turns)
{
	ms_t round = 0;

	for (size_t i = 0; i < turns->count; i++)
		if (turns->turns[i].silent == 0)
			round += turns->turns[i].lasts_ms;
	return round;
}

ms_t turns_period(const struct turns *turns, size_t index)
{
	const struct poll_turn *turn = &turns->turns[index];
	ms_t period = turn->schedule.period_ms, round = turns_round(turns);

	if (round <= period)
		return period;
	/* A meter alone waits for its next slot. */
	return turns->count > 1 ? round : (round + period - 1) / period * period;
}
