#include "collector-pac/bus/schedule.h"

struct schedule schedule_start(ms_t now, ms_t period_ms, size_t index, size_t count)
{
	size_t groups = (count + SCHEDULE_TICK - 1) / SCHEDULE_TICK;

	return (struct schedule){
		.start_ms = now + period_ms * (ms_t)(index / SCHEDULE_TICK) / (ms_t)groups,
		.period_ms = period_ms,
	};
}

ms_t schedule_due(const struct schedule *schedule)
{
	return schedule->start_ms + schedule->slot * schedule->period_ms;
}

void schedule_begin(struct schedule *schedule, ms_t now)
{
	int64_t last = floor_divide(now - schedule->start_ms, schedule->period_ms);

	if (last > schedule->slot)
		schedule->slot = last;
}

void schedule_next(struct schedule *schedule, ms_t earliest)
{
	/* Rounded up. */
	int64_t next = -floor_divide(schedule->start_ms - earliest, schedule->period_ms);

	if (next <= schedule->slot + 1) {
		schedule->slot++;
		return;
	}
	schedule->missed += next - (schedule->slot + 1);
	schedule->slot = next;
}

ms_t schedule_pause(ms_t period_ms, int failures, ms_t longest, uint32_t chance)
{
	ms_t pause = period_ms;

	for (int i = 1; i < failures && pause < longest; i++)
		pause *= 2;
	if (pause > longest)
		pause = longest;
	return pause - pause / 2 * (chance % 1024) / 1024;
}
