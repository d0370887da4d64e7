/* What changed goes into the file. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/store/parts.h"

/* Of records that were refused: how many are kept, and how much of each. */
#define REFUSED_MAX  10000
#define REFUSED_SIZE 4096

/* ---- zones ---- */

static bool remove_zone(struct store *store, const char *id)
{
	struct stored_zone *known = named_find(&store->zones, id);

	if (known) {
		named_remove(&store->zones, known);
		free(known);
	}
	return STORE_RUN(store,
			 "DELETE FROM windows WHERE zone = (SELECT id FROM zones WHERE name = ?)",
			 sql_text(id)) &&
	       STORE_RUN(store, "DELETE FROM zones WHERE name = ?", sql_text(id));
}

static bool save_zone(struct store *store, const struct zone *zone)
{
	return STORE_RUN(
		store,
		"INSERT INTO zones (name, label, medium, role) VALUES (?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET label = excluded.label, medium = excluded.medium,"
		" role = excluded.role",
		sql_text(zone->id), sql_text(zone->label), sql_text(zone->medium),
		sql_text(zone->role == ROLE_MAIN ? "main" : "part"));
}

static bool save_zones(struct store *store, const struct site *site)
{
	const struct changes *pending = &store->pending;

	for (size_t i = 0; i < pending->zones_removed.count; i++)
		if (!remove_zone(store,
				 ((struct change_name *)pending->zones_removed.items[i])->name))
			return false;
	for (size_t i = 0; i < pending->zones.count; i++) {
		const struct changed_zone *changed = pending->zones.items[i];
		const struct zone *zone = site_find_zone(site, changed->id);

		if (zone && changed->description_changed && !save_zone(store, zone))
			return false;
	}
	return true;
}

/* ---- sources ---- */

static bool save_weights(struct store *store, struct sql_value source, const char *quantity,
			 const struct index_series *series)
{
	for (size_t i = 0; i < series->weight_count; i++) {
		const struct weight *weight = &series->weights[i];

		/* The first one holds from the beginning, whatever its date. */
		if (!STORE_RUN(store,
			       "INSERT INTO weights (source, quantity, position, since, amount,"
			       " modulus, max_w) VALUES (?, ?, ?, ?, ?, ?, ?)",
			       source, sql_text(quantity), sql_number((int64_t)i),
			       i ? value_moment(weight->from) : sql_text(NULL),
			       sql_number(weight->amount), sql_number(weight->modulus),
			       sql_number(weight->max_w)))
			return false;
	}
	return true;
}

static const char *counts_name(enum counts counts)
{
	switch (counts) {
	case COUNTS_UNKNOWN: return NULL;
	case COUNTS_PULSES: return "pulses";
	case COUNTS_MWH: return "mwh";
	}
	return NULL;
}

static bool save_description(struct store *store, const struct source *source)
{
	char *about = source->about.zone[0] ? about_encode(&source->about) : NULL;
	bool saved = STORE_RUN(
		store,
		"INSERT INTO sources (name, counts, about, announced) VALUES (?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET counts = excluded.counts, about = excluded.about,"
		" announced = excluded.announced",
		sql_text(source->name), sql_text(counts_name(source->counts)), sql_text(about),
		sql_number(source->announced));

	free(about);
	return saved;
}

static bool save_assignments(struct store *store, const struct site *site,
			     const struct source *source, struct sql_value id)
{
	const struct term *assignment = NULL;
	const struct zone *zone = NULL;

	if (!STORE_RUN(store, "DELETE FROM assignments WHERE source = ?", id))
		return false;
	while ((assignment = site_next_assignment(site, source, assignment, &zone)))
		if (!STORE_RUN(
			    store,
			    "INSERT INTO assignments (source, position, zone, since, until)"
			    " SELECT ?1, count(*), ?2, ?3, ?4 FROM assignments WHERE source = ?1",
			    id, sql_text(zone->id), value_moment(assignment->from),
			    value_moment(assignment->until)))
			return false;
	return true;
}

static bool save_swaps(struct store *store, const struct source *source, struct sql_value id)
{
	for (size_t i = 0; i < source->energy.swap_count; i++) {
		const struct swap *swap = &source->energy.swaps[i];

		if (!STORE_RUN(store,
			       "INSERT OR REPLACE INTO swaps (source, t, final, initial, set_by)"
			       " VALUES (?, ?, ?, ?, ?)",
			       id, sql_number(swap->t), sql_number(swap->final),
			       sql_number(swap->initial), sql_text(swap->by[0] ? swap->by : NULL)))
			return false;
	}
	return true;
}

static bool save_source(struct store *store, const struct site *site, const struct source *source)
{
	struct sql_value id;

	if (!save_description(store, source))
		return false;
	id = store_source(store, source);
	return STORE_RUN(store, "DELETE FROM weights WHERE source = ?", id) &&
	       save_weights(store, id, "energy", &source->energy) &&
	       save_weights(store, id, "volume", &source->volume) &&
	       save_assignments(store, site, source, id) && save_swaps(store, source, id);
}

static bool save_sources(struct store *store, const struct site *site)
{
	const struct named *sources = &store->pending.sources;

	for (size_t i = 0; i < sources->count; i++) {
		const struct changed_source *changed = sources->items[i];

		if (changed->description_changed && !save_source(store, site, changed->source))
			return false;
	}
	return true;
}

/* ---- records ---- */

/* Of two with the same time the larger index counts; it is judged anew. */
static bool save_fact(struct store *store, const struct source *source, ms_t t, int64_t count,
		      bool start)
{
	return STORE_RUN(store,
			 "INSERT INTO facts (t, source, count, start) VALUES (?, ?, ?, ?)"
			 " ON CONFLICT DO UPDATE SET count = excluded.count,"
			 " start = excluded.start, confirmed = NULL WHERE excluded.count > count"
			 " OR (excluded.count = count AND excluded.start > start)",
			 sql_number(t), store_source(store, source), sql_number(count),
			 sql_number(start));
}

static bool save_confirmed(struct store *store, const struct source *source, ms_t t,
			   enum point_kind kind)
{
	return STORE_RUN(store, "UPDATE facts SET confirmed = ? WHERE t = ? AND source = ?",
			 sql_number(kind), sql_number(t), store_source(store, source));
}

/* A fact that came again after it was removed stays. */
static bool remove_fact(struct store *store, const struct source_moment *removed)
{
	return series_holds(&removed->source->energy, removed->t, 0) ||
	       STORE_RUN(store, "DELETE FROM facts WHERE t = ? AND source = ?",
			 sql_number(removed->t), store_source(store, removed->source));
}

static bool save_signal(struct store *store, const struct source *source, ms_t t)
{
	return STORE_RUN(
		store,
		"INSERT INTO period_signals (t, source) VALUES (?, ?) ON CONFLICT DO NOTHING",
		sql_number(t), store_source(store, source));
}

static bool save_contacts(struct store *store, const struct source *source,
			  const struct contact_state *state)
{
	return STORE_RUN(store,
			 "INSERT OR REPLACE INTO contacts (t, source, off_peak, peak, change, seq)"
			 " VALUES (?, ?, ?, ?, ?, ?)",
			 sql_number(state->t), store_source(store, source),
			 value_tristate(state->off_peak), value_tristate(state->peak),
			 sql_number(state->change), sql_number(state->seq));
}

/* The state that is left of that moment, if any. */
static bool save_contacts_at(struct store *store, const struct source_moment *moment)
{
	ms_t until;
	const struct contact_state *state =
		contacts_at(&moment->source->contacts, moment->t, &until);

	return !state || state->t != moment->t || save_contacts(store, moment->source, state);
}

static bool remove_contacts(struct store *store, const struct source_moment *removed)
{
	return STORE_RUN(store, "DELETE FROM contacts WHERE t = ? AND source = ?",
			 sql_number(removed->t), store_source(store, removed->source)) &&
	       save_contacts_at(store, removed);
}

static bool save_gap(struct store *store, const struct source *source, const struct gap *gap)
{
	return STORE_RUN(store,
			 "INSERT INTO gaps (t, source, blind_ms, lost, lost_possible)"
			 " VALUES (?, ?, ?, ?, ?)"
			 " ON CONFLICT DO UPDATE SET blind_ms = max(blind_ms, excluded.blind_ms),"
			 " lost = max(lost, excluded.lost),"
			 " lost_possible = max(lost_possible, excluded.lost_possible)",
			 sql_number(gap->t), store_source(store, source), sql_number(gap->blind_ms),
			 sql_number(gap->lost), sql_number(gap->lost_possible));
}

static bool save_refused(struct store *store, const struct refused_record *refused)
{
	size_t size = refused->size < REFUSED_SIZE ? refused->size : REFUSED_SIZE;

	return STORE_RUN(store,
			 "INSERT INTO refused (topic, payload, reason, at) VALUES (?, ?, ?, ?)"
			 " ON CONFLICT DO NOTHING",
			 sql_text(refused->topic), sql_bytes(refused->payload, size),
			 sql_text(refused->reason), sql_number(refused->at)) &&
	       STORE_RUN(store, "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?",
			 sql_number(REFUSED_MAX));
}

/* Calls `save` for each item of a list of the pending changes; returns false if it fails. */
#define SAVE_EACH(list, item, save)                                                                \
	for (size_t i = 0; i < (list).count; i++) {                                                \
		const __typeof__(*(list).items) *item = &(list).items[i];                          \
                                                                                                   \
		if (!(save))                                                                       \
			return false;                                                              \
	}

static bool save_records(struct store *store)
{
	const struct changes *pending = &store->pending;

	SAVE_EACH(pending->facts, fact,
		  save_fact(store, fact->source, fact->t, fact->count, fact->start))
	SAVE_EACH(pending->facts_removed, removed, remove_fact(store, removed))
	SAVE_EACH(pending->facts_confirmed, confirmed,
		  save_confirmed(store, confirmed->source, confirmed->t, confirmed->kind))
	SAVE_EACH(pending->signals, signal, save_signal(store, signal->source, signal->t))
	SAVE_EACH(pending->contacts, contacts, save_contacts_at(store, contacts))
	SAVE_EACH(pending->contacts_removed, removed, remove_contacts(store, removed))
	SAVE_EACH(pending->gaps, gap, save_gap(store, gap->source, &gap->gap))
	SAVE_EACH(pending->refused, refused, save_refused(store, refused))
	return true;
}

/* All records that the source holds, for an empty file. */
static bool save_all_records(struct store *store, const struct source *source)
{
	const struct index_series *series = &source->energy;

	for (size_t i = 0; i < series->classified; i++) {
		const struct point *point = &series->points[i];

		if (point->kind == POINT_FINAL || point->kind == POINT_INITIAL)
			continue;
		if (!save_fact(store, source, point->t, (int64_t)point->count, point->start) ||
		    (point->confirmed &&
		     !save_confirmed(store, source, point->t, (enum point_kind)point->kind)))
			return false;
	}
	for (size_t i = 0; i < source->signals.sorted; i++)
		if (!save_signal(store, source, source->signals.times[i]))
			return false;
	for (size_t i = 0; i < source->contacts.sorted; i++)
		if (!save_contacts(store, source, &source->contacts.states[i]))
			return false;
	return true;
}

static bool save_everything(struct store *store, const struct site *site)
{
	for (size_t i = 0; i < site->sources.count; i++)
		if (!save_all_records(store, site->sources.items[i]))
			return false;
	return true;
}

/* ---- streams ---- */

static const struct sequence *find_stream(const struct collector *collector, const char *stream)
{
	for (size_t i = 0; i < collector->stream_count; i++)
		if (strcmp(collector->streams[i].stream, stream) == 0)
			return &collector->streams[i];
	return NULL;
}

static bool save_run(struct store *store, const char *collector, const char *stream,
		     const struct run *numbers)
{
	return STORE_RUN(store,
			 "INSERT INTO runs (stream, first, last)"
			 " SELECT id, ?3, ?4 FROM streams WHERE collector = ?1 AND stream = ?2",
			 sql_text(collector), sql_text(stream), sql_number(numbers->from),
			 sql_number(numbers->to));
}

/* Replaces the runs from changed->from on: there may be many before it, where numbers are missing.
 */
static bool save_stream(struct store *store, const struct changed_stream *changed)
{
	const struct collector *collector = changed->collector;
	const struct sequence *stream = find_stream(collector, changed->stream);
	bool newest = stream == &collector->streams[collector->newest];
	struct sql_value name = sql_text(collector->name);
	struct sql_value id = sql_text(changed->stream);

	if (!stream)
		return true;
	if (newest && !STORE_RUN(store, "UPDATE streams SET newest = 0 WHERE collector = ?", name))
		return false;
	if (!STORE_RUN(store,
		       "INSERT INTO streams (collector, stream, newest) VALUES (?, ?, ?)"
		       " ON CONFLICT DO UPDATE SET newest = excluded.newest",
		       name, id, sql_number(newest)) ||
	    !STORE_RUN(store,
		       "DELETE FROM runs WHERE stream ="
		       " (SELECT id FROM streams WHERE collector = ? AND stream = ?)"
		       " AND first >= ?",
		       name, id, sql_number(changed->from)))
		return false;
	for (size_t i = stream->count; i > 0 && stream->runs[i - 1].from >= changed->from; i--)
		if (!save_run(store, collector->name, changed->stream, &stream->runs[i - 1]))
			return false;
	return true;
}

static bool save_streams(struct store *store)
{
	const struct named *streams = &store->pending.streams;

	for (size_t i = 0; i < streams->count; i++)
		if (!save_stream(store, streams->items[i]))
			return false;
	return true;
}

/* ---- all of it ---- */

/* In place of the hash that books of version 3 have. */
static bool save_tariff(struct store *store)
{
	return store->tariff_stored ||
	       (STORE_RUN(store, "DELETE FROM meta WHERE key = ?", sql_text("settings")) &&
		STORE_RUN(store, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
			  sql_text("tariff"), sql_text(store->tariff)));
}

/* All events were written if they were outdated. */
static bool save_meta(struct store *store)
{
	return save_tariff(store) &&
	       STORE_RUN(store, "DELETE FROM meta WHERE key = ?", sql_text("events"));
}

bool store_save(struct store *store, struct site *site, struct changes *left)
{
	return save_zones(store, site) && save_sources(store, site) &&
	       (!store->pending.all_records || save_everything(store, site)) &&
	       save_records(store) && save_streams(store) &&
	       store_save_derived(store, site, left) && save_meta(store) && !store->failed.text[0];
}
