/* How a site accepts records, for their source and for their collector's stream. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/parts.h"
#include "common/base/array.h"
#include "common/base/memory.h"

/* Notes that the record is dealt with. True if its number is new. */
static bool site_note(struct site *site, struct collector *collector, const struct record *record)
{
	size_t newest = collector->newest;
	int64_t first;
	bool is_new = collector_note(collector, record, &first);

	if (first != INT64_MAX || newest != collector->newest)
		changes_stream(&site->changes, collector, record->stream, first);
	changes_collector(&site->changes, collector->name);
	return is_new;
}

static void site_marks(struct site *site, struct source *source, const struct record *record)
{
	struct source_moment moment = {source, record->t};
	struct contact_state state = {
		.t = record->t,
		.off_peak = record->off_peak,
		.peak = record->peak,
		.change = record->mark == MARK_CONTACTS,
		.seq = record->seq,
	};
	bool main = source->announced && source->about.role == ROLE_MAIN;

	/* What comes again was given to the consumers before. */
	if (record->mark == MARK_TOP10 && !signals_holds(&source->signals, record->t)) {
		signals_add(&source->signals, record->t);
		if (main)
			signals_add(&site->signals, record->t);
		changes_append(&site->changes.signals, moment);
	}
	if ((state.off_peak != UNKNOWN || state.peak != UNKNOWN) &&
	    !contacts_hold(&source->contacts, &state)) {
		contacts_add(&source->contacts, &state);
		if (main)
			contacts_add(&site->tariff.contacts, &state);
		changes_append(&site->changes.contacts, moment);
	}
}

static void site_gap(struct site *site, const struct source *source, const struct record *record)
{
	struct health *health = &site->health;
	struct source_gap gap = {
		source,
		{record->t, record->blind_ms, record->lost, record->lost_possible},
	};

	if (!record->blind_ms && !record->lost && !record->lost_possible)
		return;
	health->edges_lost = add_limited(health->edges_lost, record->lost);
	health->lost_possible += record->lost_possible;
	health->blind_ms = add_limited(health->blind_ms, record->blind_ms);
	changes_append(&site->changes.gaps, gap);
}

/* Sending such a record again is of no use: it counts as dealt with, and is kept for a person to
 * look at. */
static void site_refuse(struct site *site, const struct topic *topic, const char *text,
			const char *payload, size_t size, ms_t now, const struct fail *reason)
{
	struct refused_record refused = {.size = size, .at = now};
	struct record record;

	if (!record_decode_number(&record, payload, size))
		return;
	if (site->changes.refused.count >= site->room.refused) {
		site->health.deferred++;
		return;
	}
	if (!site_note(site, site_collector(site, topic->collector), &record))
		return;
	refused.payload = allocate(1, size + 1);
	memcpy(refused.payload, payload, size);
	copy_printable(refused.topic, sizeof(refused.topic), text);
	copy_printable(refused.reason, sizeof(refused.reason), reason->text);
	changes_append(&site->changes.refused, refused);
}

static bool site_accept(struct site *site, const struct topic *topic, struct source *source,
			const struct record *record, ms_t now, struct fail *fail)
{
	struct health *health = &site->health;
	struct new_fact fact = {
		.source = source, .t = record->t, .start = record->mark == MARK_START};
	enum counts counts = source->counts;
	bool late = record->t < source->newest;
	bool known;

	if (!source_record(source, record, now, &fact.count, fail))
		return false;
	/* An index that was set is a swap, which belongs to the description of the source. */
	if (record->index_set || source->counts != counts)
		changes_source(&site->changes, source)->description_changed = true;
	known = fact.start ? series_holds_start(&source->energy, record->t, fact.count)
			   : series_holds(&source->energy, record->t, fact.count);
	/* What comes again was given to the consumers before. */
	if (!record->index_set && !known)
		changes_append(&site->changes.facts, fact);
	if (record->is_pulse)
		site_marks(site, source, record);
	health->accepted++;
	health->late += late;
	if (site_note(site, site_collector(site, topic->collector), record))
		site_gap(site, source, record);
	else
		health->duplicate++;
	return true;
}

bool site_record(struct site *site, const struct topic *topic, const char *text,
		 const char *payload, size_t size, ms_t now, struct fail *fail)
{
	struct record record;
	struct source *source;

	/* It is not acknowledged, so it comes again. */
	if (site->changes.facts.count >= site->room.facts) {
		site->health.deferred++;
		return true;
	}
	if (!record_decode(&record, payload, size, fail))
		goto refused;
	/* When the clocks agree again it can be taken. */
	if (!fact_time(record.t, now, fail))
		return false;
	source = site_source(site, topic->collector, topic->source, fail);
	if (!source)
		return false;
	if (site_accept(site, topic, source, &record, now, fail))
		return true;
refused:
	site_refuse(site, topic, text, payload, size, now, fail);
	return false;
}
