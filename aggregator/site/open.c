/* Opening a site, and what it consists of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/parts.h"
#include "common/base/memory.h"

/* Against topics invented by a faulty program. */
#define SOURCES_MAX 10000

struct site *site_open(const struct site_settings *settings, ms_t now)
{
	struct site *site = allocate(1, sizeof(*site));

	site->settings = settings;
	site->room = (struct site_room){SIZE_MAX, SIZE_MAX};
	site->health.started = now;
	site->downsample_from = NEVER;
	tariff_open(&site->tariff, &settings->tariff);
	return site;
}

void site_close(struct site *site)
{
	for (size_t i = 0; i < site->collectors.count; i++)
		collector_free(site->collectors.items[i]);
	for (size_t i = 0; i < site->sources.count; i++) {
		source_close(site->sources.items[i]);
		free(site->sources.items[i]);
	}
	for (size_t i = 0; i < site_zone_count(site); i++) {
		struct zone *zone = site_zone(site, i);

		zone_free(zone);
		free(zone);
	}
	named_free(&site->collectors);
	named_free(&site->sources);
	named_free(&site->zones);
	signals_free(&site->signals);
	tariff_close(&site->tariff);
	changes_free(&site->changes);
	changes_free(&site->given);
	free(site);
}

void site_clock_stepped(struct site *site)
{
	site->health.clock_steps++;
}

/* ---- reading ---- */

size_t site_zone_count(const struct site *site)
{
	return site->zones.count + (site->rest ? 1 : 0);
}

struct zone *site_zone(const struct site *site, size_t i)
{
	return i < site->zones.count ? site->zones.items[i] : site->rest;
}

struct zone *site_find_zone(const struct site *site, const char *id)
{
	return strcmp(id, REST_ID) == 0 ? site->rest : named_find(&site->zones, id);
}

struct source *site_find_source(const struct site *site, const char *collector, const char *source)
{
	char name[2 * ID_SIZE];

	if (strlen(collector) >= ID_SIZE || strlen(source) >= ID_SIZE)
		return NULL;
	snprintf(name, sizeof(name), "%s/%s", collector, source);
	return named_find(&site->sources, name);
}

struct zone_context site_context(struct site *site, ms_t now)
{
	return (struct zone_context){
		.now = now,
		.limits = site->settings->limits,
		.tariff = &site->tariff,
		.signals = &site->signals,
		.main = site->main,
	};
}

/* ---- collectors and sources ---- */

struct collector *site_collector(struct site *site, const char *id)
{
	struct collector *collector = named_find(&site->collectors, id);

	if (!collector) {
		collector = named_add(&site->collectors, id, sizeof(*collector));
		collector->online = true;
	}
	return collector;
}

struct source *site_source(struct site *site, const char *collector, const char *id,
			   struct fail *fail)
{
	struct source *source = site_find_source(site, collector, id);
	char name[2 * ID_SIZE];

	if (source)
		return source;
	if (site->sources.count >= SOURCES_MAX) {
		fail_set(fail, "too many sources, expected at most %d", SOURCES_MAX);
		return NULL;
	}
	snprintf(name, sizeof(name), "%s/%s", collector, id);
	source = named_add(&site->sources, name, sizeof(*source));
	source_open(source, collector);
	source->collector_online = site_collector(site, collector)->online;
	return source;
}

size_t site_new_facts(const struct site *site)
{
	return site->changes.facts.count;
}
