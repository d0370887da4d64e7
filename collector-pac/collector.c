#include "collector-pac/collector.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-pac/poller.h"
#include "collector-pac/source.h"
#include "common/outbox.h"
#include "common/topic.h"

#define BATCH	   64
#define PUMP_MS	   (1 * MS_PER_SECOND)
#define STATUS_MS  (10 * MS_PER_SECOND)
#define GOODBYE_MS 2000

/* One meter as the main thread sees it. */
struct subject {
	const struct meter_settings *settings;
	const struct link_peer *peer;
	struct source source;
	char live_topic[TOPIC_SIZE];
	char status_topic[TOPIC_SIZE];
	int64_t polls, failed, missed;
	enum link_outcome outcome;
};

struct collector {
	const struct settings *settings;
	struct daemon *daemon;
	size_t count;
	struct subject *subjects;
	struct poller_meter *meters;
	struct poller *poller;
	struct mqtt *mqtt;
	struct outbox *outbox;
	int64_t lost; /* polls that nobody took in time, as last looked */
	bool losing;
	char aggregator_topic[TOPIC_SIZE];
	char ack_topic[TOPIC_SIZE];
};

/* -------- readings -------- */

/* "sti-nord (10.0.0.12)" */
static const char *subject_name(const struct subject *subject, char name[320])
{
	if (subject->peer->port == 502)
		snprintf(name, 320, "%s (%s)", subject->settings->source, subject->peer->host);
	else
		snprintf(name, 320, "%s (%s:%d)", subject->settings->source, subject->peer->host,
			 subject->peer->port);
	return name;
}

static void log_state(const struct subject *subject, const struct link_result *result)
{
	char name[320], reason[200];

	if (subject->source.state == SOURCE_ONLINE) {
		log_info("%s: answers", subject_name(subject, name));
		return;
	}
	link_explain(reason, result, subject->peer);
	log_warning("%s: %s; trying again", subject_name(subject, name), reason);
}

static void log_verdict(const struct subject *subject, const struct news *news, double wh)
{
	char name[320];

	subject_name(subject, name);
	switch (subject->source.verdict) {
	case GUARD_ACCEPTED: break;
	case GUARD_FALLS:
		log_warning(
			"%s: index fell from %.15g to %.15g Wh; held back until %d readings agree",
			name, news->wh_before, wh, GUARD_AGREE);
		break;
	case GUARD_JUMPS:
		log_warning(
			"%s: index jumped from %.15g to %.15g Wh, more than nominal_w explains; "
			"held back until %d readings agree",
			name, news->wh_before, wh, GUARD_AGREE);
		break;
	case GUARD_GIVES_WAY:
		log_warning("%s: %d readings agree: index is %.15g Wh now", name, GUARD_AGREE, wh);
		break;
	}
}

static void publish_live(struct collector *collector, const struct subject *subject,
			 const struct live *live)
{
	char *payload;

	if (!mqtt_connected(collector->mqtt))
		return;
	payload = live_encode(live);
	if (payload != NULL)
		mqtt_send(collector->mqtt, subject->live_topic, payload, strlen(payload), 0, 0);
	free(payload);
}

static void retain_status(struct collector *collector, const struct subject *subject, bool online)
{
	mqtt_retain(collector->mqtt, subject->status_topic, online ? "online" : "offline", 1,
		    MQTT_LATEST);
}

static void subject_poll(struct collector *collector, const struct poll *poll)
{
	struct subject *subject = &collector->subjects[poll->meter];
	struct news news = source_read(&subject->source, &poll->reading);

	subject->polls = poll->polls;
	subject->failed = poll->failed;
	subject->missed = poll->missed;
	subject->outcome = poll->result.outcome;
	if (news.state_changed) {
		log_state(subject, &poll->result);
		retain_status(collector, subject, subject->source.state == SOURCE_ONLINE);
	}
	if (news.verdict_changed)
		log_verdict(subject, &news, poll->reading.wh);
	if (news.has_live)
		publish_live(collector, subject, &news.live);
	if (news.has_record)
		outbox_add(collector->outbox, subject->settings->source, &news.record, true,
			   clock_boot());
}

static void collector_polls(void *context, short events)
{
	struct collector *collector = context;
	struct poll polls[BATCH];
	size_t count;

	(void)events;
	do {
		count = poller_take(collector->poller, polls, BATCH);
		for (size_t i = 0; i < count; i++)
			subject_poll(collector, &polls[i]);
	} while (count == BATCH);
	outbox_pump(collector->outbox, collector->mqtt, clock_monotonic());
}

/* -------- the broker -------- */

static void broker_events(void *context, short events)
{
	(void)events;
	mqtt_dispatch(((struct collector *)context)->mqtt);
}

static void broker_up(void *context)
{
	struct collector *collector = context;

	outbox_pump(collector->outbox, collector->mqtt, clock_monotonic());
}

static void broker_down(void *context)
{
	outbox_down(((struct collector *)context)->outbox);
}

static void broker_sent(void *context, uint64_t cookie, enum mqtt_result result)
{
	struct collector *collector = context;

	outbox_sent(collector->outbox, cookie, result, clock_monotonic());
	outbox_pump(collector->outbox, collector->mqtt, clock_monotonic());
}

static void broker_message(void *context, const struct mqtt_message *message)
{
	struct collector *collector = context;
	struct ack ack;
	bool online;

	if (strcmp(message->topic, collector->ack_topic) == 0 &&
	    ack_decode(&ack, message->payload, message->size, NULL)) {
		outbox_ack(collector->outbox, ack.stream, ack.seq, clock_monotonic());
		outbox_pump(collector->outbox, collector->mqtt, clock_monotonic());
	}
	if (strcmp(message->topic, collector->aggregator_topic) != 0 ||
	    !status_decode(&online, message->payload, message->size, NULL) || !online)
		return;
	outbox_heard(collector->outbox);
	outbox_pump(collector->outbox, collector->mqtt, clock_monotonic());
}

/* -------- timers -------- */

static void pump_due(void *context)
{
	struct collector *collector = context;

	outbox_pump(collector->outbox, collector->mqtt, clock_monotonic());
}

static void look_for_lost(struct collector *collector)
{
	int64_t lost = poller_lost(collector->poller);
	bool losing = lost > collector->lost;

	if (losing && !collector->losing)
		log_warning("this machine does not keep up: %lld readings lost so far; end what "
			    "else runs on it, or choose a longer poll_ms",
			    (long long)lost);
	else if (!losing && collector->losing)
		log_info("keeps up again: %lld readings were lost", (long long)lost);
	collector->lost = lost;
	collector->losing = losing;
}

static void status_due(void *context)
{
	struct collector *collector = context;
	int64_t polls = 0, failed = 0, missed = 0;
	size_t online = 0;

	look_for_lost(collector);
	for (size_t i = 0; i < collector->count; i++) {
		const struct subject *subject = &collector->subjects[i];

		online += subject->source.state == SOURCE_ONLINE;
		polls += subject->polls;
		failed += subject->failed;
		missed += subject->missed;
	}
	daemon_status(
		collector->daemon,
		"%zu of %zu meters answer; %lld polls, %lld failed, %lld slots missed; broker "
		"%s, %lld records waiting",
		online, collector->count, (long long)polls, (long long)failed, (long long)missed,
		mqtt_connected(collector->mqtt) ? "connected" : "away",
		(long long)outbox_counts(collector->outbox).waiting);
}

/* -------- opening and closing -------- */

static void subject_start(struct collector *collector, size_t index)
{
	const struct settings *settings = collector->settings;
	const struct meter_settings *meter = settings_meter(settings, index);
	struct subject *subject = &collector->subjects[index];
	struct poller_meter *polled = &collector->meters[index];

	polled->profile = &meter->profile;
	polled->peer = (struct link_peer){
		.host = meter->host,
		.port = (int)meter->port,
		.unit = (int)meter->unit,
		.timeout_ms = settings->timeout_ms,
	};
	subject->settings = meter;
	subject->peer = &polled->peer;
	subject->source = source_start(settings->record_s * MS_PER_SECOND, meter->nominal_w);
	topic_build(subject->live_topic, settings->broker.base, settings->site,
		    "collector/%s/%s/live", settings->collector, meter->source);
	topic_build(subject->status_topic, settings->broker.base, settings->site,
		    "collector/%s/%s/status", settings->collector, meter->source);
}

static void retain_and_free(struct mqtt *mqtt, const char *topic, char *payload)
{
	if (payload != NULL)
		mqtt_retain(mqtt, topic, payload, 1, MQTT_LATEST);
	free(payload);
}

static void subject_announce(struct collector *collector, size_t index)
{
	const struct settings *settings = collector->settings;
	const struct meter_settings *meter = settings_meter(settings, index);
	char topic[TOPIC_SIZE];
	struct about about = {
		.nominal_w = meter->nominal_w,
		.role = (enum role)meter->role,
		.wh_per_pulse = NAN,
		.m3_per_pulse = NAN,
		.kwh_per_m3 = NAN,
		.min_interval_us = NAN,
	};

	memcpy(about.kind, meter->profile.name, sizeof(about.kind));
	memcpy(about.medium, meter->medium, sizeof(about.medium));
	memcpy(about.zone, meter->zone, sizeof(about.zone));
	memcpy(about.label, meter->label, sizeof(about.label));
	topic_build(topic, settings->broker.base, settings->site, "collector/%s/%s/about",
		    settings->collector, meter->source);
	retain_and_free(collector->mqtt, topic, about_encode(&about));
	retain_status(collector, &collector->subjects[index], false);
}

static bool broker_open(struct collector *collector, struct fail *fail)
{
	const struct settings *settings = collector->settings;
	const struct mqtt_handler handler = {
		.context = collector,
		.up = broker_up,
		.down = broker_down,
		.message = broker_message,
		.sent = broker_sent,
	};
	char topic[TOPIC_SIZE], client_id[2 * ID_SIZE];

	snprintf(client_id, sizeof(client_id), "%s-%s", settings->site, settings->collector);
	topic_build(topic, settings->broker.base, settings->site, "collector/%s/status",
		    settings->collector);
	collector->mqtt = mqtt_open(&settings->broker, client_id, topic, &handler, fail);
	if (collector->mqtt == NULL)
		return false;

	topic_build(topic, settings->broker.base, settings->site, "collector/%s/about",
		    settings->collector);
	retain_and_free(collector->mqtt, topic,
			program_about_encode("collector-pac", VERSION, clock_wall()));
	for (size_t i = 0; i < collector->count; i++)
		subject_announce(collector, i);
	topic_build(collector->aggregator_topic, settings->broker.base, settings->site, "status");
	mqtt_subscribe(collector->mqtt, collector->aggregator_topic, 1);
	topic_build(collector->ack_topic, settings->broker.base, settings->site, "collector/%s/ack",
		    settings->collector);
	mqtt_subscribe(collector->mqtt, collector->ack_topic, 1);
	return true;
}

static bool collector_start(struct collector *collector, struct fail *fail)
{
	const struct settings *settings = collector->settings;

	collector->subjects = calloc(collector->count, sizeof(*collector->subjects));
	collector->meters = calloc(collector->count, sizeof(*collector->meters));
	if (collector->subjects == NULL || collector->meters == NULL)
		return fail_set(fail, "out of memory");
	for (size_t i = 0; i < collector->count; i++)
		subject_start(collector, i);
	collector->outbox = outbox_open(&settings->outbox, fail);
	if (collector->outbox == NULL || !broker_open(collector, fail))
		return false;
	collector->poller =
		poller_open(collector->meters, collector->count, settings->poll_ms, fail);
	return collector->poller != NULL;
}

struct collector *collector_open(const struct settings *settings, struct daemon *daemon,
				 struct fail *fail)
{
	struct collector *collector = calloc(1, sizeof(*collector));

	if (collector == NULL) {
		fail_set(fail, "out of memory");
		return NULL;
	}
	collector->settings = settings;
	collector->daemon = daemon;
	collector->count = settings->meters.count;
	if (!collector_start(collector, fail)) {
		collector_close(collector);
		return NULL;
	}
	daemon_watch(daemon, mqtt_fd(collector->mqtt), POLLIN, broker_events, collector);
	daemon_watch(daemon, poller_fd(collector->poller), POLLIN, collector_polls, collector);
	daemon_every(daemon, PUMP_MS, pump_due, collector);
	daemon_every(daemon, STATUS_MS, status_due, collector);
	log_info("polling %zu meters every %lld ms", collector->count,
		 (long long)settings->poll_ms);
	return collector;
}

static void log_counts(const struct collector *collector)
{
	for (size_t i = 0; i < collector->count; i++) {
		const struct subject *subject = &collector->subjects[i];
		char name[320];

		log_info("%s: %lld polls, %lld failed, %lld slots missed",
			 subject_name(subject, name), (long long)subject->polls,
			 (long long)subject->failed, (long long)subject->missed);
	}
}

void collector_close(struct collector *collector)
{
	if (collector == NULL)
		return;
	if (collector->poller != NULL) {
		daemon_unwatch(collector->daemon, poller_fd(collector->poller));
		daemon_unwatch(collector->daemon, mqtt_fd(collector->mqtt));
		collector_polls(collector, 0);
		poller_close(collector->poller);
		log_counts(collector);
	}
	if (collector->mqtt != NULL) {
		/* Nobody asks the meters any more. */
		for (size_t i = 0; i < collector->count; i++)
			retain_status(collector, &collector->subjects[i], false);
		mqtt_close(collector->mqtt, GOODBYE_MS);
	}
	if (collector->outbox != NULL)
		outbox_close(collector->outbox);
	free(collector->meters);
	free(collector->subjects);
	free(collector);
}
