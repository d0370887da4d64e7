/* How a site takes in what came: what it changes in the windows and days of which zone. */
#include <stdio.h>

#include "aggregator/site/site_parts.h"

static void place_dirty(struct place *place, struct span span)
{
	ledger_invalidate(&place->zone.ledger, span);
	spans_add(&place->dirty, span);
	place->changed = true;
}

static void place_settle(struct place *place, struct span bands, struct span windows)
{
	struct zone *zone = &place->zone;

	for (size_t i = 0; i < zone->balance.count; i++) {
		const struct spans *changed = &zone->balance.terms[i].curve->changed;

		for (size_t j = 0; j < changed->count; j++)
			place_dirty(place, changed->items[j]);
	}
	if (!span_empty(bands))
		place_dirty(place, bands);
	if (!span_empty(windows))
		spans_add(&place->dirty, windows);
	place->changed |= !span_empty(windows);
}

static int64_t source_events(const struct source *source)
{
	const struct curve *curve = &source->energy;

	return curve->resets + curve->glitches + curve->rollovers + (int64_t)curve->swap_count;
}

static void source_settle(struct source *source)
{
	curve_settle(&source->energy);
	curve_settle(&source->volume);
	contacts_settle(&source->contacts);
	grid_settle(&source->tops);
	if (source_events(source))
		source->eventful = true;
	for (size_t i = 0; source->eventful && i < source->energy.changed.count; i++) {
		struct span span = source->energy.changed.items[i];

		/* An event at its end tells what was before it. */
		spans_add(&source->dirty, (struct span){span.from, add_limited(span.to, 1)});
	}
}

/* The newest event of all sources. */
static void health_look(struct health *health, const struct source *source)
{
	const struct curve *curve = &source->energy;
	struct event event;
	size_t i;

	health->resets += curve->resets;
	health->glitches += curve->glitches;
	health->rollovers += curve->rollovers;
	health->swaps += (int64_t)curve->swap_count;
	if (!curve->event_t || curve->event_t <= health->event.t)
		return;
	for (i = curve_find(curve, curve->event_t); i < curve->settled; i++) {
		if (!curve_event(curve, i, &event))
			continue;
		health->event = event;
		snprintf(health->event_source, sizeof(health->event_source), "%s", source->name);
		return;
	}
}

static void site_take_marks(struct site *site, const struct source *source)
{
	if (!source->announced || source->about.role != ROLE_MAIN)
		return;
	for (size_t i = 0; i < source->tops.count; i++)
		grid_add(&site->grid, source->tops.tops[i]);
	for (size_t i = 0; i < source->contacts.count; i++)
		contacts_add(&site->tariff.contacts, &source->contacts.states[i]);
}

/* Puts the tops and contacts of the main meter together. */
static void site_regrid(struct site *site)
{
	grid_free(&site->grid);
	contacts_free(&site->tariff.contacts);
	for (size_t i = 0; i < site->sources.count; i++)
		site_take_marks(site, site->sources.items[i]);
}

void site_settle(struct site *site)
{
	struct health *health = &site->health;
	bool regrid = site->regrid;
	struct span bands, windows;

	if (regrid)
		site_regrid(site);
	site->regrid = false;
	bands = tariff_settle(&site->tariff);
	windows = grid_settle(&site->grid);
	if (regrid) {
		bands = windows = SPAN_ALL;
		tariff_invalidate(&site->tariff);
	}
	health->resets = health->glitches = health->rollovers = health->swaps = 0;
	health->event = (struct event){0};
	for (size_t i = 0; i < site->sources.count; i++) {
		source_settle(site->sources.items[i]);
		health_look(health, site->sources.items[i]);
	}
	if (!span_empty(bands))
		health->contact_faults = tariff_faults(&site->tariff);
	if (site->rest_stale)
		site_rest(site);
	for (size_t i = 0; i < site->places.count; i++)
		place_settle(site->places.items[i], bands, windows);
	if (site->rest)
		place_settle(site->rest, bands, windows);
}
