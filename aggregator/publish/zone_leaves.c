#include "aggregator/publish/zone_leaves.h"

void zone_leaves_publish(struct zone_leaves *leaves, const struct consumer_setup *to,
			 const char *zone, const json_t *state)
{
	for (size_t i = 0; i < REPORT_LEAVES; i++)
		published_set(&leaves->of[i], to,
			      json_incref(json_object_get(state, report_leaves[i])), 0,
			      "zone/%s/%s", zone, report_leaves[i]);
}

void zone_leaves_clear(struct zone_leaves *leaves, const struct consumer_setup *to,
		       const char *zone)
{
	for (size_t i = 0; i < REPORT_LEAVES; i++)
		published_clear(&leaves->of[i], to, "zone/%s/%s", zone, report_leaves[i]);
}

void zone_leaves_free(struct zone_leaves *leaves)
{
	for (size_t i = 0; i < REPORT_LEAVES; i++)
		published_free(&leaves->of[i]);
}
