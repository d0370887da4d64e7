/* backoff.h - pauses between attempts: they grow, are capped, and differ from one program to the
 * next, so that a site's programs do not all connect to a returning broker or meter at once. */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

#include <stdint.h>

#include "common/base/units.h"

struct backoff {
	ms_t shortest; /* of the first pause, before jitter */
	ms_t longest;
	ms_t pause; /* the last one, before jitter; 0: none yet */
};

/* The next pause: half as long again as the one before, then varied by up to a quarter up or down
 * according to `random` (any number). */
ms_t backoff_next(struct backoff *backoff, uint32_t random);

/* The longest pause from now on, for a failure that does not end by itself. */
ms_t backoff_longest(struct backoff *backoff, uint32_t random);

void backoff_reset(struct backoff *backoff);

#endif
