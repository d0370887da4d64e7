#include "aggregator/site/collector.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

/* Against streams invented by a faulty program. */
#define STREAMS_MAX 64

/* Records of a stream that is not known from its beginning may come in any order for this long. */
#define BASELINE_AFTER_MS (3 * MS_PER_SECOND)

void collector_free(struct collector *collector)
{
	for (size_t i = 0; i < collector->stream_count; i++)
		sequence_free(&collector->streams[i]);
	free(collector->streams);
	free(collector);
}

/* Drops the oldest stream, but never the newest one: an outbox that was replaced sends nothing
 * more. */
static void collector_drop_stream(struct collector *collector)
{
	size_t i = collector->newest == 0;
	struct sequence *stream = &collector->streams[i];

	collector->missing_before =
		add_limited(collector->missing_before, sequence_missing(stream));
	sequence_free(stream);
	collector->stream_count--;
	memmove(stream, stream + 1, (collector->stream_count - i) * sizeof(*collector->streams));
	collector->newest -= collector->newest > i;
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

bool collector_note(struct collector *collector, const struct record *record, int64_t *first)
{
	struct sequence *stream = collector_stream(collector, record->stream);

	stream->linked |= record->has_prev;
	stream->bare |= !record->has_prev;
	collector->newest = (size_t)(stream - collector->streams);
	return sequence_note(stream, record->has_prev ? record->prev + 1 : record->seq, record->seq,
			     first);
}

bool collector_set_baseline(struct collector *collector, ms_t monotonic)
{
	struct sequence *stream;
	int64_t first;

	if (!collector->stream_count)
		return false;
	stream = &collector->streams[collector->newest];
	/* Whether the records of a restored stream name predecessors shows when one comes. */
	if (!stream->bare || stream->linked || !stream->count || stream->runs[0].from <= 1)
		return false;
	if (!stream->known)
		stream->known = monotonic;
	if (monotonic < stream->known + BASELINE_AFTER_MS)
		return false;
	sequence_note(stream, 1, stream->runs[0].from, &first);
	return true;
}

bool collector_ack(const struct collector *collector, struct ack *ack)
{
	const struct sequence *stream = &collector->streams[collector->newest];

	if (!stream->linked && !stream->known && sequence_complete_to(stream) == 0)
		return false;
	strcpy(ack->stream, stream->stream);
	ack->seq = sequence_complete_to(stream);
	return true;
}
