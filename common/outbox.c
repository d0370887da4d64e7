#include "common/outbox.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/backoff.h"
#include "common/log.h"

#define BUCKETS 256

/* The topic of a source, kept once for all its records. */
struct source {
	struct source *chained;
	/* While thinning: whether a record of it was passed, and one that may go when another
	 * follows.
	 */
	bool passed;
	struct item *spare;
	char topic[];
};

enum state {
	STATE_WAITING,
	STATE_FLYING,
	STATE_GONE, /* delivered or thinned; its place is given back when it gets to the front */
};

struct item {
	struct record record;
	struct source *source;
	enum state state;
};

/* Items are in the order of their seq in a ring. Those before `next` were sent: they fly, are gone,
 * or wait for the next round because the broker refused them or nobody heard them. */
struct outbox {
	struct item *items;
	size_t limit;
	size_t first;
	size_t count; /* places in use, gone ones included */
	size_t next;  /* from `first` */
	struct source *sources[BUCKETS];
	char stream[STREAM_SIZE];
	int64_t seq;
	struct outbox_counts counts;
	struct backoff backoff;
	bool again;		     /* somebody waits for the next round, */
	ms_t again_at;		     /* which starts now (monotonic); 0: as soon as it can */
	bool told[MQTT_REFUSED + 1]; /* of such trouble since everything was delivered */
	bool thinning;
};

struct outbox *outbox_open(size_t limit, struct fail *fail)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));
	uint64_t stream;

	assert(limit >= 64);
	if (!outbox || !(outbox->items = calloc(limit, sizeof(*outbox->items)))) {
		free(outbox);
		fail_set(fail, "memory is out for an outbox of %zu records", limit);
		return NULL;
	}
	if (getrandom(&stream, sizeof(stream), 0) != sizeof(stream)) {
		fail_set(fail, "no random number for the stream: %s", strerror(errno));
		outbox_close(outbox);
		return NULL;
	}
	outbox->limit = limit;
	snprintf(outbox->stream, sizeof(outbox->stream), "%016" PRIx64, stream);
	outbox->backoff =
		(struct backoff){.shortest = 5 * MS_PER_SECOND, .longest = 60 * MS_PER_SECOND};
	return outbox;
}

void outbox_close(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (outbox->sources[i]) {
			struct source *source = outbox->sources[i];

			outbox->sources[i] = source->chained;
			free(source);
		}
	}
	free(outbox->items);
	free(outbox);
}

static struct source *source_of(struct outbox *outbox, const char *topic)
{
	size_t size = strlen(topic) + 1;
	struct source **bucket;
	struct source *source;
	unsigned hash = 5381;

	for (const char *c = topic; *c; c++)
		hash = hash * 33 ^ (unsigned char)*c;
	bucket = &outbox->sources[hash % BUCKETS];
	for (source = *bucket; source; source = source->chained)
		if (strcmp(source->topic, topic) == 0)
			return source;
	source = calloc(1, sizeof(*source) + size);
	if (!source)
		return NULL;
	memcpy(source->topic, topic, size);
	source->chained = *bucket;
	*bucket = source;
	return source;
}

static struct item *item_at(const struct outbox *outbox, size_t index)
{
	return &outbox->items[(outbox->first + index) % outbox->limit];
}

/* Gives back the places at the front. */
static void front_pop(struct outbox *outbox)
{
	while (outbox->count && item_at(outbox, 0)->state == STATE_GONE) {
		outbox->first = (outbox->first + 1) % outbox->limit;
		outbox->count--;
		if (outbox->next)
			outbox->next--;
	}
}

/* -------- thinning -------- */

/* A mark that says more than where the index stood at some time. */
static bool is_precious(const struct record *record)
{
	return record->mark == MARK_START || record->mark == MARK_TOP10 ||
	       record->mark == MARK_CONTACTS;
}

static void sources_forget_spares(struct outbox *outbox)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct source *source = outbox->sources[i]; source; source = source->chained) {
			source->passed = false;
			source->spare = NULL;
		}
	}
}

static void item_drop(struct outbox *outbox, struct item *item)
{
	item->state = STATE_GONE;
	outbox->counts.thinned++;
	outbox->counts.waiting--;
}

/* Drops every second record of each source among the first `end`, but never its first or last: the
 * energy between them would be lost. Returns whether there was one to drop. */
static bool thin(struct outbox *outbox, size_t end, bool even_precious)
{
	int64_t before = outbox->counts.thinned;

	sources_forget_spares(outbox);
	for (size_t i = 0; i < end; i++) {
		struct item *item = item_at(outbox, i);
		struct source *source = item->source;
		bool may_go = item->state == STATE_WAITING &&
			      (even_precious || !is_precious(&item->record));

		if (item->state == STATE_GONE)
			continue;
		if (source->spare) {
			item_drop(outbox, source->spare);
			source->spare = NULL;
		} else if (source->passed && may_go) {
			source->spare = item;
		}
		source->passed = true;
	}
	return outbox->counts.thinned > before;
}

/* Closes the gaps that gone items left. */
static void compact(struct outbox *outbox)
{
	size_t kept = 0;
	size_t next = 0;

	for (size_t i = 0; i < outbox->count; i++) {
		struct item *item = item_at(outbox, i);

		if (i == outbox->next)
			next = kept;
		if (item->state != STATE_GONE)
			*item_at(outbox, kept++) = *item;
	}
	outbox->next = outbox->next == outbox->count ? kept : next;
	outbox->count = kept;
}

/* After it a fifth is free, so that it is rare; of precious records only as many go as must. */
static void room_make(struct outbox *outbox)
{
	compact(outbox);
	if (outbox->count == outbox->limit && !outbox->thinning) {
		outbox->thinning = true;
		log_warning("%zu records wait to be delivered: the oldest are thinned out (no "
			    "energy is lost, only time resolution)",
			    outbox->limit);
	}
	while (outbox->count > outbox->limit - outbox->limit / 5 &&
	       (thin(outbox, outbox->count / 2, false) || thin(outbox, outbox->count, false)))
		compact(outbox);
	if (outbox->count == outbox->limit && thin(outbox, outbox->count, true))
		compact(outbox);
	if (outbox->count == outbox->limit) {
		item_drop(outbox, item_at(outbox, 0));
		front_pop(outbox);
	}
}

void outbox_add(struct outbox *outbox, const char *topic, struct record *record)
{
	struct source *source = source_of(outbox, topic);

	memcpy(record->stream, outbox->stream, sizeof(record->stream));
	record->seq = ++outbox->seq;
	outbox->counts.added++;
	if (outbox->count == outbox->limit)
		room_make(outbox);
	if (!source) {
		log_error("%s: a record is lost, memory is out", topic);
		return;
	}
	*item_at(outbox, outbox->count++) = (struct item){.record = *record, .source = source};
	outbox->counts.waiting++;
}

/* -------- sending -------- */

static bool item_send(const struct item *item, struct mqtt *mqtt)
{
	char *payload = record_encode(&item->record);
	bool taken;

	/* Without memory now, later. */
	if (!payload)
		return false;
	taken = mqtt_send(mqtt, item->source->topic, payload, strlen(payload), 1,
			  (uint64_t)item->record.seq);
	free(payload);
	return taken;
}

void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic)
{
	if (outbox->again && monotonic >= outbox->again_at) {
		outbox->again = false;
		outbox->next = 0;
	}
	while (outbox->next < outbox->count) {
		struct item *item = item_at(outbox, outbox->next);

		if (item->state == STATE_WAITING) {
			if (!item_send(item, mqtt))
				return;
			item->state = STATE_FLYING;
		}
		outbox->next++;
	}
}

static struct item *item_find(const struct outbox *outbox, int64_t seq)
{
	size_t low = 0;
	size_t high = outbox->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (item_at(outbox, middle)->record.seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == outbox->count || item_at(outbox, low)->record.seq != seq)
		return NULL;
	return item_at(outbox, low);
}

/* Each kind of trouble once, until everything was delivered. */
static void trouble_log(struct outbox *outbox, const struct item *item, enum mqtt_result result)
{
	if (outbox->told[result])
		return;
	outbox->told[result] = true;
	if (result == MQTT_REFUSED)
		log_warning("%s: the broker refuses records; check its access list. They are kept",
			    item->source->topic);
	else
		log_warning("nobody subscribes to records; is the aggregator running? They are "
			    "kept");
}

static void trouble_end(struct outbox *outbox)
{
	if (outbox->told[MQTT_REFUSED] || outbox->told[MQTT_UNHEARD])
		log_info("all records are delivered again");
	memset(outbox->told, 0, sizeof(outbox->told));
	outbox->thinning = false;
}

void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic)
{
	struct item *item = item_find(outbox, (int64_t)cookie);

	if (!item || item->state != STATE_FLYING)
		return;
	if (result == MQTT_DELIVERED) {
		item->state = STATE_GONE;
		outbox->counts.delivered++;
		outbox->counts.waiting--;
		front_pop(outbox);
		backoff_reset(&outbox->backoff);
		if (outbox->counts.waiting == 0)
			trouble_end(outbox);
		return;
	}
	trouble_log(outbox, item, result);
	item->state = STATE_WAITING;
	if (outbox->again)
		return;
	outbox->again = true;
	outbox->again_at = monotonic + backoff_next(&outbox->backoff, (uint32_t)outbox->seq);
}

void outbox_down(struct outbox *outbox)
{
	/* All of them: a round of repetitions may have put `next` before what flies. */
	for (size_t i = 0; i < outbox->count; i++)
		if (item_at(outbox, i)->state == STATE_FLYING)
			item_at(outbox, i)->state = STATE_WAITING;
	outbox->next = 0;
	outbox->again = false;
}

void outbox_heard(struct outbox *outbox)
{
	backoff_reset(&outbox->backoff);
	outbox->again_at = 0;
}

struct outbox_counts outbox_counts(const struct outbox *outbox)
{
	return outbox->counts;
}
