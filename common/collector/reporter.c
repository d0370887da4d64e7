#include "common/collector/reporter.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/collector/event_clock.h"
#include "common/timebase/record_order.h"
#include "common/contract/topic.h"

#define TURN_MS	   (1 * MS_PER_SECOND)
#define ABOUT_MS   (10 * MS_PER_SECOND)
#define GOODBYE_MS 1000

#define NEVER INT64_MIN

struct subject {
	const char *id;
	char about_topic[TOPIC_SIZE], status_topic[TOPIC_SIZE], live_topic[TOPIC_SIZE];
	struct record_order order;
	bool withholding;
};

struct reporter {
	const struct reporter_settings *settings;
	struct loop *loop;
	void (*changed)(void *context);
	void *context;
	struct mqtt *mqtt;
	struct outbox *outbox;
	struct event_clock clock;
	size_t count;
	struct subject *subjects;
	int64_t withheld;
	bool heard_aggregator;
	bool bad_ack; /* was logged */
	char status_topic[TOPIC_SIZE], about_topic[TOPIC_SIZE];
	char aggregator_topic[TOPIC_SIZE], ack_topic[TOPIC_SIZE];
	ms_t started;	  /* on the clock of events */
	char *about;	  /* as published */
	ms_t about_since; /* monotonic */
};

/* -------- the clock -------- */

static ms_t newest_record(const struct reporter *reporter)
{
	ms_t newest = 0;

	for (size_t i = 0; i < reporter->count; i++)
		if (reporter->subjects[i].order.newest > newest)
			newest = reporter->subjects[i].order.newest;
	return newest;
}

static void date_records(struct reporter *reporter)
{
	ms_t offset = reporter->clock.timebase.offset;

	outbox_date(reporter->outbox, offset);
	for (size_t i = 0; i < reporter->count; i++)
		record_order_date(&reporter->subjects[i].order, offset);
}

static void clock_look(struct reporter *reporter)
{
	if (!reporter->settings->recording &&
	    event_clock_look(&reporter->clock, newest_record(reporter)))
		date_records(reporter);
}

/* A recording is its own clock. Otherwise a time that was known in this boot goes on from there. */
static void clock_open(struct reporter *reporter)
{
	bool recording = reporter->settings->recording;
	ms_t offset = 0;

	reporter->clock = (struct event_clock){
		.policy = reporter->settings->clock,
		.timebase.known = recording || outbox_anchor(reporter->outbox, &offset),
	};
	reporter->clock.timebase.offset = offset;
	clock_look(reporter);
	reporter->started = recording ? clock_wall() : clock_boot();
}

bool reporter_clock_known(const struct reporter *reporter)
{
	return reporter->clock.timebase.known;
}

ms_t reporter_offset(const struct reporter *reporter)
{
	return reporter->clock.timebase.offset;
}

/* -------- about -------- */

struct outbox_counts reporter_counts(const struct reporter *reporter)
{
	return outbox_counts(reporter->outbox);
}

static void about_publish(struct reporter *reporter)
{
	struct outbox_counts counts = reporter_counts(reporter);
	struct program_about about = {
		.program = reporter->settings->program,
		.version = VERSION,
		.clock_known = reporter->clock.timebase.known,
		.started = reporter->started + reporter->clock.timebase.offset,
		.waiting = counts.waiting,
		.thinned = counts.downsampled,
		.undated = counts.undated,
		.withheld = reporter->withheld,
		.trouble = outbox_trouble(reporter->outbox),
	};
	ms_t now = clock_monotonic();
	char *payload;

	if (reporter->about && now - reporter->about_since < ABOUT_MS)
		return;
	payload = program_about_encode(&about);
	if (!payload || (reporter->about && strcmp(payload, reporter->about) == 0)) {
		free(payload);
		return;
	}
	mqtt_retain(reporter->mqtt, reporter->about_topic, payload, 1, MQTT_LATEST);
	free(reporter->about);
	reporter->about = payload;
	reporter->about_since = now;
}

void reporter_status(const struct reporter *reporter, char text[REPORTER_STATUS_SIZE])
{
	const char *trouble = outbox_trouble(reporter->outbox);
	bool known = reporter->clock.timebase.known;

	snprintf(text, REPORTER_STATUS_SIZE, "broker %s, %lld records waiting%s%s%s%s",
		 mqtt_connected(reporter->mqtt) ? "connected" : "not connected",
		 (long long)reporter_counts(reporter).waiting, trouble ? "; " : "",
		 trouble ? trouble : "", known ? "" : "; the clock ",
		 known ? "" : clock_doubt_text(reporter->clock.timebase.doubt));
}

/* -------- records and live readings -------- */

static void pump(struct reporter *reporter)
{
	outbox_pump(reporter->outbox, reporter->mqtt, clock_monotonic());
	about_publish(reporter);
	reporter->changed(reporter->context);
}

bool reporter_total(const struct reporter *reporter, size_t source, struct outbox_total *total)
{
	return outbox_total(reporter->outbox, reporter->subjects[source].id, total);
}

bool reporter_durable(const struct reporter *reporter)
{
	return outbox_durable(reporter->outbox);
}

/* Its count is not withheld: a restart goes on from it. */
static void withhold(struct reporter *reporter, struct subject *subject,
		     const struct record *record, ms_t boot)
{
	if (!subject->withholding)
		log_warning("%s: records are withheld until the clock is past the newest one",
			    subject->id);
	subject->withholding = true;
	reporter->withheld++;
	outbox_move(reporter->outbox, subject->id, record, boot);
}

static void keep(struct reporter *reporter, struct subject *subject, const struct record *record)
{
	struct record dated = *record;

	if (!reporter->clock.timebase.known) {
		record_order_keep(&subject->order, record->t);
		outbox_add(reporter->outbox, subject->id, record, false, record->t);
		return;
	}
	dated.t += reporter->clock.timebase.offset;
	if (!record_order_take(&subject->order, &dated.t)) {
		withhold(reporter, subject, &dated, record->t);
		return;
	}
	if (subject->withholding)
		log_info("%s: the clock is past the newest record: records go on", subject->id);
	subject->withholding = false;
	outbox_add(reporter->outbox, subject->id, &dated, true, record->t);
}

void reporter_record(struct reporter *reporter, size_t source, const struct record *record)
{
	keep(reporter, &reporter->subjects[source], record);
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
		mqtt_send(reporter->mqtt, reporter->subjects[source].live_topic, payload,
			  strlen(payload), 0, 0);
	free(payload);
}

void reporter_online(struct reporter *reporter, size_t source, bool online)
{
	mqtt_retain(reporter->mqtt, reporter->subjects[source].status_topic,
		    online ? "online" : "offline", 1, MQTT_LATEST);
}

void reporter_retain(struct reporter *reporter, size_t source, const char *leaf,
		     const char *payload)
{
	const struct reporter_settings *settings = reporter->settings;
	char topic[TOPIC_SIZE];

	topic_build(topic, settings->broker->base, settings->site, "collector/%s/%s/%s",
		    settings->collector, reporter->subjects[source].id, leaf);
	mqtt_retain(reporter->mqtt, topic, payload, 1, MQTT_LATEST);
}

bool reporter_delivered(const struct reporter *reporter)
{
	return outbox_delivered(reporter->outbox);
}

bool reporter_aggregator_found(const struct reporter *reporter)
{
	return reporter->heard_aggregator;
}

/* -------- what the broker tells -------- */

static void broker_up(void *context)
{
	pump(context);
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
	pump(reporter);
}

static void hear_status(struct reporter *reporter, const struct mqtt_message *message)
{
	bool online;

	if (!status_decode(&online, message->payload, message->size, NULL))
		return;
	reporter->heard_aggregator = true;
	if (!online)
		return;
	outbox_aggregator_online(reporter->outbox);
	pump(reporter);
}

static void hear_ack(struct reporter *reporter, const struct mqtt_message *message)
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
	reporter->heard_aggregator = true;
	outbox_ack(reporter->outbox, ack.stream, ack.seq, clock_monotonic());
	pump(reporter);
}

static void broker_message(void *context, const struct mqtt_message *message)
{
	struct reporter *reporter = context;

	if (strcmp(message->topic, reporter->aggregator_topic) == 0)
		hear_status(reporter, message);
	else if (strcmp(message->topic, reporter->ack_topic) == 0 && message->size)
		hear_ack(reporter, message);
}

/* -------- the loop -------- */

static void broker_ready(void *context, short events)
{
	(void)events;
	mqtt_dispatch(((struct reporter *)context)->mqtt);
}

static void turn_due(void *context)
{
	clock_look(context);
	pump(context);
}

/* -------- open and close -------- */

static void name_topics(struct reporter *reporter)
{
	const struct reporter_settings *settings = reporter->settings;
	const char *base = settings->broker->base;
	const char *site = settings->site;
	const char *collector = settings->collector;

	topic_build(reporter->aggregator_topic, base, site, "status");
	topic_build(reporter->status_topic, base, site, "collector/%s/status", collector);
	topic_build(reporter->about_topic, base, site, "collector/%s/about", collector);
	topic_build(reporter->ack_topic, base, site, "collector/%s/ack", collector);
	for (size_t i = 0; i < reporter->count; i++) {
		struct subject *subject = &reporter->subjects[i];

		topic_build(subject->about_topic, base, site, "collector/%s/%s/about", collector,
			    subject->id);
		topic_build(subject->status_topic, base, site, "collector/%s/%s/status", collector,
			    subject->id);
		topic_build(subject->live_topic, base, site, "collector/%s/%s/live", collector,
			    subject->id);
	}
}

static bool connect_broker(struct reporter *reporter, struct fail *fail)
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

static void introduce(struct reporter *reporter, const struct reporter_source *sources)
{
	about_publish(reporter);
	for (size_t i = 0; i < reporter->count; i++) {
		char *payload = about_encode(&sources[i].about);

		if (payload)
			mqtt_retain(reporter->mqtt, reporter->subjects[i].about_topic, payload, 1,
				    MQTT_LATEST);
		free(payload);
		reporter_online(reporter, i, false);
	}
}

static void open_subjects(struct reporter *reporter, const struct reporter_source *sources)
{
	for (size_t i = 0; i < reporter->count; i++) {
		struct subject *subject = &reporter->subjects[i];
		struct outbox_total total;

		subject->id = sources[i].id;
		subject->order = record_order_start(
			reporter_total(reporter, i, &total) && total.t ? total.t : NEVER);
	}
}

struct reporter *reporter_open(const struct reporter_settings *settings,
			       const struct reporter_source *sources, size_t count,
			       struct loop *loop, void (*changed)(void *context), void *context,
			       struct fail *fail)
{
	struct reporter *reporter = calloc(1, sizeof(*reporter));

	if (reporter)
		reporter->subjects = calloc(count, sizeof(*reporter->subjects));
	if (!reporter || !reporter->subjects) {
		free(reporter);
		fail_set(fail, "no memory");
		return NULL;
	}
	reporter->settings = settings;
	reporter->loop = loop;
	reporter->changed = changed;
	reporter->context = context;
	reporter->count = count;
	reporter->outbox = outbox_open(settings->outbox, fail);
	if (!reporter->outbox)
		goto failed;
	open_subjects(reporter, sources);
	name_topics(reporter);
	clock_open(reporter);
	if (!connect_broker(reporter, fail))
		goto failed;
	introduce(reporter, sources);
	loop_watch(loop, mqtt_fd(reporter->mqtt), POLLIN, broker_ready, reporter);
	loop_every(loop, TURN_MS, turn_due, reporter);
	return reporter;
failed:
	reporter_close(reporter);
	return NULL;
}

void reporter_close(struct reporter *reporter)
{
	if (!reporter)
		return;
	if (reporter->mqtt) {
		loop_unwatch(reporter->loop, mqtt_fd(reporter->mqtt));
		outbox_flush(reporter->outbox);
		outbox_pump(reporter->outbox, reporter->mqtt, clock_monotonic());
		for (size_t i = 0; i < reporter->count; i++)
			reporter_online(reporter, i, false);
		mqtt_close(reporter->mqtt, GOODBYE_MS);
	}
	outbox_close(reporter->outbox);
	free(reporter->about);
	free(reporter->subjects);
	free(reporter);
}
