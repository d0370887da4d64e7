#include "common/timebase/succession.h"

#define NEVER INT64_MIN

struct succession succession_start(ms_t newest)
{
	return (struct succession){.newest = newest, .newest_undated = NEVER};
}

void succession_keep(struct succession *succession, ms_t boot)
{
	succession->newest_undated = boot;
}

void succession_date(struct succession *succession, ms_t offset)
{
	if (succession->newest_undated != NEVER)
		succession->newest = succession->newest_undated + offset;
	succession->newest_undated = NEVER;
}

bool succession_take(struct succession *succession, ms_t *t)
{
	ms_t behind = subtract_limited(succession->newest, *t);

	if (behind > SUCCESSION_SAME_MS && behind <= SUCCESSION_LONGEST_MS)
		return false;
	if (behind > 0 && behind <= SUCCESSION_SAME_MS)
		*t = succession->newest;
	succession->newest = *t;
	return true;
}
