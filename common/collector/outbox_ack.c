#include <string.h>

#include "common/collector/outbox_parts.h"
#include "common/process/log.h"

/* False if the file cannot be read now: the next acknowledgement will do. */
static bool acknowledge(struct outbox *outbox, int64_t seq)
{
	struct fail fail = {0};

	if (!outbox_file_acknowledge(outbox->file, seq, &fail)) {
		outbox_trouble_begin(&outbox->read_trouble, &fail);
		return false;
	}
	/* Perhaps nothing is left to be read. */
	outbox_trouble_end(&outbox->read_trouble, outbox->settings.file);
	return true;
}

static void progress(struct outbox *outbox, int64_t seq, ms_t now)
{
	struct outbox_state *state = outbox->state;
	int64_t before = state->unacknowledged, count;

	if (!acknowledge(outbox, seq))
		return;
	count = before - state->unacknowledged;
	outbox->acknowledged += count;
	outbox->ahead = outbox->sent > seq ? outbox->ahead - count : 0;
	if (outbox->sent < seq)
		outbox->sent = seq;
	outbox->progress_at = now;
	outbox->patience = OUTBOX_PATIENCE_MS;
	if (state->unacknowledged > 0)
		return;
	if (outbox->logged[MQTT_REFUSED] || outbox->logged[MQTT_NO_SUBSCRIBERS])
		log_info("all records have arrived");
	memset(outbox->logged, 0, sizeof(outbox->logged));
}

/* Each kind of trouble once, until everything has arrived. */
static void log_result(struct outbox *outbox, enum mqtt_result result)
{
	if (result == MQTT_DELIVERED || outbox->logged[result])
		return;
	outbox->logged[result] = true;
	if (result == MQTT_REFUSED)
		log_warning("%s/+/record: the broker refuses records; check its access list, and "
			    "that the user has the collector's name. They are kept",
			    outbox->settings.topic);
	else
		log_warning("nobody subscribes to records; is the aggregator running? They are "
			    "kept");
}

static void in_flight_drop(struct outbox *outbox, size_t first, size_t count)
{
	outbox->in_flight_count -= count;
	memmove(outbox->in_flight + first, outbox->in_flight + first + count,
		(outbox->in_flight_count - first) * sizeof(outbox->in_flight[0]));
}

/* Acknowledged is what the broker took, up to the first one that it did not. */
static void take_brokers_answers(struct outbox *outbox, ms_t now)
{
	size_t count = 0;

	while (count < outbox->in_flight_count && outbox->in_flight[count].taken)
		count++;
	if (!count)
		return;
	progress(outbox, outbox->in_flight[count - 1].seq, now);
	in_flight_drop(outbox, 0, count);
}

void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic)
{
	size_t i = 0;

	while (i < outbox->in_flight_count &&
	       (outbox->in_flight[i].seq != (int64_t)cookie || outbox->in_flight[i].answered))
		i++;
	if (i == outbox->in_flight_count)
		return;
	log_result(outbox, result);
	outbox->in_flight[i].answered = true;
	outbox->in_flight[i].taken = result == MQTT_DELIVERED;
	if (outbox->settings.ack == OUTBOX_RECEIVER_BROKER)
		take_brokers_answers(outbox, monotonic);
	else
		in_flight_drop(outbox, i, 1);
}

void outbox_down(struct outbox *outbox)
{
	outbox_send_again(outbox);
	outbox->patience = OUTBOX_PATIENCE_MS;
}

void outbox_aggregator_online(struct outbox *outbox)
{
	outbox->again = true;
	outbox->patience = OUTBOX_PATIENCE_MS;
}

void outbox_ack(struct outbox *outbox, const char *stream, int64_t seq, ms_t monotonic)
{
	const char *file = outbox->settings.file;

	if (outbox->settings.ack == OUTBOX_RECEIVER_BROKER || strcmp(stream, outbox->stream) != 0)
		return;
	if (seq > outbox->sent_most) {
		log_warning("%s: the aggregator has record %lld, but %lld is the last one here: "
			    "this is an old copy; all that it holds is sent again, as a new stream",
			    file, (long long)seq, (long long)outbox->sent_most);
		outbox_file_begin_stream(outbox->file);
		outbox->urgent = true;
		outbox_send_stream(outbox);
	} else if (seq < outbox->state->acked) {
		log_warning(
			"the aggregator has records up to %lld, and had %lld before: the rest is "
			"sent again",
			(long long)seq, (long long)outbox->state->acked);
		if (acknowledge(outbox, seq))
			outbox_aggregator_online(outbox);
	} else if (seq > outbox->state->acked) {
		progress(outbox, seq, monotonic);
	}
}
