#include "common/mqtt/retained.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"

#define OLDER_MAXIMUM 10000

/* An element of the queue. */
struct queued {
	struct queued *next;
	struct entry *entry;
	char *older; /* a value that a newer one has followed; NULL: the topic's newest */
};

struct entry {
	struct retained_topic topic;
	char *payload;		/* the newest */
	struct queued *newest;	/* its element of the queue; NULL: it was sent */
	struct entry *chained;	/* in the same bucket */
	struct entry *previous; /* in the order of first setting */
	struct entry *next;
	uint32_t hash;
	char name[];
};

struct retained {
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	struct entry *first;
	struct entry *last;
	struct queued *queue;
	struct queued *queue_end;
	size_t older; /* how many elements hold older values */
	size_t skipped;
};

struct retained *retained_open(void)
{
	struct retained *retained = allocate(1, sizeof(*retained));

	retained->bucket_count = 64;
	retained->buckets = allocate(retained->bucket_count, sizeof(struct entry *));
	return retained;
}

static void queue_clear(struct retained *retained)
{
	while (retained->queue) {
		struct queued *queued = retained->queue;

		retained->queue = queued->next;
		queued->entry->newest = NULL;
		free(queued->older);
		free(queued);
	}
	retained->queue_end = NULL;
	retained->older = 0;
}

void retained_close(struct retained *retained)
{
	if (!retained)
		return;
	queue_clear(retained);
	while (retained->first) {
		struct entry *entry = retained->first;

		retained->first = entry->next;
		free(entry->payload);
		free(entry);
	}
	free(retained->buckets);
	free(retained);
}

static uint32_t hash_of(const char *text)
{
	return (uint32_t)hash_bytes(HASH_START, text, strlen(text));
}

static struct entry **bucket_of(const struct retained *retained, uint32_t hash)
{
	return &retained->buckets[hash & (retained->bucket_count - 1)];
}

static void buckets_double(struct retained *retained)
{
	free(retained->buckets);
	retained->bucket_count *= 2;
	retained->buckets = allocate(retained->bucket_count, sizeof(struct entry *));
	for (struct entry *entry = retained->first; entry; entry = entry->next) {
		struct entry **bucket = bucket_of(retained, entry->hash);

		entry->chained = *bucket;
		*bucket = entry;
	}
}

static struct entry *entry_find(const struct retained *retained, const char *name, uint32_t hash)
{
	struct entry *entry = *bucket_of(retained, hash);

	while (entry && (entry->hash != hash || strcmp(entry->name, name) != 0))
		entry = entry->chained;
	return entry;
}

static struct entry *entry_add(struct retained *retained, const char *name, uint32_t hash)
{
	size_t size = strlen(name) + 1;
	struct entry *entry = allocate(1, sizeof(*entry) + size);
	struct entry **bucket;

	if (retained->count >= retained->bucket_count)
		buckets_double(retained);
	memcpy(entry->name, name, size);
	entry->topic.name = entry->name;
	entry->hash = hash;
	bucket = bucket_of(retained, hash);
	entry->chained = *bucket;
	*bucket = entry;
	entry->previous = retained->last;
	*(retained->last ? &retained->last->next : &retained->first) = entry;
	retained->last = entry;
	retained->count++;
	return entry;
}

static void entry_remove(struct retained *retained, struct entry *entry)
{
	struct entry **link = bucket_of(retained, entry->hash);

	while (*link != entry)
		link = &(*link)->chained;
	*link = entry->chained;
	*(entry->previous ? &entry->previous->next : &retained->first) = entry->next;
	*(entry->next ? &entry->next->previous : &retained->last) = entry->previous;
	retained->count--;
	free(entry->payload);
	free(entry);
}

/* Forgets a deleted topic if nothing of it is queued or in flight. */
static void entry_release(struct retained *retained, struct entry *entry)
{
	if (!*entry->payload && !entry->newest && entry->topic.in_flight == 0)
		entry_remove(retained, entry);
}

static void queue_newest(struct retained *retained, struct entry *entry)
{
	struct queued *queued = allocate(1, sizeof(*queued));

	queued->entry = entry;
	entry->newest = queued;
	*(retained->queue ? &retained->queue_end->next : &retained->queue) = queued;
	retained->queue_end = queued;
}

/* Lets the queued value stay queued: a newer one will be queued behind it. */
static void preserve_older(struct retained *retained, struct entry *entry)
{
	if (retained->older >= OLDER_MAXIMUM) {
		retained->skipped++;
		return;
	}
	entry->newest->older = entry->payload;
	entry->newest = NULL;
	entry->payload = NULL;
	retained->older++;
}

bool retained_set(struct retained *retained, const char *topic, const char *payload, int qos,
		  bool each)
{
	uint32_t hash = hash_of(topic);
	struct entry *entry = entry_find(retained, topic, hash);

	if (!payload)
		return false;
	if (!entry)
		entry = entry_add(retained, topic, hash);
	if (each && entry->newest)
		preserve_older(retained, entry);
	free(entry->payload);
	entry->payload = copy_text(payload);
	entry->topic.qos = qos;
	if (!entry->newest)
		queue_newest(retained, entry);
	return true;
}

bool retained_next(const struct retained *retained, struct retained_value *value)
{
	const struct queued *queued = retained->queue;

	if (!queued)
		return false;
	value->topic = &queued->entry->topic;
	value->payload = queued->older ? queued->older : queued->entry->payload;
	value->size = strlen(value->payload);
	return true;
}

void retained_sent(struct retained *retained)
{
	struct queued *queued = retained->queue;
	struct entry *entry = queued->entry;

	retained->queue = queued->next;
	if (queued->older)
		retained->older--;
	else
		entry->newest = NULL;
	free(queued->older);
	free(queued);
	if (entry->topic.qos)
		entry->topic.in_flight++;
	else
		entry_release(retained, entry);
}

void retained_answered(struct retained *retained, struct retained_topic *topic)
{
	/* `topic` is the first field. */
	struct entry *entry = (struct entry *)topic;

	assert(topic->in_flight > 0);
	topic->in_flight--;
	entry_release(retained, entry);
}

void retained_requeue(struct retained *retained)
{
	queue_clear(retained);
	for (struct entry *entry = retained->first; entry; entry = entry->next) {
		entry->topic.in_flight = 0;
		queue_newest(retained, entry);
	}
}

size_t retained_skipped(struct retained *retained)
{
	size_t skipped = retained->skipped;

	retained->skipped = 0;
	return skipped;
}
