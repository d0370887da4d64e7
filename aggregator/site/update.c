/* What follows from new input: windows, days, events and the state of each zone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/site/parts.h"

/* Windows close and days end without any record: they are checked this often. */
#define BY_TIME_MS (5 * MS_PER_SECOND)

static void zone_books_changed(struct zone *zone, struct changed_zone *changed,
			       struct time_range range)
{
	ledger_invalidate(&zone->ledger, range);
	time_ranges_add(&changed->windows, range);
	changed->amounts_changed = true;
}

/* `bands`: where other prices may be in force; `windows`: where windows may begin elsewhere. */
static void zone_update(struct site *site, struct zone *zone, struct time_range bands,
			struct time_range windows)
{
	struct changed_zone *changed = NULL;

	for (size_t i = 0; i < zone->balance.count; i++) {
		const struct time_ranges *ranges = &zone->balance.terms[i].series->changed;

		for (size_t j = 0; j < ranges->count; j++) {
			changed = changes_zone(&site->changes, zone->id);
			zone_books_changed(zone, changed, ranges->items[j]);
		}
	}
	if (time_range_empty(bands) && time_range_empty(windows))
		return;
	changed = changes_zone(&site->changes, zone->id);
	if (!time_range_empty(bands))
		zone_books_changed(zone, changed, bands);
	time_ranges_add(&changed->windows, windows);
	changed->amounts_changed = true;
}

static int64_t source_event_count(const struct source *source)
{
	const struct index_series *series = &source->energy;

	return series->resets + series->glitches + series->rollovers + series->jumps +
	       (int64_t)series->swap_count;
}

static void source_update(struct site *site, struct source *source)
{
	series_update(&source->energy);
	series_update(&source->volume);
	contacts_update(&source->contacts);
	signals_update(&source->signals);
	if (source_event_count(source))
		source->eventful = true;
	for (size_t i = 0; source->eventful && i < source->energy.changed.count; i++) {
		struct time_range range = source->energy.changed.items[i];

		/* An event at its end has the index before it. */
		time_ranges_add(&changes_source(&site->changes, source)->events,
				(struct time_range){range.from, add_limited(range.to, 1)});
	}
}

/* Adds up the events of all sources, and finds the newest. */
static void health_add(struct health *health, const struct source *source)
{
	const struct index_series *series = &source->energy;
	struct index_event event;
	size_t i;

	health->resets += series->resets;
	health->glitches += series->glitches;
	health->rollovers += series->rollovers;
	health->jumps += series->jumps;
	health->swaps += (int64_t)series->swap_count;
	if (!series->event_t || series->event_t <= health->event.t)
		return;
	for (i = series_find(series, series->event_t); i < series->classified; i++) {
		if (!series_event(series, i, &event))
			continue;
		health->event = event;
		snprintf(health->event_source, sizeof(health->event_source), "%s", source->name);
		return;
	}
}

static void site_add_signals(struct site *site, const struct source *source)
{
	if (!source->announced || source->about.role != ROLE_MAIN)
		return;
	for (size_t i = 0; i < source->signals.count; i++)
		signals_add(&site->signals, source->signals.times[i]);
	for (size_t i = 0; i < source->contacts.count; i++)
		contacts_add(&site->tariff.contacts, &source->contacts.states[i]);
}

/* Collects the period signals and contacts of the main meter again. */
static void site_collect_signals(struct site *site)
{
	signals_free(&site->signals);
	contacts_free(&site->tariff.contacts);
	for (size_t i = 0; i < site->sources.count; i++)
		site_add_signals(site, site->sources.items[i]);
}

void site_recompute(struct site *site)
{
	struct health *health = &site->health;
	bool again = site->signals_outdated;
	struct time_range bands, windows;

	if (again)
		site_collect_signals(site);
	site->signals_outdated = false;
	bands = tariff_update(&site->tariff);
	windows = signals_update(&site->signals);
	if (again) {
		bands = windows = TIME_RANGE_ALL;
		tariff_invalidate(&site->tariff);
	}
	health->resets = health->glitches = health->rollovers = 0;
	health->jumps = health->swaps = 0;
	health->event = (struct index_event){0};
	for (size_t i = 0; i < site->sources.count; i++) {
		source_update(site, site->sources.items[i]);
		health_add(health, site->sources.items[i]);
	}
	health->spurious_tops = site->signals.spurious;
	if (!time_range_empty(bands))
		health->contact_faults = tariff_faults(&site->tariff);
	if (site->rest_outdated)
		site_make_rest(site);
	for (size_t i = 0; i < site_zone_count(site); i++)
		zone_update(site, site_zone(site, i), bands, windows);
}

/* ---- what is true at a moment ---- */

static void health_count_missing(struct site *site)
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
}

static void site_project_demand(struct site *site, const struct zone_context *context)
{
	const struct zone *zone = site->main;
	struct site_demand *demand = &site->demand;
	struct segment segment = tariff_at(&site->tariff, context->now);
	bool alarmed = demand->demand.alarm;
	double power_w = NAN;
	struct window minute;
	mwh_t energy;

	*demand = (struct site_demand){0};
	/* An alarm without a main zone would stay for ever. */
	if (!zone)
		return;
	if (zone->state.status == ZONE_ONLINE)
		power_w = zone_minute_power(zone, context);
	/* An index in steps of 1 kWh says nothing about a minute: it comes second. */
	if (zone->state.status == ZONE_ONLINE && isnan(power_w) &&
	    zone_last_minute(zone, context, &minute))
		power_w = zone_window_energy(zone, minute, context).power_w;
	demand->window = signals_window(&site->signals, context->now);
	demand->subscribed_w =
		tariff_subscribed(&site->settings->tariff, context->now, segment.band);
	energy = add_limited(
		balance_between(&zone->balance, demand->window.start, demand->window.end).energy,
		zone_beyond(zone, demand->window.start));
	demand->demand =
		demand_at(energy, zone_index_step(zone), context->now - demand->window.start,
			  power_w, demand->subscribed_w, alarmed);
}

/* The energy of meters never falls: if a late record shows that less was used, the value that was
 * published stays. */
static void zone_hold_energy(struct zone *zone, struct zone_state *state)
{
	if (state->energy_total < zone->published)
		state->energy_total = zone->published;
	zone->published = state->energy_total;
}

static void site_evaluate(struct site *site, ms_t now)
{
	struct zone_context context = site_context(site, now);

	for (size_t i = 0; i < site_zone_count(site); i++) {
		struct zone *zone = site_zone(site, i);
		struct zone_state state;

		ledger_update(&zone->ledger, &zone->balance, &site->tariff);
		state = zone_evaluate(zone, &context);
		if (zone != site->rest)
			zone_hold_energy(zone, &state);
		if (zone_state_equal(&zone->state, &state))
			continue;
		zone->state = state;
		changes_zone(&site->changes, zone->id)->state_changed = true;
	}
	site_project_demand(site, &context);
	health_count_missing(site);
	site->changes.publish_due = true;
}

const struct changes *site_update(struct site *site, ms_t now, ms_t monotonic)
{
	struct changes given = site->given;

	for (size_t i = 0; i < site->collectors.count; i++) {
		struct collector *collector = site->collectors.items[i];

		if (!collector_set_baseline(collector, monotonic))
			continue;
		changes_stream(&site->changes, collector,
			       collector->streams[collector->newest].stream, 0);
		changes_collector(&site->changes, collector->name);
	}
	site_recompute(site);
	if (monotonic >= site->next_by_time) {
		site->next_by_time = monotonic + BY_TIME_MS;
		site->changes.by_time = true;
		site_downsample(site, now);
	}
	if (monotonic >= site->next_states) {
		site->next_states = monotonic + site->settings->publish_ms;
		site_evaluate(site, now);
	}
	changes_clear(&given);
	site->given = site->changes;
	site->changes = given;
	return &site->given;
}

void site_everything(const struct site *site, struct changes *changes)
{
	changes->all_records = true;
	for (size_t i = 0; i < site_zone_count(site); i++) {
		const struct zone *zone = site_zone(site, i);
		struct changed_zone *changed = changes_zone(changes, zone->id);

		changed->description_changed = true;
		time_ranges_add(&changed->windows, TIME_RANGE_ALL);
	}
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];
		struct changed_source *changed = changes_source(changes, source);

		changed->description_changed = true;
		if (source->eventful)
			time_ranges_add(&changed->events, TIME_RANGE_ALL);
	}
	for (size_t i = 0; i < site->collectors.count; i++) {
		const struct collector *collector = site->collectors.items[i];

		for (size_t j = 0; j < collector->stream_count; j++)
			changes_stream(changes, collector, collector->streams[j].stream, 0);
	}
}
