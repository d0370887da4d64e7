/* board.h - the retained topics of one zone: publishes what differs from what is there. */
#ifndef AGGREGATOR_PUBLISH_BOARD_H
#define AGGREGATOR_PUBLISH_BOARD_H

#include <stdbool.h>

#include "aggregator/publish/report.h"
#include "aggregator/site/site.h"
#include "aggregator/zone/zone.h"

/* What a topic last said; NULL: nothing yet. */
struct slot {
	char *text;
};

struct board {
	struct slot status, state, mean10, hour, day;
	struct slot leaves[REPORT_LEAVES];
	ms_t mean10_end; /* end of the newest window published; 0: none */
};

/* Where boards publish. */
struct wall {
	const struct site_settings *settings;
	struct publisher publisher;
};

/* Publishes `text` below the site if it differs from what `slot` says, the time at its beginning
 * apart. Takes over `text` (NULL is allowed: nothing happens). True where it published. */
bool slot_publish(struct slot *slot, const struct wall *wall, int qos, char *text,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));
void slot_free(struct slot *slot);

/* The power, costs and totals of this moment. */
void board_state(struct board *board, const struct wall *wall, const struct zone *zone,
		 const struct zone_state *state, const struct zone_context *context);

/* Windows, the last hour, the day: what only changes with the books. */
void board_books(struct board *board, const struct wall *wall, const struct zone *zone,
		 const struct zone_context *context);

/* Deletes the zone's topics. */
void board_clear(struct board *board, const struct wall *wall, const char *zone);

void board_free(struct board *board);

#endif
