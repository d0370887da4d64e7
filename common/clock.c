#include "common/clock.h"

#include <time.h>

static ms_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (ms_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

ms_t clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

ms_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}
