#include "common/process/clock.h"

#include <time.h>

#define CLOSE_NS (20 * NS_PER_MS / 1000)
#define TRIES	 5

static ns_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

ms_t clock_wall(void)
{
	return floor_divide(clock_read(CLOCK_REALTIME), NS_PER_MS);
}

ms_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC) / NS_PER_MS;
}

ms_t clock_boot(void)
{
	return clock_read(CLOCK_BOOTTIME) / NS_PER_MS;
}

struct clock_moment clock_moment(void)
{
	struct clock_moment moment = {0};
	ns_t width = INT64_MAX;

	/* The thread may be interrupted between two readings: then they are repeated. */
	for (int i = 0; i < TRIES && width > CLOSE_NS; i++) {
		ns_t before = clock_read(CLOCK_BOOTTIME);
		ns_t wall = clock_read(CLOCK_REALTIME);
		ns_t monotonic = clock_read(CLOCK_MONOTONIC);
		ns_t after = clock_read(CLOCK_BOOTTIME);

		if (after - before >= width)
			continue;
		width = after - before;
		moment = (struct clock_moment){
			.wall = wall, .monotonic = monotonic, .boot = before + width / 2};
	}
	return moment;
}
