#include "collector-pac/meter/schedule.h"

#define PAUSE_MAX_MS (10 * MS_PER_SECOND)

struct schedule schedule_start(ms_t now, ms_t period_ms, size_t index, size_t count)
{
	return (struct schedule){
		.start_ms = now + period_ms * (ms_t)index / (ms_t)count,
		.period_ms = period_ms,
	};
}

ms_t schedule_due(const struct schedule *schedule)
{
	return schedule->start_ms + schedule->slot * schedule->period_ms;
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

ms_t schedule_pause(ms_t period_ms, int failures, uint32_t chance)
{
	ms_t pause = period_ms;

	for (int i = 1; i < failures && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	return pause - pause / 2 * (chance % 1024) / 1024;
}
