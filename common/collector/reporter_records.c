#include <stdlib.h>
#include <string.h>

#include "common/collector/reporter_parts.h"
#include "common/contract/topic.h"

bool reporter_total(const struct reporter *reporter, size_t source, struct outbox_total *total)
{
	return outbox_total(reporter->outbox, reporter->sources[source].id, total);
}

bool reporter_durable(const struct reporter *reporter)
{
	return outbox_durable(reporter->outbox);
}

/* The position moves nevertheless, so that a restart counts on from it. */
static void withhold(struct reporter *reporter, struct reported_source *source,
		     const struct record *record, ms_t boot)
{
	if (!source->withholding)
		log_warning("%s: records are withheld until the clock is past the newest one",
			    source->id);
	source->withholding = true;
	reporter->withheld++;
	outbox_move(reporter->outbox, source->id, record, boot);
}

static void add(struct reporter *reporter, struct reported_source *source,
		const struct record *record)
{
	struct record dated = *record;

	if (!reporter->clock.timebase.known) {
		record_order_add_undated(&source->order, record->t);
		outbox_add(reporter->outbox, source->id, record, false, record->t);
		return;
	}
	dated.t += reporter->clock.timebase.offset;
	if (!record_order_admit(&source->order, &dated.t)) {
		withhold(reporter, source, &dated, record->t);
		return;
	}
	if (source->withholding)
		log_info("%s: the clock is past the newest record: records go on", source->id);
	source->withholding = false;
	outbox_add(reporter->outbox, source->id, &dated, true, record->t);
}

void reporter_record(struct reporter *reporter, size_t source, const struct record *record)
{
	add(reporter, &reporter->sources[source], record);
	outbox_pump(reporter->outbox, reporter->mqtt, clock_monotonic());
}

void reporter_live(struct reporter *reporter, size_t source, const struct live *live)
{
	struct live dated = *live;
	char *payload;

	if (!reporter->clock.timebase.known || !mqtt_connected(reporter->mqtt))
		return;
	dated.t += reporter->clock.timebase.offset;
	payload = live_encode(&dated);
	if (payload)
		mqtt_send(reporter->mqtt, reporter->sources[source].live_topic, payload,
			  strlen(payload), 0, 0);
	free(payload);
}

void reporter_online(struct reporter *reporter, size_t source, bool online)
{
	mqtt_retain(reporter->mqtt, reporter->sources[source].status_topic,
		    online ? "online" : "offline", 1, MQTT_LATEST);
}

void reporter_retain(struct reporter *reporter, size_t source, const char *leaf,
		     const char *payload)
{
	const struct reporter_settings *settings = reporter->settings;
	char topic[TOPIC_SIZE];

	topic_build(topic, settings->broker->base, settings->site, "collector/%s/%s/%s",
		    settings->collector, reporter->sources[source].id, leaf);
	mqtt_retain(reporter->mqtt, topic, payload, 1, MQTT_LATEST);
}

struct outbox_counts reporter_counts(const struct reporter *reporter)
{
	return outbox_counts(reporter->outbox);
}

bool reporter_delivered(const struct reporter *reporter)
{
	return outbox_delivered(reporter->outbox);
}
