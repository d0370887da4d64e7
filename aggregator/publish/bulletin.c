#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/publish/report.h"
#include "aggregator/site/site_parts.h"

/* Also without news, look at the books this often: windows close and days end by time alone. */
#define BOOKS_EVERY_MS (5 * MS_PER_SECOND)

static struct zone_state entry_publish(struct site *site, struct zone_entry *entry, bool books,
				       const struct zone_context *context)
{
	struct zone_state state;

	ledger_update(&entry->zone.ledger, &entry->zone.balance, &site->tariff);
	state = zone_look(&entry->zone, context);
	board_state(&entry->board, &site->wall, &entry->zone, &state, context);
	if (entry->changed || books)
		board_books(&entry->board, &site->wall, &entry->zone, context);
	entry->changed = false;
	return state;
}

static void site_publish_tariff(struct site *site, const struct zone_context *context)
{
	const struct site_settings *settings = site->wall.settings;
	const struct tariff_settings *tariff = &settings->tariff;
	struct tariff_now now = {
		.segment = tariff_at(&site->tariff, context->now),
		.currency = settings->currency,
		.vat_included = settings->vat_included,
	};
	char price[32];

	now.subscribed_w = tariff_subscribed(tariff, context->now, now.segment.band);
	now.next_band = tariff_next(tariff, context->now, now.segment.band, &now.next_change);
	slot_publish(&site->tariff_state, &site->wall, 1, report_tariff(&now, context),
		     "tariff/state");
	snprintf(price, sizeof(price), "%.15g",
		 (double)now.segment.price / (double)PRICES_PER_UNIT);
	slot_publish(&site->band, &site->wall, 0, strdup(band_name(now.segment.band)),
		     "tariff/band");
	slot_publish(&site->price, &site->wall, 0, strdup(price), "tariff/price_kwh");
	snprintf(price, sizeof(price), "%d", now.segment.band);
	slot_publish(&site->band_index, &site->wall, 0, strdup(price), "tariff/band_index");
}

static void site_publish_demand(struct site *site, const struct zone_context *context)
{
	const struct zone *zone = &site->main->zone;
	struct window window = grid_window(&site->grid, context->now);
	struct demand_now now = {.window = window};
	struct segment segment = tariff_at(&site->tariff, context->now);
	double power_w = NAN;
	struct window minute;
	mwh_t energy;

	if (zone_status(zone, context) == ZONE_ONLINE && zone_last_minute(zone, context, &minute))
		power_w = zone_reading(zone, minute, context).power_w;
	now.subscribed_w = tariff_subscribed(context->tariff->settings, context->now, segment.band);
	energy = add_limited(balance_between(&zone->balance, window.start, window.end).energy,
			     zone_beyond(zone, window.start));
	now.demand = demand_at(energy, context->now - window.start, power_w, now.subscribed_w,
			       site->alarm);
	site->alarm = now.demand.alarm;
	slot_publish(&site->demand, &site->wall, 1, report_demand(&now, context), "demand/state");
}

/* Without a main zone there is no demand, and no alarm that would assignment for ever. */
static void site_clear_demand(struct site *site)
{
	if (!site->demand.text)
		return;
	slot_publish(&site->demand, &site->wall, 1, strdup(""), "demand/state");
	slot_free(&site->demand);
	site->alarm = false;
}

static void site_publish_health(struct site *site, const struct zone_context *context)
{
	struct health *health = &site->health;

	health->missing = 0;
	for (size_t i = 0; i < site->collectors.count; i++) {
		const struct collector *collector = site->collectors.items[i];

		health->missing = add_limited(health->missing, collector->missing_before);
		for (size_t j = 0; j < collector->stream_count; j++)
			health->missing = add_limited(health->missing,
						      sequence_missing(&collector->streams[j]));
	}
	health->spurious_tops = site->grid.spurious;
	slot_publish(&site->health_state, &site->wall, 1, report_health(health, context), "health");
}

static void site_publish_zones(struct site *site, bool books, const struct zone_context *context)
{
	struct summary summary = {
		.zones = (int)site->entries.count,
		.rest_w = NAN,
		.segment = tariff_at(&site->tariff, context->now),
	};
	struct zone_state main = {0};

	for (size_t i = 0; i < site->entries.count; i++) {
		struct zone_entry *entry = site->entries.items[i];
		struct zone_state state = entry_publish(site, entry, books, context);

		summary.online += zone_status(&entry->zone, context) == ZONE_ONLINE;
		if (entry != site->main)
			continue;
		main = state;
		summary.main = &main;
	}
	if (site->rest)
		summary.rest_w = entry_publish(site, site->rest, books, context).power_w;
	slot_publish(&site->summary, &site->wall, 1, report_summary(&summary, context), "summary");
}

void site_publish(struct site *site, ms_t now, ms_t monotonic)
{
	const struct site_settings *settings = site->wall.settings;
	struct zone_context context = {
		.now = now,
		.limits = settings->limits,
		.tariff = &site->tariff,
		.grid = &site->grid,
		.main = site->main ? &site->main->zone : NULL,
	};
	bool books = monotonic >= site->next_books;

	if (monotonic < site->next_publish)
		return;
	site->next_publish = monotonic + settings->publish_ms;
	if (books)
		site->next_books = monotonic + BOOKS_EVERY_MS;
	site_take_baselines(site, monotonic);
	site_update(site);
	if (books)
		site_downsample(site, now);
	site_publish_zones(site, books, &context);
	site_publish_tariff(site, &context);
	if (site->main)
		site_publish_demand(site, &context);
	else
		site_clear_demand(site);
	site_publish_health(site, &context);
}
