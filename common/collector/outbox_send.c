#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/collector/outbox_parts.h"

/* How many records may be on their way that nobody acknowledged: what the broker keeps for a busy
 * aggregator is limited. The aggregator commits every second, or 5000 facts. */
#define AHEAD_MAX 4000

#define PATIENCE_MAX_MS (10 * MS_PER_MINUTE)

void outbox_send_stream(struct outbox *outbox)
{
	memcpy(outbox->stream, outbox->state->stream, STREAM_SIZE);
	outbox->sent = outbox->state->acked;
	outbox->sent_most = 0;
	outbox->ahead = 0;
	outbox->in_flight_count = 0;
	outbox->again = false;
	outbox->patience = OUTBOX_PATIENCE_MS;
}

size_t outbox_unanswered(const struct outbox *outbox)
{
	size_t count = 0;

	for (size_t i = 0; i < outbox->in_flight_count; i++)
		count += !outbox->in_flight[i].answered;
	return count;
}

void outbox_send_again(struct outbox *outbox)
{
	outbox->sent = outbox->state->acked;
	outbox->ahead = 0;
	outbox->in_flight_count = 0;
	outbox->again = false;
}

/* False: not now. */
static bool send_row(struct outbox *outbox, const struct outbox_row *row, struct mqtt *mqtt)
{
	char topic[TOPIC_SIZE + ID_SIZE + sizeof("//record")];
	char *payload = record_encode(&row->record);
	bool taken = false;

	snprintf(topic, sizeof(topic), "%s/%s/record", outbox->settings.topic,
		 outbox->positions->sources[row->source].name);
	if (payload)
		taken = mqtt_send(mqtt, topic, payload, strlen(payload), 1,
				  (uint64_t)row->record.seq);
	free(payload);
	return taken;
}

static void note_sent(struct outbox *outbox, int64_t seq, ms_t now)
{
	if (outbox->ahead == 0)
		outbox->progress_at = now;
	outbox->sent = seq;
	if (seq > outbox->sent_most)
		outbox->sent_most = seq;
	outbox->ahead++;
	outbox->in_flight[outbox->in_flight_count++] = (struct sent_record){.seq = seq};
}

/* The next record to be sent. */
static bool read_next(struct outbox *outbox, struct outbox_row *row, ms_t now)
{
	struct fail fail = {0};

	if (outbox->read_trouble.text[0] && now - outbox->read_at < OUTBOX_AGAIN_MS)
		return false;
	switch (outbox_file_next(outbox->file, outbox->sent, row, &fail)) {
	case OUTBOX_ROW: break;
	case OUTBOX_NONE: outbox->sent = outbox->state->newest; return false;
	case OUTBOX_WRONG:
	case OUTBOX_FAILED:
		outbox->read_at = now;
		outbox_trouble_begin(&outbox->read_trouble, &fail);
		return false;
	}
	outbox_trouble_end(&outbox->read_trouble, outbox->settings.file);
	return !row->undated;
}

static void send_waiting(struct outbox *outbox, struct mqtt *mqtt, ms_t now)
{
	struct outbox_row row;

	while (outbox->sent < outbox->state->newest && outbox->ahead < AHEAD_MAX &&
	       outbox->in_flight_count < OUTBOX_IN_FLIGHT && read_next(outbox, &row, now)) {
		if (!send_row(outbox, &row, mqtt))
			return;
		note_sent(outbox, row.record.seq, now);
	}
}

static void check_progress(struct outbox *outbox, ms_t now)
{
	if (outbox->ahead == 0 || now - outbox->progress_at < outbox->patience)
		return;
	outbox->again = true;
	outbox->progress_at = now;
	outbox->patience *= 2;
	if (outbox->patience > PATIENCE_MAX_MS)
		outbox->patience = PATIENCE_MAX_MS;
}

void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic)
{
	bool in_flight;

	outbox_write_if_due(outbox, monotonic);
	if (strcmp(outbox->stream, outbox->state->stream) != 0)
		outbox_send_stream(outbox);
	in_flight = outbox_unanswered(outbox) > 0;
	if (!in_flight)
		check_progress(outbox, monotonic);
	if (outbox->again && in_flight)
		return;
	if (outbox->again)
		outbox_send_again(outbox);
	if (outbox->state->stream_saved)
		send_waiting(outbox, mqtt, monotonic);
}
