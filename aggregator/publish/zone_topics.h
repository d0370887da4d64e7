/* zone_topics.h - the retained topics of one zone. */
#ifndef AGGREGATOR_PUBLISH_ZONE_TOPICS_H
#define AGGREGATOR_PUBLISH_ZONE_TOPICS_H

#include "aggregator/publish/zone_leaves.h"

struct zone_topics {
	char id[ID_SIZE];
	struct published status, state, mean10, hour, day;
	struct zone_leaves leaves;
	ms_t mean10_end; /* end of the newest window published; 0: none */
};

/* To be called for a zone that was stored: the windows of the last hour before its last record may
 * not have been published before the program ended. */
void zone_topics_restored(struct zone_topics *topics, const struct zone *zone,
			  const struct zone_context *context);

/* Powers, costs and totals of this moment. */
void zone_topics_state(struct zone_topics *topics, const struct consumer_setup *to,
		       const struct zone *zone, const struct zone_context *context);

/* Windows, the last hour and the day: what changes with the books or by time. */
void zone_topics_books(struct zone_topics *topics, const struct consumer_setup *to,
		       const struct zone *zone, const struct zone_context *context);

/* Deletes the topics. */
void zone_topics_clear(struct zone_topics *topics, const struct consumer_setup *to);

void zone_topics_free(struct zone_topics *topics);

#endif
