#include <stdio.h>
#include <string.h>

#include "common/collector/reporter_parts.h"

static void broker_up(void *context)
{
	reporter_pump(context);
}

static void broker_down(void *context)
{
	struct reporter *reporter = context;

	outbox_down(reporter->outbox);
	reporter->changed(reporter->context);
}

static void broker_sent(void *context, uint64_t cookie, enum mqtt_result result)
{
	struct reporter *reporter = context;

	outbox_sent(reporter->outbox, cookie, result, clock_monotonic());
	reporter_pump(reporter);
}

static void receive_status(struct reporter *reporter, const struct mqtt_message *message)
{
	bool online;

	if (!status_decode(&online, message->payload, message->size, NULL))
		return;
	reporter->aggregator_found = true;
	reporter->aggregator_online = online;
	if (!online)
		return;
	outbox_aggregator_online(reporter->outbox);
	reporter_pump(reporter);
}

static void receive_ack(struct reporter *reporter, const struct mqtt_message *message)
{
	struct fail fail = {0};
	struct ack ack;

	if (!ack_decode(&ack, message->payload, message->size, &fail)) {
		if (!reporter->bad_ack)
			log_warning("%s: %s", message->topic, fail.text);
		reporter->bad_ack = true;
		return;
	}
	reporter->bad_ack = false;
	reporter->aggregator_found = true;
	outbox_ack(reporter->outbox, ack.stream, ack.seq, clock_monotonic());
	reporter_pump(reporter);
}

static void broker_message(void *context, const struct mqtt_message *message)
{
	struct reporter *reporter = context;

	if (strcmp(message->topic, reporter->aggregator_topic) == 0)
		receive_status(reporter, message);
	else if (strcmp(message->topic, reporter->ack_topic) == 0 && message->size)
		receive_ack(reporter, message);
}

bool reporter_connect(struct reporter *reporter, struct fail *fail)
{
	const struct reporter_settings *settings = reporter->settings;
	const struct mqtt_handler handler = {
		.context = reporter,
		.up = broker_up,
		.down = broker_down,
		.message = broker_message,
		.sent = broker_sent,
	};
	char client_id[2 * ID_SIZE];

	snprintf(client_id, sizeof(client_id), "%s-%s", settings->site, settings->collector);
	reporter->mqtt =
		mqtt_open(settings->broker, client_id, reporter->status_topic, &handler, fail);
	if (!reporter->mqtt)
		return false;
	mqtt_subscribe(reporter->mqtt, reporter->aggregator_topic, 1);
	mqtt_subscribe(reporter->mqtt, reporter->ack_topic, 1);
	return true;
}

bool reporter_aggregator_found(const struct reporter *reporter)
{
	return reporter->aggregator_found;
}
