/* How a site takes in what came: what it changes in the windows and days of which zone. */
#include <stdio.h>

#include "aggregator/site/site_parts.h"

static void entry_dirty(struct zone_entry *entry, struct time_range range)
{
	ledger_invalidate(&entry->zone.ledger, range);
	time_ranges_add(&entry->dirty, range);
	entry->changed = true;
}

static void place_update(struct zone_entry *entry, struct time_range bands,
			 struct time_range windows)
{
	struct zone *zone = &entry->zone;

	for (size_t i = 0; i < zone->balance.count; i++) {
		const struct time_ranges *changed = &zone->balance.terms[i].series->changed;

		for (size_t j = 0; j < changed->count; j++)
			entry_dirty(entry, changed->items[j]);
	}
	if (!time_range_empty(bands))
		entry_dirty(entry, bands);
	if (!time_range_empty(windows))
		time_ranges_add(&entry->dirty, windows);
	entry->changed |= !time_range_empty(windows);
}

static int64_t source_event_count(const struct source *source)
{
	const struct index_series *series = &source->energy;

	return series->resets + series->glitches + series->rollovers + (int64_t)series->swap_count;
}

static void source_update(struct source *source)
{
	series_update(&source->energy);
	series_update(&source->volume);
	contacts_update(&source->contacts);
	grid_update(&source->signals);
	if (source_event_count(source))
		source->eventful = true;
	for (size_t i = 0; source->eventful && i < source->energy.changed.count; i++) {
		struct time_range range = source->energy.changed.items[i];

		/* An event at its end tells what was before it. */
		time_ranges_add(&source->dirty,
				(struct time_range){range.from, add_limited(range.to, 1)});
	}
}

/* The newest event of all sources. */
static void health_look(struct health *health, const struct source *source)
{
	const struct index_series *series = &source->energy;
	struct event event;
	size_t i;

	health->resets += series->resets;
	health->glitches += series->glitches;
	health->rollovers += series->rollovers;
	health->swaps += (int64_t)series->swap_count;
	if (!series->event_t || series->event_t <= health->event.t)
		return;
	for (i = series_find(series, series->event_t); i < series->sorted; i++) {
		if (!series_event(series, i, &event))
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
	for (size_t i = 0; i < source->signals.count; i++)
		grid_add(&site->grid, source->signals.signals[i]);
	for (size_t i = 0; i < source->contacts.count; i++)
		contacts_add(&site->tariff.contacts, &source->contacts.states[i]);
}

/* Puts the period signals and contacts of the main meter together. */
static void site_regrid(struct site *site)
{
	grid_free(&site->grid);
	contacts_free(&site->tariff.contacts);
	for (size_t i = 0; i < site->sources.count; i++)
		site_take_marks(site, site->sources.items[i]);
}

void site_update(struct site *site)
{
	struct health *health = &site->health;
	bool regrid = site->regrid;
	struct time_range bands, windows;

	if (regrid)
		site_regrid(site);
	site->regrid = false;
	bands = tariff_update(&site->tariff);
	windows = grid_update(&site->grid);
	if (regrid) {
		bands = windows = TIME_RANGE_ALL;
		tariff_invalidate(&site->tariff);
	}
	health->resets = health->glitches = health->rollovers = health->swaps = 0;
	health->event = (struct event){0};
	for (size_t i = 0; i < site->sources.count; i++) {
		source_update(site->sources.items[i]);
		health_look(health, site->sources.items[i]);
	}
	if (!time_range_empty(bands))
		health->contact_faults = tariff_faults(&site->tariff);
	if (site->rest_stale)
		site_rest(site);
	for (size_t i = 0; i < site->entries.count; i++)
		place_update(site->entries.items[i], bands, windows);
	if (site->rest)
		place_update(site->rest, bands, windows);
}
