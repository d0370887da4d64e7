/* What was stored, put back. */
#include <string.h>

#include "aggregator/site/parts.h"
#include "aggregator/site/restore.h"

bool site_restore_zone(struct site *site, const char *zone, const char *label, const char *medium,
		       enum role role, struct fail *fail)
{
	struct zone *restored;

	if (strlen(zone) >= ID_SIZE || strlen(label) >= LABEL_SIZE || strlen(medium) >= ID_SIZE)
		return fail_set(fail, "zone \"%.40s\": too long", zone);
	/* It follows from the others. */
	if (strcmp(zone, REST_ID) == 0)
		return true;
	restored = site_open_zone(site, zone);
	strcpy(restored->label, label);
	strcpy(restored->medium, medium);
	restored->role = role;
	if (role == ROLE_MAIN)
		site->main = restored;
	site->rest_outdated = true;
	return true;
}

void site_restore_published(struct site *site, const char *zone, mwh_t energy)
{
	struct zone *restored = named_find(&site->zones, zone);

	if (restored)
		restored->published = energy;
}

struct source *site_restore_source(struct site *site, const char *collector, const char *id,
				   enum counts counts, const struct about *about, bool announced,
				   struct fail *fail)
{
	struct source *source;
	struct zone *zone;

	if (!id_valid(collector) || !id_valid(id)) {
		fail_set(fail, "source \"%.40s/%.40s\": no id", collector, id);
		return NULL;
	}
	source = site_source(site, collector, id, fail);
	if (!source)
		return NULL;
	source->counts = counts;
	if (!about)
		return source;
	source_restore(source, about, announced);
	zone = announced ? named_find(&site->zones, about->zone) : NULL;
	if (announced && !zone) {
		fail_set(fail, "source %s: there is no zone %s", source->name, about->zone);
		return NULL;
	}
	if (zone)
		site_add_source(site, zone, source);
	return source;
}

void site_restore_energy_weight(struct source *source, const struct weight *weight)
{
	source_set_weight(source, weight);
}

void site_restore_volume_weight(struct source *source, const struct weight *weight)
{
	series_set_weight(&source->volume, *weight);
}

void site_restore_swap(struct source *source, const struct swap *swap)
{
	series_add_swap(&source->energy, *swap);
	if (source->volume.weight_count)
		series_add_swap(&source->volume, *swap);
}

bool site_restore_assignment(struct site *site, struct source *source, const char *zone, ms_t from,
			     ms_t until, struct fail *fail)
{
	struct zone *assigned = named_find(&site->zones, zone);

	if (!assigned)
		return fail_set(fail, "source %s: there is no zone %s", source->name, zone);
	balance_add(
		&assigned->balance,
		(struct term){.series = &source->energy, .from = from, .until = until, .sign = 1});
	return true;
}

void site_restore_fact(struct source *source, ms_t t, int64_t count, bool start)
{
	source_add_index(source, t, count, start);
}

void site_restore_confirmed(struct source *source, ms_t t, int64_t count, bool start,
			    enum point_kind kind)
{
	source_add_confirmed(source, t, count, start, kind);
}

void site_restore_signal(struct source *source, ms_t t)
{
	signals_add(&source->signals, t);
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
	int64_t first;

	if (!id_valid(id))
		return fail_set(fail, "collector \"%.40s\": no id", id);
	collector = site_collector(site, id);
	stream = collector_stream(collector, sequence->stream);
	for (size_t i = 0; i < sequence->count; i++)
		sequence_note(stream, sequence->runs[i].from, sequence->runs[i].to, &first);
	if (newest)
		collector->newest = collector->stream_count - 1;
	return true;
}

void site_restored(struct site *site)
{
	site->signals_outdated = true;
	site_recompute(site);
	changes_clear(&site->changes);
	for (size_t i = 0; i < site->collectors.count; i++) {
		struct collector *collector = site->collectors.items[i];

		if (collector->stream_count)
			changes_collector(&site->changes, collector->name);
	}
	for (size_t i = 0; i < site_zone_count(site); i++)
		changes_zone(&site->changes, site_zone(site, i)->id)->amounts_changed = true;
}
