/* How a site takes records: what they say about their source, and about their collector's stream.
 */
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/books.h"
#include "aggregator/site/site_parts.h"
#include "common/base/array.h"

/* Against streams invented by a program gone wild. */
#define STREAMS_MAX 64

/* Records of a stream that is not known from its beginning come in any order: this long. */
#define BASELINE_AFTER_MS (3 * MS_PER_SECOND)

/* ---- streams ---- */

/* A stream is over when another began: the first one says nothing more, unless it was the last to
 * say something. */
static void collector_drop_stream(struct collector *collector)
{
	size_t entry = collector->newest == 0;
	struct sequence *stream = &collector->streams[entry];

	collector->missing_before =
		add_limited(collector->missing_before, sequence_missing(stream));
	sequence_free(stream);
	collector->stream_count--;
	memmove(stream, stream + 1,
		(collector->stream_count - entry) * sizeof(*collector->streams));
	collector->newest -= collector->newest > entry;
}

struct sequence *collector_stream(struct collector *collector, const char *stream)
{
	struct sequence *sequence;

	for (size_t i = collector->stream_count; i-- > 0;)
		if (strcmp(collector->streams[i].stream, stream) == 0)
			return &collector->streams[i];
	if (collector->stream_count == STREAMS_MAX)
		collector_drop_stream(collector);
	collector->streams = array_grow(collector->streams, collector->stream_count,
					&collector->stream_capacity, sizeof(*collector->streams));
	sequence = &collector->streams[collector->stream_count++];
	*sequence = (struct sequence){0};
	strcpy(sequence->stream, stream);
	return sequence;
}

/* Notes that the record is dealt with. True where its number is new. */
static bool collector_note(struct site *site, struct collector *collector,
			   const struct record *record)
{
	struct sequence *stream = collector_stream(collector, record->stream);
	int64_t from = record->has_prev ? record->prev + 1 : record->seq;
	size_t entry = (size_t)(stream - collector->streams);

	stream->linked |= record->has_prev;
	stream->bare |= !record->has_prev;
	if (collector->newest != entry) {
		collector->newest = entry;
		stream->changed = true;
	}
	collector->unanswered = true;
	site->keeping.dirty = true;
	return sequence_note(stream, from, record->seq);
}

void site_take_baselines(struct site *site, ms_t monotonic)
{
	for (size_t i = 0; i < site->collectors.count; i++) {
		struct collector *collector = site->collectors.items[i];
		struct sequence *stream;

		if (!collector->stream_count)
			continue;
		stream = &collector->streams[collector->newest];
		/* Of one that was restored nobody knows what its records tell before one comes. */
		if (!stream->bare || stream->linked || !stream->count || stream->runs[0].from <= 1)
			continue;
		if (!stream->known)
			stream->known = monotonic;
		if (monotonic < stream->known + BASELINE_AFTER_MS)
			continue;
		sequence_note(stream, 1, stream->runs[0].from);
		collector->unanswered = site->keeping.dirty = true;
	}
}

void collector_acknowledge(const struct site *site, struct collector *collector)
{
	const struct site_settings *settings = site->wall.settings;
	const struct sequence *stream;
	char topic[TOPIC_SIZE];
	struct ack ack;
	char *payload;

	for (size_t i = 0; i < collector->stream_count; i++)
		sequence_stored(&collector->streams[i]);
	if (!collector->unanswered)
		return;
	collector->unanswered = false;
	stream = &collector->streams[collector->newest];
	/* Not known from its beginning, and nothing says whether that is to come. */
	if (!stream->linked && !stream->known && sequence_mark(stream) == 0)
		return;
	strcpy(ack.stream, stream->stream);
	ack.seq = sequence_mark(stream);
	payload = ack_encode(&ack);
	topic_build(topic, settings->base, settings->id, "collector/%s/ack", collector->name);
	if (payload)
		site->wall.publisher.publish(site->wall.publisher.context, topic, payload, 1,
					     false);
	free(payload);
}

/* ---- what a record says ---- */

static void site_marks(struct site *site, struct source *source, const struct record *record)
{
	struct keeping *keeping = &site->keeping;
	struct kept_moment moment = {source, record->t};
	struct contact_state state = {
		.t = record->t,
		.off_peak = record->off_peak,
		.peak = record->peak,
		.change = record->mark == MARK_CONTACTS,
		.seq = record->seq,
	};
	bool main = source->announced && source->about.role == ROLE_MAIN;

	/* What comes again is stored, or waits for it. */
	if (record->mark == MARK_TOP10 && !grid_holds(&source->signals, record->t)) {
		grid_add(&source->signals, record->t);
		if (main)
			grid_add(&site->grid, record->t);
		keep(&keeping->signals, moment);
	}
	if ((state.off_peak != UNKNOWN || state.peak != UNKNOWN) &&
	    !contacts_hold(&source->contacts, &state)) {
		contacts_add(&source->contacts, &state);
		if (main)
			contacts_add(&site->tariff.contacts, &state);
		keep(&keeping->contacts, moment);
	}
}

static void site_gap(struct site *site, struct source *source, const struct record *record)
{
	struct health *health = &site->health;
	struct kept_gap gap = {
		source,
		{record->t, record->blind_ms, record->lost, record->lost_possible},
	};

	if (!record->blind_ms && !record->lost && !record->lost_possible)
		return;
	health->edges_lost = add_limited(health->edges_lost, record->lost);
	health->lost_possible += record->lost_possible;
	health->blind_ms = add_limited(health->blind_ms, record->blind_ms);
	keep(&site->keeping.gaps, gap);
}

/* ---- records that will never be taken ---- */

/* Nobody can do anything about it by sending it again: it is kept for a person to look at. */
static void site_refuse(struct site *site, const struct topic *topic, const char *text,
			const char *payload, size_t size, ms_t now, const struct fail *reason)
{
	struct kept_refusal refusal = {.size = size, .at = now};
	struct record record;

	if (!record_decode_number(&record, payload, size))
		return;
	if (site->keeping.refusals.count >= SITE_REFUSALS_MAX) {
		site->health.deferred++;
		return;
	}
	if (!collector_note(site, site_collector(site, topic->collector), &record))
		return;
	refusal.payload = malloc(size + 1);
	if (!refusal.payload)
		abort();
	memcpy(refusal.payload, payload, size);
	refusal.payload[size] = '\0';
	copy_printable(refusal.topic, sizeof(refusal.topic), text);
	copy_printable(refusal.reason, sizeof(refusal.reason), reason->text);
	keep(&site->keeping.refusals, refusal);
}

/* ---- records ---- */

static bool site_take(struct site *site, const struct topic *topic, struct source *source,
		      const struct record *record, ms_t now, struct fail *fail)
{
	struct health *health = &site->health;
	struct kept_fact fact = {.source = source, .t = record->t};
	bool late = record->t < source->newest;

	if (!source_record(source, record, now, &fact.count, fail))
		return false;
	/* What comes again is stored, or waits for it. */
	if (!record->index_set && !series_holds(&source->energy, record->t, fact.count))
		keep(&site->keeping.facts, fact);
	if (record->is_pulse)
		site_marks(site, source, record);
	health->accepted++;
	health->late += late;
	if (collector_note(site, site_collector(site, topic->collector), record))
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
	if (site->keeping.facts.count >= SITE_PENDING_MAX) {
		site->health.deferred++;
		return true;
	}
	if (!record_decode(&record, payload, size, fail))
		goto refused;
	/* When the clocks agree again it can be taken. */
	if (!fact_time(record.t, now, fail))
		return false;
	source = site_source(site, topic, fail);
	if (!source)
		return false;
	if (site_take(site, topic, source, &record, now, fail))
		return true;
refused:
	site_refuse(site, topic, text, payload, size, now, fail);
	return false;
}
