/* site_parts.h - the site from within, for the files that it is made of: site.c takes facts,
 * membership.c knows which sources make which zones, bulletin.c publishes. */
#ifndef AGGREGATOR_SITE_PARTS_H
#define AGGREGATOR_SITE_PARTS_H

#include "aggregator/board.h"
#include "aggregator/named.h"
#include "aggregator/sequence.h"
#include "aggregator/site.h"
#include "aggregator/zone.h"

struct collector {
	char name[ID_SIZE];
	bool online;
	struct sequence *streams; /* the newest ones */
	size_t stream_count, stream_capacity;
	int64_t missing_before; /* of streams that are not followed any more */
};

/* A zone with its topics. */
struct place {
	char name[ID_SIZE];
	struct zone zone;
	struct board board;
	bool changed; /* the books of the zone, since they were published */
};

struct site {
	struct wall wall;
	struct named collectors, sources, places;
	struct place *main; /* of `places`; NULL: none */
	struct place *rest; /* NULL: nothing to take off, or nothing to take it off from */
	bool rest_stale;    /* a zone changed that it follows from */
	struct tariff tariff;
	struct grid grid;
	struct health health;
	struct slot summary, tariff_state, band, band_index, price, demand, health_state;
	bool alarm;
	ms_t next_publish, next_books; /* on the monotonic clock */
};

/* membership.c */

void place_free(struct place *place);

/* Takes a source's announcement: its zone appears, changes, or it moves to another. False, with a
 * reason, where the site cannot be so. */
bool site_announce(struct site *site, struct source *source, const struct about *about, ms_t now,
		   struct fail *fail);

void site_withdraw(struct site *site, struct source *source, ms_t now);

/* Makes the zone `rest` anew from the others. */
void site_rest(struct site *site);

#endif
