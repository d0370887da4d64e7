#include "aggregator/site/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/memory.h"

struct changed_zone *changes_zone(struct changes *changes, const char *id)
{
	return named_get(&changes->zones, id, sizeof(struct changed_zone));
}

struct changed_source *changes_source(struct changes *changes, struct source *source)
{
	struct changed_source *changed =
		named_get(&changes->sources, source->name, sizeof(struct changed_source));

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
	named_get(&changes->collectors, id, sizeof(struct change_name));
}

void changes_zone_removed(struct changes *changes, const char *id)
{
	struct changed_zone *changed = named_find(&changes->zones, id);

	if (changed) {
		named_remove(&changes->zones, changed);
		free(changed);
	}
	named_get(&changes->zones_removed, id, sizeof(struct change_name));
}

void changes_add_zones(struct changes *to, const struct changes *more)
{
	to->by_time |= more->by_time;
	for (size_t i = 0; i < more->zones_removed.count; i++)
		changes_zone_removed(to,
				     ((struct change_name *)more->zones_removed.items[i])->name);
	for (size_t i = 0; i < more->zones.count; i++) {
		const struct changed_zone *from = more->zones.items[i];
		struct changed_zone *changed = changes_zone(to, from->id);

		changed->description_changed |= from->description_changed;
		changed->amounts_changed |= from->amounts_changed;
		changed->state_changed |= from->state_changed;
		for (size_t j = 0; j < from->windows.count; j++)
			time_ranges_add(&changed->windows, from->windows.items[j]);
	}
}

static void sources_add(struct changes *to, const struct changes *more)
{
	for (size_t i = 0; i < more->sources.count; i++) {
		const struct changed_source *from = more->sources.items[i];
		struct changed_source *changed = changes_source(to, from->source);

		changed->description_changed |= from->description_changed;
		for (size_t j = 0; j < from->events.count; j++)
			time_ranges_add(&changed->events, from->events.items[j]);
	}
}

static void refused_add(struct changes *to, const struct changes *more)
{
	for (size_t i = 0; i < more->refused.count; i++) {
		struct refused_record copy = more->refused.items[i];

		copy.payload = allocate(1, copy.size + 1);
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
	list_add(&to->facts_removed, &more->facts_removed);
	list_add(&to->facts_confirmed, &more->facts_confirmed);
	list_add(&to->contacts_removed, &more->contacts_removed);
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
	to->all_records |= more->all_records;
	to->publish_due |= more->publish_due;
}

bool changes_need_commit(const struct changes *changes)
{
	for (size_t i = 0; i < changes->zones.count; i++) {
		const struct changed_zone *changed = changes->zones.items[i];

		if (changed->description_changed || changed->windows.count)
			return true;
	}
	return changes->all_records || changes->facts.count || changes->signals.count ||
	       changes->contacts.count || changes->facts_removed.count ||
	       changes->facts_confirmed.count || changes->contacts_removed.count ||
	       changes->gaps.count || changes->refused.count || changes->zones_removed.count ||
	       changes->sources.count || changes->streams.count;
}

static void set_clear(struct named *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->items[i]);
	set->count = 0;
}

void changes_clear(struct changes *changes)
{
	struct named *sets[] = {&changes->zones_removed, &changes->zones, &changes->sources,
				&changes->streams, &changes->collectors};

	for (size_t i = 0; i < changes->refused.count; i++)
		free(changes->refused.items[i].payload);
	changes->facts.count = changes->signals.count = changes->contacts.count = 0;
	changes->facts_removed.count = changes->contacts_removed.count = 0;
	changes->facts_confirmed.count = 0;
	changes->gaps.count = changes->refused.count = 0;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		set_clear(sets[i]);
	changes->all_records = changes->publish_due = changes->by_time = false;
}

void changes_free(struct changes *changes)
{
	changes_clear(changes);
	free(changes->facts.items);
	free(changes->signals.items);
	free(changes->contacts.items);
	free(changes->facts_removed.items);
	free(changes->facts_confirmed.items);
	free(changes->contacts_removed.items);
	free(changes->gaps.items);
	free(changes->refused.items);
	named_free(&changes->zones_removed);
	named_free(&changes->zones);
	named_free(&changes->sources);
	named_free(&changes->streams);
	named_free(&changes->collectors);
	*changes = (struct changes){0};
}
