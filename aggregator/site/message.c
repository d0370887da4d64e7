/* How a site takes messages. */
#include <string.h>

#include "aggregator/site/parts.h"
#include "common/contract/fact.h"
#include "common/json/json.h"

/* A fact from further ahead comes from a clock that is wrong, not from one that runs a little fast.
 */
#define FUTURE_MAX_MS (10 * MS_PER_MINUTE)

/* Against topics invented by a faulty program. */
#define COLLECTORS_MAX 10000

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
	enum counts counts;
	struct live live;

	if (!live_decode(&live, payload, size, fail) || !fact_time(live.t, now, fail))
		return false;
	source = site_source(site, topic->collector, topic->source, fail);
	if (!source)
		return false;
	counts = source->counts;
	if (!source_live(source, &live, now, fail))
		return false;
	if (source->counts != counts)
		changes_source(&site->changes, source)->description_changed = true;
	return true;
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
	source = site_source(site, topic->collector, topic->source, fail);
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
	source = site_source(site, topic->collector, topic->source, fail);
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
	const struct site_settings *settings = site->settings;
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

bool site_retained_message(struct site *site, const char *text, const char *payload, size_t size,
			   ms_t now, struct fail *fail)
{
	const struct site_settings *settings = site->settings;
	struct topic topic;

	if (!topic_parse(&topic, settings->base, settings->id, text, NULL) ||
	    topic.kind != TOPIC_SOURCE_LIVE)
		return site_message(site, text, payload, size, now, fail);
	/* An empty payload deletes it. */
	site->health.retained_live += size > 0;
	return true;
}
