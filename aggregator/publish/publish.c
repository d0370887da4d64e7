#include "aggregator/publish/publish.h"

#include <stdlib.h>

#include "aggregator/publish/zone_topics.h"
#include "aggregator/report/report.h"
#include "common/base/memory.h"

struct topics {
	struct consumer_setup setup;
	struct named zones; /* struct zone_topics */
	struct published summary, tariff, band, band_index, price, demand, health;
	struct changes pending; /* zones that changed since the last states */
};

static struct zone_topics *topics_of(struct topics *topics, const char *zone)
{
	return named_get(&topics->zones, zone, sizeof(struct zone_topics));
}

static void *topics_open(const struct consumer_setup *setup)
{
	struct zone_context context = site_context(setup->site, NEVER);
	struct topics *topics = allocate(1, sizeof(*topics));

	topics->setup = *setup;
	for (size_t i = 0; i < site_zone_count(setup->site); i++) {
		const struct zone *zone = site_zone(setup->site, i);

		zone_topics_restored(topics_of(topics, zone->id), zone, &context);
	}
	return topics;
}

static void topics_close(void *consumer)
{
	struct topics *topics = consumer;
	struct published *all[] = {&topics->summary,	&topics->tariff, &topics->band,
				   &topics->band_index, &topics->price,	 &topics->demand,
				   &topics->health};

	for (size_t i = 0; i < topics->zones.count; i++) {
		zone_topics_free(topics->zones.items[i]);
		free(topics->zones.items[i]);
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		published_free(all[i]);
	named_free(&topics->zones);
	changes_free(&topics->pending);
	free(topics);
}

static void zone_removed(struct topics *topics, const char *id)
{
	struct zone_topics *zone = named_find(&topics->zones, id);

	if (!zone)
		return;
	zone_topics_clear(zone, &topics->setup);
	zone_topics_free(zone);
	named_remove(&topics->zones, zone);
	free(zone);
}

static void publish_zone(struct topics *topics, const struct changed_zone *changed,
			 const struct zone_context *context)
{
	const struct zone *zone = site_find_zone(topics->setup.site, changed->id);
	struct zone_topics *of_zone = zone ? topics_of(topics, zone->id) : NULL;

	if (zone && (changed->state_changed || changed->description_changed))
		zone_topics_state(of_zone, &topics->setup, zone, context);
	if (zone && changed->amounts_changed)
		zone_topics_books(of_zone, &topics->setup, zone, context);
}

/* Windows close and days end by time alone. */
static void pending_by_time(struct changes *pending, const struct site *site)
{
	for (size_t i = 0; i < site_zone_count(site); i++)
		changes_zone(pending, site_zone(site, i)->id)->amounts_changed = true;
}

static void publish_tariff(struct topics *topics, const struct segment *segment,
			   const struct zone_context *context)
{
	const struct consumer_setup *to = &topics->setup;
	json_t *tariff = report_tariff(to->site->settings, segment, context);

	published_set(&topics->band, to, json_incref(json_object_get(tariff, "band")), 0,
		      "tariff/band");
	published_set(&topics->price, to, json_incref(json_object_get(tariff, "price_kwh")), 0,
		      "tariff/price_kwh");
	published_set(&topics->band_index, to, json_incref(json_object_get(tariff, "band_index")),
		      0, "tariff/band_index");
	published_set_at(&topics->tariff, to, tariff, context->now, "tariff/state");
}

static void publish_site(struct topics *topics, const struct turn *turn,
			 const struct zone_context *context)
{
	const struct consumer_setup *to = &topics->setup;
	const struct site *site = to->site;
	struct segment segment = tariff_at(context->tariff, turn->now);

	published_set_at(&topics->summary, to, report_summary(site, &segment), turn->now,
			 "summary");
	publish_tariff(topics, &segment, context);
	if (site->main)
		published_set_at(&topics->demand, to, report_demand(&site->demand, context),
				 turn->now, "demand/state");
	else
		published_clear(&topics->demand, to, "demand/state");
	published_set_at(&topics->health, to, report_health(&site->health, turn->trouble, context),
			 turn->now, "health");
}

static void topics_turn(void *consumer, const struct turn *turn)
{
	struct zone_context context = site_context(turn->site, turn->now);
	struct topics *topics = consumer;
	struct changes *pending = &topics->pending;

	changes_add_zones(pending, turn->changes);
	if (turn->changes->by_time)
		pending_by_time(pending, turn->site);
	if (!turn->changes->publish_due)
		return;
	for (size_t i = 0; i < pending->zones_removed.count; i++)
		zone_removed(topics, ((struct change_name *)pending->zones_removed.items[i])->name);
	for (size_t i = 0; i < pending->zones.count; i++)
		publish_zone(topics, pending->zones.items[i], &context);
	publish_site(topics, turn, &context);
	changes_clear(pending);
}

const struct consumer consumer_topics = {topics_open, topics_turn, topics_close};
