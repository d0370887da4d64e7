#include "common/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"

/* Between attempts where nobody listened, or the broker refused. */
#define PAUSE_FIRST_MS (5 * MS_PER_SECOND)
#define PAUSE_MAX_MS   (60 * MS_PER_SECOND)

enum item_state { ITEM_WAITING, ITEM_SENT, ITEM_DONE };

struct item {
	char topic[TOPIC_SIZE];
	struct record record;
	enum item_state state;
};

struct outbox {
	char stream[STREAM_SIZE];
	int64_t seq;	     /* of the newest record */
	struct item **items; /* a ring; oldest at `first` */
	size_t limit, first, count;
	size_t next; /* offset from `first` of the first that may be waiting */
	ms_t pause_ms, paused_until;
	bool complained;
	struct outbox_counts counts;
};

struct outbox *outbox_open(size_t limit, struct fail *fail)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));
	uint64_t stream;

	if (outbox)
		outbox->items = calloc(limit, sizeof(struct item *));
	if (!outbox || !outbox->items ||
	    getrandom(&stream, sizeof(stream), 0) != (ssize_t)sizeof(stream)) {
		fail_set(fail, "no memory for an outbox of %zu records", limit);
		outbox_close(outbox);
		return NULL;
	}
	snprintf(outbox->stream, sizeof(outbox->stream), "%016" PRIx64, stream);
	outbox->limit = limit;
	return outbox;
}

static struct item **outbox_at(const struct outbox *outbox, size_t offset)
{
	return &outbox->items[(outbox->first + offset) % outbox->limit];
}

void outbox_close(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (size_t i = 0; i < outbox->count; i++)
		free(*outbox_at(outbox, i));
	free(outbox->items);
	free(outbox);
}

static bool item_is_plain(const struct item *item)
{
	enum mark mark = item->record.mark;

	return mark != MARK_START && mark != MARK_TOP10 && mark != MARK_CONTACTS;
}

/* Drops every second of the waiting plain records in the older half; without any, the oldest. */
static void outbox_thin(struct outbox *outbox)
{
	size_t kept = 0;
	size_t dropped = 0;
	bool drop = false;

	for (size_t i = 0; i < outbox->count; i++) {
		struct item *item = *outbox_at(outbox, i);
		bool may =
			i < outbox->count / 2 && item->state == ITEM_WAITING && item_is_plain(item);

		if (may)
			drop = !drop;
		if (may && drop) {
			free(item);
			dropped++;
			continue;
		}
		*outbox_at(outbox, kept++) = item;
	}
	outbox->count = kept;
	if (!dropped) {
		free(*outbox_at(outbox, 0));
		outbox->first = (outbox->first + 1) % outbox->limit;
		outbox->count--;
		dropped = 1;
	}
	if (!outbox->counts.thinned)
		log_warning("the outbox is full (%zu records): thinning the oldest; no energy is "
			    "lost, but its time becomes less exact",
			    outbox->limit);
	outbox->counts.thinned += (int64_t)dropped;
	outbox->next = 0;
}

void outbox_add(struct outbox *outbox, const char *topic, struct record *record)
{
	struct item *item = malloc(sizeof(*item));

	if (!item)
		abort();
	strcpy(record->stream, outbox->stream);
	record->seq = ++outbox->seq;
	snprintf(item->topic, sizeof(item->topic), "%s", topic);
	item->record = *record;
	item->state = ITEM_WAITING;
	if (outbox->count == outbox->limit)
		outbox_thin(outbox);
	*outbox_at(outbox, outbox->count++) = item;
	outbox->counts.added++;
}

void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic)
{
	if (monotonic < outbox->paused_until)
		return;
	for (; outbox->next < outbox->count; outbox->next++) {
		struct item *item = *outbox_at(outbox, outbox->next);
		char *payload;
		bool taken;

		if (item->state != ITEM_WAITING)
			continue;
		payload = record_encode(&item->record);
		if (!payload)
			return;
		taken = mqtt_send(mqtt, item->topic, payload, strlen(payload), 1,
				  (uint64_t)item->record.seq);
		free(payload);
		if (!taken)
			return;
		item->state = ITEM_SENT;
	}
}

/* Sequence numbers ascend, but thinning leaves holes. */
static struct item *outbox_find(const struct outbox *outbox, int64_t seq, size_t *offset)
{
	size_t low = 0;
	size_t high = outbox->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((*outbox_at(outbox, middle))->record.seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	*offset = low;
	if (low == outbox->count || (*outbox_at(outbox, low))->record.seq != seq)
		return NULL;
	return *outbox_at(outbox, low);
}

static void outbox_discard_done(struct outbox *outbox)
{
	while (outbox->count && (*outbox_at(outbox, 0))->state == ITEM_DONE) {
		free(*outbox_at(outbox, 0));
		outbox->first = (outbox->first + 1) % outbox->limit;
		outbox->count--;
		if (outbox->next)
			outbox->next--;
	}
}

static void outbox_complain(struct outbox *outbox, enum mqtt_result result)
{
	if (outbox->complained)
		return;
	outbox->complained = true;
	if (result == MQTT_UNHEARD)
		log_warning("nobody subscribes to the records: is the aggregator running? Keeping "
			    "them and trying again");
	else
		log_error("the broker refuses the records: does its access list allow this user "
			  "to write them? Keeping them and trying again");
}

void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic)
{
	size_t offset;
	struct item *item = outbox_find(outbox, (int64_t)cookie, &offset);

	if (!item || item->state != ITEM_SENT)
		return;
	if (result == MQTT_DELIVERED) {
		item->state = ITEM_DONE;
		outbox->counts.delivered++;
		outbox->pause_ms = 0;
		outbox->complained = false;
		outbox_discard_done(outbox);
		return;
	}
	item->state = ITEM_WAITING;
	if (offset < outbox->next)
		outbox->next = offset;
	outbox_complain(outbox, result);
	if (monotonic < outbox->paused_until)
		return; /* the rest of what was in flight */
	outbox->pause_ms = outbox->pause_ms ? 2 * outbox->pause_ms : PAUSE_FIRST_MS;
	if (outbox->pause_ms > PAUSE_MAX_MS)
		outbox->pause_ms = PAUSE_MAX_MS;
	outbox->paused_until = monotonic + outbox->pause_ms;
}

void outbox_down(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		if ((*outbox_at(outbox, i))->state == ITEM_SENT)
			(*outbox_at(outbox, i))->state = ITEM_WAITING;
	outbox->next = 0;
	outbox_heard(outbox);
}

void outbox_heard(struct outbox *outbox)
{
	outbox->pause_ms = 0;
	outbox->paused_until = 0;
}

struct outbox_counts outbox_counts(const struct outbox *outbox)
{
	struct outbox_counts counts = outbox->counts;

	counts.waiting = counts.added - counts.delivered - counts.thinned;
	return counts;
}
