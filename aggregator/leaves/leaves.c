#include "aggregator/leaves/leaves.h"

#include <stdlib.h>

#include "aggregator/consumer/published.h"
#include "aggregator/report/report.h"
#include "common/base/memory.h"

struct zone_leaves {
	char id[ID_SIZE];
	struct published of[REPORT_LEAVES];
};

struct leaves {
	struct consumer_setup setup;
	struct named zones;	/* struct zone_leaves */
	struct changes pending; /* zones that changed since the last states */
};

static void *leaves_open(const struct consumer_setup *setup)
{
	struct leaves *leaves;

	if (!setup->site->settings->leaves)
		return NULL;
	leaves = allocate(1, sizeof(*leaves));
	leaves->setup = *setup;
	return leaves;
}

static void zone_leaves_free(struct zone_leaves *zone)
{
	for (size_t i = 0; i < REPORT_LEAVES; i++)
		published_free(&zone->of[i]);
	free(zone);
}

static void leaves_close(void *consumer)
{
	struct leaves *leaves = consumer;

	for (size_t i = 0; i < leaves->zones.count; i++)
		zone_leaves_free(leaves->zones.items[i]);
	named_free(&leaves->zones);
	changes_free(&leaves->pending);
	free(leaves);
}

static void zone_removed(struct leaves *leaves, const char *id)
{
	struct zone_leaves *zone = named_find(&leaves->zones, id);

	if (!zone)
		return;
	for (size_t i = 0; i < REPORT_LEAVES; i++)
		published_clear(&zone->of[i], &leaves->setup, "zone/%s/%s", id, report_leaves[i]);
	named_remove(&leaves->zones, zone);
	zone_leaves_free(zone);
}

static void zone_publish(struct leaves *leaves, const struct zone *zone)
{
	struct zone_leaves *last = named_get(&leaves->zones, zone->id, sizeof(*last));

	for (int i = 0; i < REPORT_LEAVES; i++)
		published_set(&last->of[i], &leaves->setup, report_leaf(zone, (enum report_leaf)i),
			      0, "zone/%s/%s", zone->id, report_leaves[i]);
}

static void leaves_turn(void *consumer, const struct turn *turn)
{
	struct leaves *leaves = consumer;

	changes_add_zones(&leaves->pending, turn->changes);
	if (!turn->changes->publish_due)
		return;
	for (size_t i = 0; i < leaves->pending.zones_removed.count; i++)
		zone_removed(leaves,
			     ((struct change_name *)leaves->pending.zones_removed.items[i])->name);
	for (size_t i = 0; i < leaves->pending.zones.count; i++) {
		const struct changed_zone *changed = leaves->pending.zones.items[i];
		const struct zone *zone = site_find_zone(turn->site, changed->id);

		if (zone && (changed->state_changed || changed->description_changed))
			zone_publish(leaves, zone);
	}
	changes_clear(&leaves->pending);
}

const struct consumer consumer_leaves = {leaves_open, leaves_turn, leaves_close};
