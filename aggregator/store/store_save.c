#include <math.h>
#include <stdlib.h>

#include "aggregator/store/store_parts.h"

/* Of records that were refused for good: how many are kept, and how much of one. */
#define REFUSED_MAX  10000
#define REFUSED_SIZE 4096

/* ---- zones ---- */

static bool save_zone_gone(void *context, const char *zone)
{
	struct store *store = context;

	if (!STORE_RUN(store,
		       "DELETE FROM windows WHERE zone = (SELECT id FROM zones WHERE name = ?)",
		       value_text(zone)) ||
	    !STORE_RUN(store, "DELETE FROM zones WHERE name = ?", value_text(zone)))
		return false;
	store_forget_numbers(store);
	return true;
}

static bool save_zone(void *context, const struct zone *zone)
{
	return STORE_RUN(
		context,
		"INSERT INTO zones (name, label, medium, role) VALUES (?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET label = excluded.label, medium = excluded.medium,"
		" role = excluded.role",
		value_text(zone->id), value_text(zone->label), value_text(zone->medium),
		value_text(zone->role == ROLE_MAIN ? "main" : "part"));
}

static bool save_windows_drop(void *context, const char *zone, struct time_range starts)
{
	return STORE_RUN(context,
			 "DELETE FROM windows WHERE zone = (SELECT id FROM zones WHERE name = ?)"
			 " AND start >= ? AND start < ?",
			 value_text(zone), value_number(starts.from), value_number(starts.to));
}

static bool save_window(void *context, const char *zone, const struct reading *reading)
{
	bool energy = !isnan(reading->power_w);

	return STORE_RUN(
		context,
		"INSERT OR REPLACE INTO windows (zone, start, \"end\", energy_mwh, cost_units,"
		" cost_rest, band, quality, synchronous) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		store_zone(context, zone), value_number(reading->window.start),
		value_number(reading->window.end),
		energy ? value_number(reading->energy) : value_text(NULL),
		value_number(reading->cost.units), value_number(reading->cost.rest),
		value_number(reading->band), value_number(reading->quality),
		value_number(window_synchronous(reading->window)));
}

/* ---- sources ---- */

static bool save_weights(struct store *store, struct value source, const char *quantity,
			 const struct index_series *series)
{
	for (size_t i = 0; i < series->weight_count; i++) {
		const struct weight *weight = &series->weights[i];

		/* The first one holds from the beginning, whatever its date. */
		if (!STORE_RUN(store,
			       "INSERT INTO weights (source, quantity, position, since, amount, "
			       "modulus)"
			       " VALUES (?, ?, ?, ?, ?, ?)",
			       source, value_text(quantity), value_number((int64_t)i),
			       i ? value_moment(weight->from) : value_text(NULL),
			       value_number(weight->amount), value_number(weight->modulus)))
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

static bool save_source(void *context, const struct source *source)
{
	struct store *store = context;
	char *about = source->about.zone[0] ? about_encode(&source->about) : NULL;
	bool saved = STORE_RUN(
		store,
		"INSERT INTO sources (name, counts, about, announced) VALUES (?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET counts = excluded.counts, about = excluded.about,"
		" announced = excluded.announced",
		value_text(source->name), value_text(counts_name(source->counts)),
		value_text(about), value_number(source->announced));
	struct value id;

	free(about);
	if (!saved)
		return false;
	id = store_source(store, source);
	return STORE_RUN(store, "DELETE FROM weights WHERE source = ?", id) &&
	       STORE_RUN(store, "DELETE FROM stays WHERE source = ?", id) &&
	       save_weights(store, id, "energy", &source->energy) &&
	       save_weights(store, id, "volume", &source->volume);
}

static bool save_assignment(void *context, const struct source *source, const char *zone, ms_t from,
			    ms_t until)
{
	return STORE_RUN(context,
			 "INSERT INTO stays (source, position, zone, since, until)"
			 " SELECT ?1, count(*), ?2, ?3, ?4 FROM stays WHERE source = ?1",
			 store_source(context, source), value_text(zone), value_moment(from),
			 value_moment(until));
}

static bool save_swap(void *context, const struct source *source, const struct swap *swap)
{
	return STORE_RUN(context,
			 "INSERT OR REPLACE INTO swaps (source, t, final, initial, set_by)"
			 " VALUES (?, ?, ?, ?, ?)",
			 store_source(context, source), value_number(swap->t),
			 value_number(swap->final), value_number(swap->initial),
			 value_text(swap->by[0] ? swap->by : NULL));
}

/* ---- records ---- */

static bool save_fact(void *context, const struct source *source, ms_t t, int64_t count)
{
	return STORE_RUN(context,
			 "INSERT INTO facts (t, source, count) VALUES (?, ?, ?)"
			 " ON CONFLICT DO UPDATE SET count = max(count, excluded.count)",
			 value_number(t), store_source(context, source), value_number(count));
}

static bool save_fact_gone(void *context, const struct source *source, ms_t t)
{
	return STORE_RUN(context, "DELETE FROM facts WHERE t = ? AND source = ?", value_number(t),
			 store_source(context, source));
}

static bool save_signal(void *context, const struct source *source, ms_t t)
{
	return STORE_RUN(context,
			 "INSERT INTO tops (t, source) VALUES (?, ?) ON CONFLICT DO NOTHING",
			 value_number(t), store_source(context, source));
}

static bool save_contacts(void *context, const struct source *source,
			  const struct contact_state *state)
{
	return STORE_RUN(context,
			 "INSERT OR REPLACE INTO contacts (t, source, off_peak, peak, change, seq)"
			 " VALUES (?, ?, ?, ?, ?, ?)",
			 value_number(state->t), store_source(context, source),
			 value_tristate(state->off_peak), value_tristate(state->peak),
			 value_number(state->change), value_number(state->seq));
}

static bool save_contacts_gone(void *context, const struct source *source, ms_t t)
{
	return STORE_RUN(context, "DELETE FROM contacts WHERE t = ? AND source = ?",
			 value_number(t), store_source(context, source));
}

static bool save_gap(void *context, const struct source *source, const struct gap *gap)
{
	return STORE_RUN(context,
			 "INSERT INTO gaps (t, source, blind_ms, lost, lost_possible)"
			 " VALUES (?, ?, ?, ?, ?)"
			 " ON CONFLICT DO UPDATE SET blind_ms = max(blind_ms, excluded.blind_ms),"
			 " lost = max(lost, excluded.lost),"
			 " lost_possible = max(lost_possible, excluded.lost_possible)",
			 value_number(gap->t), store_source(context, source),
			 value_number(gap->blind_ms), value_number(gap->lost),
			 value_number(gap->lost_possible));
}

static bool save_refused(void *context, const char *topic, const char *payload, size_t size,
			 const char *reason, ms_t at)
{
	return STORE_RUN(context,
			 "INSERT INTO refused (topic, payload, reason, at) VALUES (?, ?, ?, ?)"
			 " ON CONFLICT DO NOTHING",
			 value_text(topic),
			 value_bytes(payload, size < REFUSED_SIZE ? size : REFUSED_SIZE),
			 value_text(reason), value_number(at)) &&
	       STORE_RUN(context,
			 "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?",
			 value_number(REFUSED_MAX));
}

static bool save_events_drop(void *context, const struct source *source, struct time_range range)
{
	return STORE_RUN(context, "DELETE FROM events WHERE source = ? AND t >= ? AND t < ?",
			 store_source(context, source), value_number(range.from),
			 value_number(range.to));
}

static bool save_event(void *context, const struct source *source, const struct event *event)
{
	return STORE_RUN(context,
			 "INSERT OR REPLACE INTO events (source, t, kind, before, after)"
			 " VALUES (?, ?, ?, ?, ?)",
			 store_source(context, source), value_number(event->t),
			 value_text(event_name(event->kind)), value_number(event->before),
			 value_number(event->after));
}

/* ---- what has come ---- */

static bool save_run(struct store *store, const char *collector, const char *stream,
		     const struct run *numbers)
{
	return STORE_RUN(store,
			 "INSERT INTO runs (stream, first, last)"
			 " SELECT id, ?3, ?4 FROM streams WHERE collector = ?1 AND stream = ?2",
			 value_text(collector), value_text(stream), value_number(numbers->from),
			 value_number(numbers->to));
}

static bool save_stream(void *context, const char *collector, const struct sequence *sequence,
			bool newest)
{
	const char *stream = sequence->stream;

	if (newest && !STORE_RUN(context, "UPDATE streams SET newest = 0 WHERE collector = ?",
				 value_text(collector)))
		return false;
	if (!STORE_RUN(context,
		       "INSERT INTO streams (collector, stream, newest) VALUES (?, ?, ?)"
		       " ON CONFLICT DO UPDATE SET newest = excluded.newest",
		       value_text(collector), value_text(stream), value_number(newest)) ||
	    !STORE_RUN(
		    context,
		    "DELETE FROM runs WHERE stream ="
		    " (SELECT id FROM streams WHERE collector = ? AND stream = ?) AND first >= ?",
		    value_text(collector), value_text(stream), value_number(sequence->stored)))
		return false;
	for (size_t i = sequence->count; i > 0 && sequence->runs[i - 1].from >= sequence->stored;
	     i--)
		if (!save_run(context, collector, stream, &sequence->runs[i - 1]))
			return false;
	return true;
}

bool store_save_meta(struct store *store, const char *key, const char *value)
{
	return STORE_RUN(store, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
			 value_text(key), value_text(value));
}

struct books store_books(struct store *store)
{
	return (struct books){
		.context = store,
		.zone_gone = save_zone_gone,
		.zone = save_zone,
		.source = save_source,
		.assignment = save_assignment,
		.swap = save_swap,
		.fact = save_fact,
		.fact_gone = save_fact_gone,
		.signal = save_signal,
		.contacts = save_contacts,
		.contacts_gone = save_contacts_gone,
		.gap = save_gap,
		.refused = save_refused,
		.stream = save_stream,
		.windows_drop = save_windows_drop,
		.window = save_window,
		.events_drop = save_events_drop,
		.event = save_event,
	};
}
