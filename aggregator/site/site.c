#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/site/site_parts.h"
#include "common/contract/fact.h"
#include "common/json/json.h"

/* A fact from further ahead is a clock gone wrong, not a clock that runs a little fast. */
#define FUTURE_MAX_MS (10 * MS_PER_MINUTE)

/* Against topics invented by a program gone wild. */
#define SOURCES_MAX    10000
#define COLLECTORS_MAX 10000

struct site *site_open(const struct site_settings *settings, struct publisher publisher, ms_t now)
{
	struct site *site = calloc(1, sizeof(*site));

	if (!site)
		abort();
	site->wall = (struct wall){settings, publisher};
	site->health.started = now;
	site->downsample_from = NEVER;
	tariff_open(&site->tariff, &settings->tariff);
	return site;
}

static void collector_free(struct collector *collector)
{
	for (size_t i = 0; i < collector->stream_count; i++)
		sequence_free(&collector->streams[i]);
	free(collector->streams);
	free(collector);
}

void site_close(struct site *site)
{
	struct slot *slots[] = {&site->summary,	    &site->tariff_state, &site->band,
				&site->band_index,  &site->price,	 &site->demand,
				&site->health_state};

	for (size_t i = 0; i < site->collectors.count; i++)
		collector_free(site->collectors.items[i]);
	for (size_t i = 0; i < site->sources.count; i++) {
		source_close(site->sources.items[i]);
		free(site->sources.items[i]);
	}
	for (size_t i = 0; i < site->entries.count; i++)
		entry_free(site->entries.items[i]);
	if (site->rest)
		entry_free(site->rest);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		slot_free(slots[i]);
	named_free(&site->collectors);
	named_free(&site->sources);
	named_free(&site->entries);
	grid_free(&site->grid);
	tariff_close(&site->tariff);
	keeping_free(&site->keeping);
	free(site);
}

int site_zone_count(const struct site *site)
{
	return (int)site->entries.count;
}

void site_clock_stepped(struct site *site)
{
	site->health.clock_steps++;
}

/* ---- who is who ---- */

struct collector *site_collector(struct site *site, const char *id)
{
	struct collector *collector = named_find(&site->collectors, id);

	if (!collector) {
		collector = named_add(&site->collectors, id, sizeof(*collector));
		collector->online = true;
	}
	return collector;
}

struct source *site_source(struct site *site, const struct topic *topic, struct fail *fail)
{
	char name[2 * ID_SIZE];
	struct source *source;

	snprintf(name, sizeof(name), "%s/%s", topic->collector, topic->source);
	source = named_find(&site->sources, name);
	if (source)
		return source;
	if (site->sources.count >= SOURCES_MAX) {
		fail_set(fail, "too many sources, expected at most %d", SOURCES_MAX);
		return NULL;
	}
	source = named_add(&site->sources, name, sizeof(*source));
	source_open(source, topic->collector);
	source->collector_online = site_collector(site, topic->collector)->online;
	return source;
}

/* ---- facts ---- */

bool fact_time(ms_t t, ms_t now, struct fail *fail)
{
	if (t > now + FUTURE_MAX_MS)
		return fail_set(
			fail,
			"t: %lld lies more than 10 minutes in the future: is the collector's "
			"clock set?",
			(long long)t);
	return true;
}

static bool site_live(struct site *site, const struct topic *topic, const char *payload,
		      size_t size, ms_t now, struct fail *fail)
{
	struct source *source;
	struct live live;

	if (!live_decode(&live, payload, size, fail) || !fact_time(live.t, now, fail))
		return false;
	source = site_source(site, topic, fail);
	return source && source_live(source, &live, now, fail);
}

/* What was refused because of another source may fit now. */
static void site_reconsider(struct site *site, ms_t now)
{
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		if (!source->refused.zone[0] ||
		    !site_announce(site, source, &source->refused, now, NULL))
			continue;
		source->refused.zone[0] = '\0';
		site_reconsider(site, now);
		return;
	}
}

static bool site_source_about(struct site *site, const struct topic *topic, const char *payload,
			      size_t size, ms_t now, struct fail *fail)
{
	struct about about = {0};
	struct source *source;

	if (size && !about_decode(&about, payload, size, fail))
		return false;
	source = site_source(site, topic, fail);
	if (!source)
		return false;
	source->refused.zone[0] = '\0';
	if (!size) {
		site_withdraw(site, source, now);
	} else if (!site_announce(site, source, &about, now, fail)) {
		source->refused = about;
		return false;
	}
	site_reconsider(site, now);
	return true;
}

static bool site_source_status(struct site *site, const struct topic *topic, const char *payload,
			       size_t size, struct fail *fail)
{
	struct source *source;
	bool online = true;

	if (size && !status_decode(&online, payload, size, fail))
		return false;
	source = site_source(site, topic, fail);
	if (source)
		source->meter_online = online;
	return source;
}

static bool site_collector_status(struct site *site, const struct topic *topic, const char *payload,
				  size_t size, struct fail *fail)
{
	bool online = true;

	if (size && !status_decode(&online, payload, size, fail))
		return false;
	if (site->collectors.count >= COLLECTORS_MAX &&
	    !named_find(&site->collectors, topic->collector))
		return fail_set(fail, "too many collectors, expected at most %d", COLLECTORS_MAX);
	site_collector(site, topic->collector)->online = online;
	for (size_t i = 0; i < site->sources.count; i++) {
		struct source *source = site->sources.items[i];

		if (strcmp(source->collector, topic->collector) == 0)
			source->collector_online = online;
	}
	return true;
}

static bool site_collector_about(const char *payload, size_t size, struct fail *fail)
{
	json_t *json;

	if (!size)
		return true;
	json = json_object_read(payload, size, fail);
	json_decref(json);
	return json;
}

static bool site_route(struct site *site, const struct topic *topic, const char *text,
		       const char *payload, size_t size, ms_t now, struct fail *fail)
{
	switch (topic->kind) {
	case TOPIC_SOURCE_RECORD: return site_record(site, topic, text, payload, size, now, fail);
	case TOPIC_SOURCE_LIVE: return site_live(site, topic, payload, size, now, fail);
	case TOPIC_SOURCE_ABOUT: return site_source_about(site, topic, payload, size, now, fail);
	case TOPIC_SOURCE_STATUS: return site_source_status(site, topic, payload, size, fail);
	case TOPIC_COLLECTOR_STATUS: return site_collector_status(site, topic, payload, size, fail);
	case TOPIC_COLLECTOR_ABOUT: return site_collector_about(payload, size, fail);
	case TOPIC_SOURCE_LINES:
	case TOPIC_COLLECTOR_ACK:
	case TOPIC_SITE: return true;
	}
	return true;
}

/* Names and reasons may quote what came: any bytes. */
void copy_printable(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; from[i] && i + 1 < size; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

bool site_message(struct site *site, const char *text, const char *payload, size_t size, ms_t now,
		  struct fail *fail)
{
	const struct site_settings *settings = site->wall.settings;
	struct health *health = &site->health;
	struct fail reason = {0};
	struct topic topic;

	if (topic_parse(&topic, settings->base, settings->id, text, &reason) &&
	    site_route(site, &topic, text, payload, size, now, &reason))
		return true;
	health->rejected++;
	health->rejected_at = now;
	copy_printable(health->rejected_topic, sizeof(health->rejected_topic), text);
	copy_printable(health->rejected_reason, sizeof(health->rejected_reason), reason.text);
	return fail_set(fail, "%s: %s", health->rejected_topic, health->rejected_reason);
}
