#include "common/retained.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

#define TABLE_FIRST 64

/* Of a topic's older values, keep at most this many for a slow connection. */
void retained_open(struct retained *retained)
{
	*retained = (struct retained){0};
	retained->last = &retained->first;
}

static void topic_drop_unsent(struct retained_topic *topic)
{
	while (topic->unsent) {
		struct value *value = topic->unsent;

		topic->unsent = value->next;
		free(value->payload);
		free(value);
	}
	topic->unsent_end = &topic->unsent;
}

void retained_close(struct retained *retained)
{
	for (size_t i = 0; i < retained->count; i++) {
		struct retained_topic *topic = retained->order[i];

		topic_drop_unsent(topic);
		free(topic->name);
		free(topic->payload);
		free(topic);
	}
	free(retained->order);
	free(retained->table);
	retained_open(retained);
}

/* FNV-1a */
static size_t name_hash(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (size_t)hash;
}

static struct retained_topic **table_slot(struct retained_topic **table, size_t size,
					  const char *name)
{
	size_t i = name_hash(name) & (size - 1);

	while (table[i] && strcmp(table[i]->name, name) != 0)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void *checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void table_grow(struct retained *retained)
{
	size_t size = retained->size ? 2 * retained->size : TABLE_FIRST;
	struct retained_topic **table = checked(calloc(size, sizeof(struct retained_topic *)));

	for (size_t i = 0; i < retained->count; i++)
		*table_slot(table, size, retained->order[i]->name) = retained->order[i];
	free(retained->table);
	retained->table = table;
	retained->size = size;
}

static struct retained_topic *retained_topic(struct retained *retained, const char *name)
{
	struct retained_topic **slot;
	struct retained_topic *topic;

	if (2 * (retained->count + 1) > retained->size)
		table_grow(retained);
	slot = table_slot(retained->table, retained->size, name);
	if (*slot)
		return *slot;
	topic = checked(calloc(1, sizeof(*topic)));
	topic->name = checked(strdup(name));
	topic->unsent_end = &topic->unsent;
	*slot = topic;
	retained->order = array_grow(retained->order, retained->count, &retained->order_capacity,
				     sizeof(struct retained_topic *));
	retained->order[retained->count++] = topic;
	return topic;
}

static void retained_queue(struct retained *retained, struct retained_topic *topic)
{
	topic->fresh = true;
	if (topic->queued)
		return;
	topic->queued = true;
	topic->next_queued = NULL;
	*retained->last = topic;
	retained->last = &topic->next_queued;
}

void retained_set(struct retained *retained, const char *name, const char *payload, int qos,
		  bool each)
{
	struct retained_topic *topic = retained_topic(retained, name);

	topic->qos = qos;
	if (each && topic->fresh) {
		struct value *value = checked(calloc(1, sizeof(*value)));

		value->payload = topic->payload;
		*topic->unsent_end = value;
		topic->unsent_end = &value->next;
	} else {
		free(topic->payload);
	}
	topic->payload = checked(strdup(payload));
	retained_queue(retained, topic);
}

void retained_restart(struct retained *retained)
{
	retained->first = NULL;
	retained->last = &retained->first;
	for (size_t i = 0; i < retained->count; i++) {
		struct retained_topic *topic = retained->order[i];

		topic_drop_unsent(topic);
		topic->queued = false;
		topic->refused = false;
		retained_queue(retained, topic);
	}
}

struct retained_topic *retained_next(struct retained *retained, char **payload)
{
	struct retained_topic *topic = retained->first;

	if (!topic)
		return NULL;
	if (topic->unsent) {
		struct value *value = topic->unsent;

		*payload = value->payload;
		topic->unsent = value->next;
		if (!topic->unsent)
			topic->unsent_end = &topic->unsent;
		free(value);
		return topic;
	}
	retained->first = topic->next_queued;
	if (!retained->first)
		retained->last = &retained->first;
	topic->queued = false;
	topic->fresh = false;
	*payload = checked(strdup(topic->payload));
	return topic;
}
