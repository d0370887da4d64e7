/* zone_leaves.h - the members of a zone's state that are topics of their own, as bare values. */
#ifndef AGGREGATOR_PUBLISH_ZONE_LEAVES_H
#define AGGREGATOR_PUBLISH_ZONE_LEAVES_H

#include "aggregator/consumer/published.h"
#include "aggregator/report/report.h"

struct zone_leaves {
	struct published of[REPORT_LEAVES];
};

/* Those that differ from the last ones; `state` is the payload of zone/<zone>/state. */
void zone_leaves_publish(struct zone_leaves *leaves, const struct consumer_setup *to,
			 const char *zone, const json_t *state);

/* Deletes the topics. */
void zone_leaves_clear(struct zone_leaves *leaves, const struct consumer_setup *to,
		       const char *zone);

void zone_leaves_free(struct zone_leaves *leaves);

#endif
