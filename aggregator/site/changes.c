#include "aggregator/site/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

static void *entry(struct named *set, const char *name, size_t size)
{
	void *found = named_find(set, name);

	return found ? found : named_add(set, name, size);
}

struct changed_zone *changes_zone(struct changes *changes, const char *id)
{
	return entry(&changes->zones, id, sizeof(struct changed_zone));
}

struct changed_source *changes_source(struct changes *changes, struct source *source)
{
	struct changed_source *changed =
		entry(&changes->sources, source->name, sizeof(struct changed_source));

	changed->source = source;
	return changed;
}

void changes_stream(struct changes *changes, const struct collector *collector, const char *stream,
		    int64_t from)
{
	char key[ID_SIZE + STREAM_SIZE];
	struct changed_stream *changed;

	snprintf(key, sizeof(key), "%s/%s", collector->name, stream);
	changed = named_find(&changes->streams, key);
	if (!changed) {
		changed = named_add(&changes->streams, key, sizeof(*changed));
		changed->collector = collector;
		strcpy(changed->stream, stream);
		changed->from = from;
	}
	if (from < changed->from)
		changed->from = from;
}

void changes_collector(struct changes *changes, const char *id)
{
	entry(&changes->collectors, id, sizeof(struct change_name));
}

void changes_zone_gone(struct changes *changes, const char *id)
{
	struct changed_zone *changed = named_find(&changes->zones, id);

	if (changed) {
		named_remove(&changes->zones, changed);
		free(changed);
	}
	entry(&changes->zones_gone, id, sizeof(struct change_name));
}

void changes_add_zones(struct changes *to, const struct changes *more)
{
	for (size_t i = 0; i < more->zones_gone.count; i++)
		changes_zone_gone(to, ((struct change_name *)more->zones_gone.items[i])->name);
	for (size_t i = 0; i < more->zones.count; i++) {
		const struct changed_zone *from = more->zones.items[i];
		struct changed_zone *changed = changes_zone(to, from->id);

		changed->described |= from->described;
		changed->books |= from->books;
		changed->state |= from->state;
		for (size_t j = 0; j < from->windows.count; j++)
			time_ranges_add(&changed->windows, from->windows.items[j]);
	}
}

static void sources_add(struct changes *to, const struct changes *more)
{
	for (size_t i = 0; i < more->sources.count; i++) {
		const struct changed_source *from = more->sources.items[i];
		struct changed_source *changed = changes_source(to, from->source);

		changed->described |= from->described;
		for (size_t j = 0; j < from->events.count; j++)
			time_ranges_add(&changed->events, from->events.items[j]);
	}
}

static void refused_add(struct changes *to, const struct changes *more)
{
	for (size_t i = 0; i < more->refused.count; i++) {
		struct refused_record copy = more->refused.items[i];

		copy.payload = malloc(copy.size + 1);
		if (!copy.payload)
			abort();
		memcpy(copy.payload, more->refused.items[i].payload, copy.size + 1);
		changes_append(&to->refused, copy);
	}
}

#define list_add(to, more)                                                                         \
	do {                                                                                       \
		for (size_t i = 0; i < (more)->count; i++)                                         \
			changes_append(to, (more)->items[i]);                                      \
	} while (0)

void changes_add(struct changes *to, const struct changes *more)
{
	list_add(&to->facts, &more->facts);
	list_add(&to->signals, &more->signals);
	list_add(&to->contacts, &more->contacts);
	list_add(&to->facts_gone, &more->facts_gone);
	list_add(&to->contacts_gone, &more->contacts_gone);
	list_add(&to->gaps, &more->gaps);
	refused_add(to, more);
	changes_add_zones(to, more);
	sources_add(to, more);
	for (size_t i = 0; i < more->streams.count; i++) {
		const struct changed_stream *from = more->streams.items[i];

		changes_stream(to, from->collector, from->stream, from->from);
	}
	for (size_t i = 0; i < more->collectors.count; i++)
		changes_collector(to, ((struct change_name *)more->collectors.items[i])->name);
	to->everything |= more->everything;
	to->states |= more->states;
	to->by_time |= more->by_time;
}

bool changes_to_keep(const struct changes *changes)
{
	for (size_t i = 0; i < changes->zones.count; i++) {
		const struct changed_zone *changed = changes->zones.items[i];

		if (changed->described || changed->windows.count)
			return true;
	}
	return changes->everything || changes->facts.count || changes->signals.count ||
	       changes->contacts.count || changes->facts_gone.count ||
	       changes->contacts_gone.count || changes->gaps.count || changes->refused.count ||
	       changes->zones_gone.count || changes->sources.count || changes->streams.count;
}

static void set_clear(struct named *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i]);
	set->count = 0;
}

void changes_clear(struct changes *changes)
{
	struct named *sets[] = {&changes->zones_gone, &changes->zones, &changes->sources,
				&changes->streams, &changes->collectors};

	for (size_t i = 0; i < changes->refused.count; i++)
		free(changes->refused.items[i].payload);
	changes->facts.count = changes->signals.count = changes->contacts.count = 0;
	changes->facts_gone.count = changes->contacts_gone.count = 0;
	changes->gaps.count = changes->refused.count = 0;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		set_clear(sets[i]);
	changes->everything = changes->states = changes->by_time = false;
}

void changes_free(struct changes *changes)
{
	changes_clear(changes);
	free(changes->facts.items);
	free(changes->signals.items);
	free(changes->contacts.items);
	free(changes->facts_gone.items);
	free(changes->contacts_gone.items);
	free(changes->gaps.items);
	free(changes->refused.items);
	named_free(&changes->zones_gone);
	named_free(&changes->zones);
	named_free(&changes->sources);
	named_free(&changes->streams);
	named_free(&changes->collectors);
	*changes = (struct changes){0};
}
