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
static struct place *site_place(const struct site *site, size_t i)
{
	return i < site->places.count ? site->places.items[i] : site->rest;
}

static bool save_zones(const struct site *site, const struct books *books)
{
	const struct keeping *keeping = &site->keeping;

	for (size_t i = 0; i < keeping->zones_gone.count; i++)
		if (!books->zone_gone(books->context, keeping->zones_gone.items[i].name))
			return false;
	for (size_t i = 0; i <= site->places.count; i++) {
		const struct place *place = site_place(site, i);

		if (place && place->described && !books->zone(books->context, &place->zone))
			return false;
	}
	return true;
}

/* The first stay of the source that begins after (`from`, of a zone before `place`). */
static const struct term *next_stay(const struct site *site, const struct source *source,
				    const struct term *after, const struct place **where)
{
	const struct term *next = NULL;

	for (size_t i = 0; i < site->places.count; i++) {
		const struct place *place = site->places.items[i];

		for (size_t j = 0; j < place->zone.balance.count; j++) {
			const struct term *term = &place->zone.balance.terms[j];

			if (term->curve != &source->energy ||
			    (after && term->from <= after->from) ||
			    (next && next->from <= term->from))
				continue;
			next = term;
			*where = place;
		}
	}
	return next;
}

static bool save_source(const struct site *site, const struct source *source,
			const struct books *books)
{
	const struct place *place = NULL;
	const struct term *stay = NULL;

	if (!books->source(books->context, source))
		return false;
	while ((stay = next_stay(site, source, stay, &place)))
		if (!books->stay(books->context, source, place->name, stay->from, stay->until))
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

/* What is left of contacts, and not what came again after it was thinned out. */
static bool save_contacts_thinned(const struct keeping *keeping, const struct books *books)
{
	for (size_t i = 0; i < keeping->contacts_thinned.count; i++) {
		const struct kept_moment *gone = &keeping->contacts_thinned.items[i];

		if (!books->contacts_gone(books->context, gone->source, gone->t) ||
		    !save_contacts(books, gone->source, gone->t))
			return false;
	}
	return true;
}

/* Not what came again after it was thinned out. */
static bool save_facts_thinned(const struct keeping *keeping, const struct books *books)
{
	for (size_t i = 0; i < keeping->thinned.count; i++) {
		const struct kept_moment *gone = &keeping->thinned.items[i];

		if (!curve_holds(&gone->source->energy, gone->t, 0) &&
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
	if (!save_facts_thinned(keeping, books))
		return false;
	for (size_t i = 0; i < keeping->tops.count; i++) {
		const struct kept_moment *top = &keeping->tops.items[i];

		if (!books->top(books->context, top->source, top->t))
			return false;
	}
	for (size_t i = 0; i < keeping->contacts.count; i++) {
		const struct kept_moment *contacts = &keeping->contacts.items[i];

		if (!save_contacts(books, contacts->source, contacts->t))
			return false;
	}
	return save_contacts_thinned(keeping, books);
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
	const struct curve *curve = &source->energy;

	for (size_t i = 0; i < curve->settled; i++) {
		const struct point *point = &curve->points[i];

		if (point->kind != POINT_FINAL && point->kind != POINT_INITIAL &&
		    !books->fact(books->context, source, point->t, (int64_t)point->count))
			return false;
	}
	for (size_t i = 0; i < source->tops.settled; i++)
		if (!books->top(books->context, source, source->tops.tops[i]))
			return false;
	for (size_t i = 0; i < source->contacts.settled; i++)
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
static bool save_stretch(struct site *site, struct place *place, struct span stretch,
			 const struct books *books, const struct surroundings *around)
{
	struct span domain = balance_domain(&place->zone.balance);
	struct window window;
	struct span starts = stretch;

	if (span_empty(domain))
		return place->stored == CURVE_NEVER ||
		       books->windows_drop(books->context, place->name, SPAN_ALL);
	if (stretch.from < domain.from)
		stretch.from = domain.from;
	window = grid_window(&site->grid, stretch.from);
	if (starts.from != CURVE_NEVER && window.start < starts.from)
		starts.from = window.start;
	if (window.end > domain.to && starts.from >= place->stored)
		return true;
	if (!books->windows_drop(books->context, place->name, starts))
		return false;
	while (window.end <= domain.to && window.start < stretch.to) {
		struct reading reading = zone_reading(&place->zone, window, around);

		if (!books->window(books->context, place->name, &reading))
			return false;
		if (window.end > place->stored)
			place->stored = window.end;
		window = grid_window(&site->grid, window.end);
	}
	return true;
}

static bool save_windows(struct site *site, const struct books *books)
{
	struct surroundings around = {
		.limits = site->wall.settings->limits,
		.tariff = &site->tariff,
		.grid = &site->grid,
		.main = site->main ? &site->main->zone : NULL,
	};

	for (size_t i = 0; i <= site->places.count; i++) {
		struct place *place = site_place(site, i);

		for (size_t j = 0; place && j < place->dirty.count; j++)
			if (!save_stretch(site, place, place->dirty.items[j], books, &around))
				return false;
	}
	return true;
}

static bool save_events_of(const struct source *source, struct span stretch,
			   const struct books *books)
{
	const struct curve *curve = &source->energy;
	struct event event;

	if (!books->events_drop(books->context, source, stretch))
		return false;
	for (size_t i = curve_find(curve, stretch.from);
	     i < curve->settled && curve->points[i].t < stretch.to; i++)
		if (curve_event(curve, i, &event) && !books->event(books->context, source, &event))
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
	site_settle(site);
	return save_zones(site, books) && save_sources(site, books) &&
	       (!site->keeping.anew || save_records_anew(site, books)) &&
	       save_records(&site->keeping, books) && save_reports(&site->keeping, books) &&
	       save_streams(site, books) && save_windows(site, books) && save_events(site, books);
}

void site_saved(struct site *site)
{
	for (size_t i = 0; i <= site->places.count; i++) {
		struct place *place = site_place(site, i);

		if (!place)
			continue;
		place->described = false;
		place->dirty.count = 0;
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
	for (size_t i = 0; i <= site->places.count; i++) {
		struct place *place = site_place(site, i);

		if (!place)
			continue;
		place->described = true;
		spans_add(&place->dirty, SPAN_ALL);
	}
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		source->changed = true;
		spans_add(&source->dirty, SPAN_ALL);
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
