/* record_order.h - the records of one source in the order of their times, whatever the clock does.
 *
 * An index only grows, so records must not go back in time: after the clock was set back they are
 * withheld until it is past the newest one. No energy is lost, since the next record has it. */
#ifndef COMMON_TIMEBASE_RECORD_ORDER_H
#define COMMON_TIMEBASE_RECORD_ORDER_H

#include <stdbool.h>

#include "common/base/units.h"

/* A record that precedes the newest one by no more than this is of the same moment: the clock was
 * corrected. */
#define RECORD_ORDER_SAME_MS 500

/* If the newest record is farther ahead than this, it was dated by a wrong clock, and nothing is
 * withheld. */
#define RECORD_ORDER_LONGEST_MS MS_PER_DAY

struct record_order {
	ms_t newest;	     /* time of day, or NEVER */
	ms_t newest_undated; /* CLOCK_BOOTTIME, of records whose time of day is unknown, or NEVER */
};

/* `newest` as in struct record_order. */
struct record_order record_order_start(ms_t newest);

/* Adds a record whose time of day is not known yet: it was at `boot`, CLOCK_BOOTTIME. */
void record_order_add_undated(struct record_order *order, ms_t boot);

/* The time of day has become known: it is CLOCK_BOOTTIME + `offset`. */
void record_order_date(struct record_order *order, ms_t offset);

/* Admits a record at `*t`. If that is of the same moment as the newest one, `*t` is set to the time
 * of the newest one. Returns false if the record is to be withheld. */
bool record_order_admit(struct record_order *order, ms_t *t);

#endif
