/* inspection.h - looks at the wiring of a meter a few times in its first minutes of service.
 *
 * Some polls then have more requests: the blocks of the profile that only the wiring needs. A fault
 * of two inspections in a row is reported, and no further one takes place; if there is none after
 * INSPECTIONS of them, the wiring is right, or has too little load to tell. */
#ifndef COLLECTOR_PAC_METER_INSPECTION_H
#define COLLECTOR_PAC_METER_INSPECTION_H

#include "collector-pac/meter/wiring.h"
#include "common/base/units.h"

#define INSPECTIONS	    60
#define INSPECTION_EVERY_MS (5 * MS_PER_SECOND)

struct inspection {
	struct register_block *blocks; /* beyond those that are polled */
	size_t count;
	bool going;  /* the present poll is one */
	bool faulty; /* the one before found a fault */
	int left;
	ms_t due;
	struct wiring wiring;
	char (*faults)[WIRING_TEXT_SIZE]; /* what inspection_end() found */
};

/* Copies what it needs. */
struct inspection inspection_open(const struct profile *profile);
void inspection_close(struct inspection *inspection);

/* A poll begins at `now`, on any clock that goes on. */
void inspection_begin(struct inspection *inspection, ms_t now);

/* Returns how many blocks are to be requested after those that are polled. */
size_t inspection_blocks(const struct inspection *inspection);

/* Takes the values of any block of the poll. */
void inspection_add(struct inspection *inspection, const struct register_block *block,
		    const uint16_t *registers);

/* The poll is not complete: this inspection finds nothing. */
void inspection_cancel(struct inspection *inspection);

/* The poll ends. Returns the number of faults that are to be reported, once for good. */
size_t inspection_end(struct inspection *inspection);

#endif
