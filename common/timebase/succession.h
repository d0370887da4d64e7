/* succession.h - the records of one source in the order of their times, whatever the clock does.
 *
 * An index only grows, so records must not go back in time: after the clock was set back they are
 * withheld until it is past the newest one. No energy is lost, since the next record has it. */
#ifndef COMMON_TIMEBASE_SUCCESSION_H
#define COMMON_TIMEBASE_SUCCESSION_H

#include <stdbool.h>

#include "common/base/units.h"

/* A record so little before the newest one is of the same moment: the clock was corrected. */
#define SUCCESSION_SAME_MS 500

/* Nothing is withheld longer than this: a newest record farther ahead was dated by a clock that was
 * wrong. */
#define SUCCESSION_LONGEST_MS MS_PER_DAY

struct succession {
	ms_t newest;	     /* time of day; INT64_MIN: there is none */
	ms_t newest_undated; /* CLOCK_BOOTTIME, of those whose time is not known; INT64_MIN: none */
};

/* `newest` as above. */
struct succession succession_start(ms_t newest);

/* A record whose time is not known yet. */
void succession_keep(struct succession *succession, ms_t boot);

/* The time is known: that of those is `offset` later. */
void succession_date(struct succession *succession, ms_t offset);

/* A record at `*t`, which is moved to the newest one's where they are of the same moment. False: it
 * is to be withheld. */
bool succession_take(struct succession *succession, ms_t *t);

#endif
