/* record_order.h - the records of one source in the order of their times, whatever the clock does.
 *
 * An index only grows, so records must not go back in time: after the clock was set back they are
 * withheld until it is past the newest one. No energy is lost, since the next record has it. */
#ifndef COMMON_TIMEBASE_RECORD_ORDER_H
#define COMMON_TIMEBASE_RECORD_ORDER_H

#include <stdbool.h>

#include "common/base/units.h"

/* A record so little before the newest one is of the same moment: the clock was corrected. */
#define RECORD_ORDER_SAME_MS 500

/* Nothing is withheld longer than this: a newest record farther ahead was dated by a clock that was
 * wrong. */
#define RECORD_ORDER_LONGEST_MS MS_PER_DAY

struct record_order {
	ms_t newest;	     /* time of day; INT64_MIN: there is none */
	ms_t newest_undated; /* CLOCK_BOOTTIME, of those whose time is not known; INT64_MIN: none */
};

/* `newest` as above. */
struct record_order record_order_start(ms_t newest);

/* A record whose time is not known yet. */
void record_order_keep(struct record_order *order, ms_t boot);

/* The time is known: that of those is `offset` later. */
void record_order_date(struct record_order *order, ms_t offset);

/* A record at `*t`, which is moved to the newest one's where they are of the same moment. False: it
 * is to be withheld. */
bool record_order_take(struct record_order *order, ms_t *t);

#endif
