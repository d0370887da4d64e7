/* What the store had, put back. */
#include <string.h>

#include "aggregator/site/books.h"
#include "aggregator/site/site_parts.h"
#include "common/base/array.h"

bool site_restore_zone(struct site *site, const char *zone, const char *label, const char *medium,
		       enum role role, struct fail *fail)
{
	struct zone_entry *entry;

	if (strlen(zone) >= ID_SIZE || strlen(label) >= LABEL_SIZE || strlen(medium) >= ID_SIZE)
		return fail_set(fail, "zone \"%.40s\": too long", zone);
	/* It follows from the others. */
	if (strcmp(zone, REST_ID) == 0)
		return true;
	entry = site_entry_open(site, zone);
	strcpy(entry->zone.label, label);
	strcpy(entry->zone.medium, medium);
	entry->zone.role = role;
	if (role == ROLE_MAIN)
		site->main = entry;
	site->rest_stale = true;
	return true;
}

struct source *site_restore_source(struct site *site, const char *collector, const char *id,
				   enum counts counts, const struct about *about, bool announced,
				   struct fail *fail)
{
	struct topic topic = {.kind = TOPIC_SOURCE_ABOUT};
	struct source *source;
	struct zone_entry *entry;

	if (!id_valid(collector) || !id_valid(id)) {
		fail_set(fail, "source \"%.40s/%.40s\": no id", collector, id);
		return NULL;
	}
	strcpy(topic.collector, collector);
	strcpy(topic.source, id);
	source = site_source(site, &topic, fail);
	if (!source)
		return NULL;
	source->counts = counts;
	if (!about)
		return source;
	source_restore(source, about, announced);
	entry = announced ? named_find(&site->entries, about->zone) : NULL;
	if (announced && !entry) {
		fail_set(fail, "source %s: there is no zone %s", source->name, about->zone);
		return NULL;
	}
	if (entry)
		entry_add_source(entry, source);
	return source;
}

void site_restore_energy_weight(struct source *source, const struct weight *weight)
{
	series_weigh(&source->energy, *weight);
}

void site_restore_volume_weight(struct source *source, const struct weight *weight)
{
	series_weigh(&source->volume, *weight);
}

void site_restore_swap(struct source *source, const struct swap *swap)
{
	series_swap(&source->energy, *swap);
	if (source->volume.weight_count)
		series_swap(&source->volume, *swap);
}

bool site_restore_assignment(struct site *site, struct source *source, const char *zone, ms_t from,
			     ms_t until, struct fail *fail)
{
	struct zone_entry *entry = named_find(&site->entries, zone);

	if (!entry)
		return fail_set(fail, "source %s: there is no zone %s", source->name, zone);
	balance_add(
		&entry->zone.balance,
		(struct term){.series = &source->energy, .from = from, .until = until, .sign = 1});
	return true;
}

void site_restore_fact(struct source *source, ms_t t, int64_t count)
{
	source_fact(source, t, count);
}

void site_restore_top(struct source *source, ms_t t)
{
	grid_add(&source->signals, t);
}

void site_restore_contacts(struct source *source, const struct contact_state *state)
{
	contacts_add(&source->contacts, state);
}

void site_restore_gap(struct site *site, const struct gap *gap)
{
	site->health.blind_ms = add_limited(site->health.blind_ms, gap->blind_ms);
	site->health.edges_lost = add_limited(site->health.edges_lost, gap->lost);
	site->health.lost_possible += gap->lost_possible;
}

bool site_restore_stream(struct site *site, const char *id, const struct sequence *sequence,
			 bool newest, struct fail *fail)
{
	struct collector *collector;
	struct sequence *stream;

	if (!id_valid(id))
		return fail_set(fail, "collector \"%.40s\": no id", id);
	collector = site_collector(site, id);
	stream = collector_stream(collector, sequence->stream);
	for (size_t i = 0; i < sequence->count; i++)
		sequence_note(stream, sequence->runs[i].from, sequence->runs[i].to);
	sequence_stored(stream);
	if (newest)
		collector->newest = collector->stream_count - 1;
	return true;
}

void site_restored(struct site *site, bool recompute)
{
	bool answer = false;

	site->regrid = true;
	site_update(site);
	for (size_t i = 0; i < site->collectors.count; i++) {
		struct collector *collector = site->collectors.items[i];

		collector->unanswered = collector->stream_count;
		answer |= collector->unanswered;
	}
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		source->dirty.count = 0;
		source->changed = false;
	}
	for (size_t i = 0; i < site->entries.count; i++) {
		struct zone_entry *entry = site->entries.items[i];

		entry_restored(entry, &site->grid, recompute);
	}
	if (site->rest)
		entry_restored(site->rest, &site->grid, recompute);
	keeping_clear(&site->keeping);
	site->keeping.dirty = recompute || answer;
}

const struct source *site_find_source(const struct site *site, const char *collector,
				      const char *source)
{
	char name[2 * ID_SIZE];

	if (strlen(collector) >= ID_SIZE || strlen(source) >= ID_SIZE)
		return NULL;
	strcpy(name, collector);
	strcat(name, "/");
	strcat(name, source);
	return named_find(&site->sources, name);
}
