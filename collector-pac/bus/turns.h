/* turns.h - whose turn it is: the meters of one connection, one poll at a time.
 *
 * Of the meters that are due, the one whose last turn is longest ago comes first, so all get the
 * same share if the connection cannot serve them in time; the period stretches then. A meter that
 * was silent is left alone for a pause, longer after each silence, so that it costs the others
 * little. */
#ifndef COLLECTOR_PAC_BUS_TURNS_H
#define COLLECTOR_PAC_BUS_TURNS_H

#include <stdbool.h>

#include "collector-pac/bus/schedule.h"

/* The longest pause of a silent meter, alone on its connection or with others. */
#define PAUSE_ALONE_MS	(10 * MS_PER_SECOND)
#define PAUSE_SHARED_MS (30 * MS_PER_SECOND)

struct poll_turn {
	struct schedule schedule;
	int64_t number; /* of the last turn, in the order of the connection; 0: none yet */
	ms_t began;	/* the last turn */
	ms_t lasts_ms;	/* mean of the turns in which it was not silent; 0: none yet */
	int silent;	/* turns in a row */
};

struct turns {
	size_t count;
	struct poll_turn *turns; /* belongs to the caller */
	int64_t number;		 /* turns so far */
};

/* Returns the meter whose turn it is, or `count` if none is due. */
size_t turns_next(const struct turns *turns, ms_t now);

/* Returns when the next meter is due. */
ms_t turns_due(const struct turns *turns);

void turn_begin(struct turns *turns, size_t index, ms_t now);

/* `chance` is a random number. */
void turn_end(struct turns *turns, size_t index, ms_t now, bool silent, uint32_t chance);

/* The connection has failed: the meter is due again after `pause_ms`. */
void turn_skip(struct turns *turns, size_t index, ms_t now, ms_t pause_ms);

/* Returns the time in which each meter that is not silent gets one turn. */
ms_t turns_round(const struct turns *turns);

/* Returns the period that the meter really gets: its own one, or longer. */
ms_t turns_period(const struct turns *turns, size_t index);

#endif
