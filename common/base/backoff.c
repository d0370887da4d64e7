#include "common/base/backoff.h"

static ms_t backoff_jitter(ms_t pause, uint32_t random)
{
	return pause - pause / 4 + multiply_divide(pause / 2, random, UINT32_MAX);
}

ms_t backoff_next(struct backoff *backoff, uint32_t random)
{
	ms_t pause = backoff->pause ? backoff->pause + backoff->pause / 2 : backoff->shortest;

	backoff->pause = pause < backoff->longest ? pause : backoff->longest;
	return backoff_jitter(backoff->pause, random);
}

ms_t backoff_longest(struct backoff *backoff, uint32_t random)
{
	backoff->pause = backoff->longest;
	return backoff_jitter(backoff->pause, random);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->pause = 0;
}
