/* What of the site goes into the store. */
#include "aggregator/site/books.h"
#include "aggregator/site/site_parts.h"

bool site_dirty(const struct site *site)
{
	return site->keeping.dirty;
}

size_t site_pending(const struct site *site)
{
	return site->keeping.facts.count;
}

/* ---- zones and sources ---- */

/* Every zone, `rest` included. */
static struct zone_entry *site_entry(const struct site *site, size_t i)
{
	return i < site->entries.count ? site->entries.items[i] : site->rest;
}

static bool save_zones(const struct site *site, const struct books *books)
{
	const struct keeping *keeping = &site->keeping;

	for (size_t i = 0; i < keeping->zones_gone.count; i++)
		if (!books->zone_gone(books->context, keeping->zones_gone.items[i].name))
			return false;
	for (size_t i = 0; i <= site->entries.count; i++) {
		const struct zone_entry *entry = site_entry(site, i);

		if (entry && entry->described && !books->zone(books->context, &entry->zone))
			return false;
	}
	return true;
}

/* The first assignment of the source that begins after (`from`, of a zone before `place`). */
static const struct term *next_assignment(const struct site *site, const struct source *source,
					  const struct term *after, const struct zone_entry **where)
{
	const struct term *next = NULL;

	for (size_t i = 0; i < site->entries.count; i++) {
		const struct zone_entry *entry = site->entries.items[i];

		for (size_t j = 0; j < entry->zone.balance.count; j++) {
			const struct term *term = &entry->zone.balance.terms[j];

			if (term->series != &source->energy ||
			    (after && term->from <= after->from) ||
			    (next && next->from <= term->from))
				continue;
			next = term;
			*where = entry;
		}
	}
	return next;
}

static bool save_source(const struct site *site, const struct source *source,
			const struct books *books)
{
	const struct zone_entry *entry = NULL;
	const struct term *assignment = NULL;

	if (!books->source(books->context, source))
		return false;
	while ((assignment = next_assignment(site, source, assignment, &entry)))
		if (!books->assignment(books->context, source, entry->name, assignment->from,
				       assignment->until))
			return false;
	for (size_t i = 0; i < source->energy.swap_count; i++)
		if (!books->swap(books->context, source, &source->energy.swaps[i]))
			return false;
	return true;
}

static bool save_sources(const struct site *site, const struct books *books)
{
	for (size_t i = 0; i < site->sources.count; i++) {
		const struct source *source = site->sources.items[i];

		if (source->changed && !save_source(site, source, books))
			return false;
	}
	return true;
}

/* ---- records ---- */

static bool save_contacts(const struct books *books, const struct source *source, ms_t t)
{
	ms_t until;
	const struct contact_state *state = contacts_at(&source->contacts, t, &until);

	return !state || state->t != t || books->contacts(books->context, source, state);
}

/* What is left of contacts, and not what came again after it was downsampled out. */
static bool save_contacts_downsampled(const struct keeping *keeping, const struct books *books)
{
	for (size_t i = 0; i < keeping->contacts_downsampled.count; i++) {
		const struct kept_moment *gone = &keeping->contacts_downsampled.items[i];

		if (!books->contacts_gone(books->context, gone->source, gone->t) ||
		    !save_contacts(books, gone->source, gone->t))
			return false;
	}
	return true;
}

/* Not what came again after it was downsampled out. */
static bool save_facts_downsampled(const struct keeping *keeping, const struct books *books)
{
	for (size_t i = 0; i < keeping->downsampled.count; i++) {
		const struct kept_moment *gone = &keeping->downsampled.items[i];

		if (!series_holds(&gone->source->energy, gone->t, 0) &&
		    !books->fact_gone(books->context, gone->source, gone->t))
			return false;
	}
	return true;
}

static bool save_records(const struct keeping *keeping, const struct books *books)
{
	for (size_t i = 0; i < keeping->facts.count; i++) {
		const struct kept_fact *fact = &keeping->facts.items[i];

		if (!books->fact(books->context, fact->source, fact->t, fact->count))
			return false;
	}
	if (!save_facts_downsampled(keeping, books))
		return false;
	for (size_t i = 0; i < keeping->signals.count; i++) {
		const struct kept_moment *signal = &keeping->signals.items[i];

		if (!books->signal(books->context, signal->source, signal->t))
			return false;
	}
	for (size_t i = 0; i < keeping->contacts.count; i++) {
		const struct kept_moment *contacts = &keeping->contacts.items[i];

		if (!save_contacts(books, contacts->source, contacts->t))
			return false;
	}
	return save_contacts_downsampled(keeping, books);
}

static bool save_reports(const struct keeping *keeping, const struct books *books)
{
	for (size_t i = 0; i < keeping->gaps.count; i++) {
		const struct kept_gap *gap = &keeping->gaps.items[i];

		if (!books->gap(books->context, gap->source, &gap->gap))
			return false;
	}
	for (size_t i = 0; i < keeping->refusals.count; i++) {
		const struct kept_refusal *refusal = &keeping->refusals.items[i];

		if (!books->refused(books->context, refusal->topic, refusal->payload, refusal->size,
				    refusal->reason, refusal->at))
			return false;
	}
	return true;
}

/* All records that the source has, for an empty store. */
static bool save_source_anew(const struct source *source, const struct books *books)
{
	const struct index_series *series = &source->energy;

	for (size_t i = 0; i < series->sorted; i++) {
		const struct point *point = &series->points[i];

		if (point->kind != POINT_FINAL && point->kind != POINT_INITIAL &&
		    !books->fact(books->context, source, point->t, (int64_t)point->count))
			return false;
	}
	for (size_t i = 0; i < source->signals.sorted; i++)
		if (!books->signal(books->context, source, source->signals.signals[i]))
			return false;
	for (size_t i = 0; i < source->contacts.sorted; i++)
		if (!books->contacts(books->context, source, &source->contacts.states[i]))
			return false;
	return true;
}

static bool save_records_anew(const struct site *site, const struct books *books)
{
	for (size_t i = 0; i < site->sources.count; i++)
		if (!save_source_anew(site->sources.items[i], books))
			return false;
	return true;
}

static bool save_streams(const struct site *site, const struct books *books)
{
	for (size_t i = 0; i < site->collectors.count; i++) {
		const struct collector *collector = site->collectors.items[i];

		for (size_t j = 0; j < collector->stream_count; j++) {
			const struct sequence *stream = &collector->streams[j];

			if (stream->changed && !books->stream(books->context, collector->name,
							      stream, j == collector->newest))
				return false;
		}
	}
	return true;
}

/* ---- what follows from the records ---- */

/* The windows of a zone that touch the stretch, as far as they are over. */
static bool save_stretch(struct site *site, struct zone_entry *entry, struct time_range stretch,
			 const struct books *books, const struct zone_context *context)
{
	struct time_range domain = balance_domain(&entry->zone.balance);
	struct window window;
	struct time_range starts = stretch;

	if (time_range_empty(domain))
		return entry->stored == NEVER ||
		       books->windows_drop(books->context, entry->name, TIME_RANGE_ALL);
	if (stretch.from < domain.from)
		stretch.from = domain.from;
	window = grid_window(&site->grid, stretch.from);
	if (starts.from != NEVER && window.start < starts.from)
		starts.from = window.start;
	if (window.end > domain.to && starts.from >= entry->stored)
		return true;
	if (!books->windows_drop(books->context, entry->name, starts))
		return false;
	while (window.end <= domain.to && window.start < stretch.to) {
		struct reading reading = zone_reading(&entry->zone, window, context);

		if (!books->window(books->context, entry->name, &reading))
			return false;
		if (window.end > entry->stored)
			entry->stored = window.end;
		window = grid_window(&site->grid, window.end);
	}
	return true;
}

static bool save_windows(struct site *site, const struct books *books)
{
	struct zone_context context = {
		.limits = site->wall.settings->limits,
		.tariff = &site->tariff,
		.grid = &site->grid,
		.main = site->main ? &site->main->zone : NULL,
	};

	for (size_t i = 0; i <= site->entries.count; i++) {
		struct zone_entry *entry = site_entry(site, i);

		for (size_t j = 0; entry && j < entry->dirty.count; j++)
			if (!save_stretch(site, entry, entry->dirty.items[j], books, &context))
				return false;
	}
	return true;
}

static bool save_events_of(const struct source *source, struct time_range stretch,
			   const struct books *books)
{
	const struct index_series *series = &source->energy;
	struct event event;

	if (!books->events_drop(books->context, source, stretch))
		return false;
	for (size_t i = series_find(series, stretch.from);
	     i < series->sorted && series->points[i].t < stretch.to; i++)
		if (series_event(series, i, &event) &&
		    !books->event(books->context, source, &event))
			return false;
	return true;
}

static bool save_events(const struct site *site, const struct books *books)
{
	for (size_t i = 0; i < site->sources.count; i++) {
		const struct source *source = site->sources.items[i];

		for (size_t j = 0; source->eventful && j < source->dirty.count; j++)
			if (!save_events_of(source, source->dirty.items[j], books))
				return false;
	}
	return true;
}

/* ---- all of it ---- */

bool site_save(struct site *site, const struct books *books)
{
	site_update(site);
	return save_zones(site, books) && save_sources(site, books) &&
	       (!site->keeping.anew || save_records_anew(site, books)) &&
	       save_records(&site->keeping, books) && save_reports(&site->keeping, books) &&
	       save_streams(site, books) && save_windows(site, books) && save_events(site, books);
}

void site_saved(struct site *site)
{
	for (size_t i = 0; i <= site->entries.count; i++) {
		struct zone_entry *entry = site_entry(site, i);

		if (!entry)
			continue;
		entry->described = false;
		entry->dirty.count = 0;
	}
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		source->changed = false;
		source->dirty.count = 0;
	}
	keeping_clear(&site->keeping);
	for (size_t i = 0; i < site->collectors.count; i++)
		collector_acknowledge(site, site->collectors.items[i]);
}

static void collector_store_anew(struct collector *collector)
{
	for (size_t i = 0; i < collector->stream_count; i++) {
		collector->streams[i].changed = true;
		collector->streams[i].stored = 0;
	}
}

void site_store_anew(struct site *site)
{
	for (size_t i = 0; i <= site->entries.count; i++) {
		struct zone_entry *entry = site_entry(site, i);

		if (!entry)
			continue;
		entry->described = true;
		time_ranges_add(&entry->dirty, TIME_RANGE_ALL);
	}
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		source->changed = true;
		time_ranges_add(&source->dirty, TIME_RANGE_ALL);
	}
	for (size_t i = 0; i < site->collectors.count; i++)
		collector_store_anew(site->collectors.items[i]);
	site->keeping.anew = site->keeping.dirty = true;
}

void site_trouble(struct site *site, const char *reason)
{
	struct health *health = &site->health;

	health->trouble[0] = '\0';
	if (reason)
		copy_printable(health->trouble, sizeof(health->trouble), reason);
}
