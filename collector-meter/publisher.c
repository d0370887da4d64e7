#include "collector-meter/publisher.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/timer.h"
#include "common/outbox.h"
#include "common/topic.h"

#define OUTBOX_READY 4000 /* a recording waits while more are on their way */
#define PUMP_MS	     1000
#define LIVE_MS	     100 /* at most 10 messages a second for each source */
#define GOODBYE_MS   2000

/* Pulses since the last live message. */
struct news {
	bool due;
	ms_t sent; /* monotonic */
	ms_t t;
	int64_t pulses;
	ns_t intervals; /* sum of the plausible ones */
	int64_t interval_count;
};

struct subject {
	char about_topic[TOPIC_SIZE];
	char status_topic[TOPIC_SIZE];
	char live_topic[TOPIC_SIZE];
	bool online;
	struct news news;
};

struct publisher {
	const struct settings *settings;
	struct daemon *daemon;
	struct station *station;
	struct mqtt *mqtt;
	struct outbox *outbox;
	struct timer *timer;
	struct subject *subjects;
	char aggregator_topic[TOPIC_SIZE];
	char ack_topic[TOPIC_SIZE];
	bool finished; /* the recording is over */
};

/* -------- live -------- */

static void send_live(struct publisher *publisher, struct subject *subject)
{
	struct news *news = &subject->news;
	struct live live = {
		.t = news->t,
		.is_pulse = true,
		.pulses = news->pulses,
		.interval_us = news->interval_count ? (double)news->intervals /
							      (double)news->interval_count / 1000
						    : NAN,
		.power_w = NAN,
		.wh = NAN,
	};
	char *payload = live_encode(&live);

	if (payload)
		mqtt_send(publisher->mqtt, subject->live_topic, payload, strlen(payload), 0, 0);
	free(payload);
	*news = (struct news){.sent = clock_monotonic()};
}

/* Sends what is due; sets the timer for what came too soon after the last message. */
static void live_due(void *context)
{
	struct publisher *publisher = context;
	ms_t now = clock_monotonic();
	ms_t wait = LIVE_MS + 1;

	for (size_t i = 0; i < publisher->settings->sources.count; i++) {
		struct subject *subject = &publisher->subjects[i];
		ms_t left = subject->news.sent + LIVE_MS - now;

		if (!subject->news.due)
			continue;
		if (left <= 0)
			send_live(publisher, subject);
		else if (left < wait)
			wait = left;
	}
	if (wait <= LIVE_MS)
		timer_set(publisher->timer, wait);
}

static void note_pulse(struct publisher *publisher, struct subject *subject,
		       const struct counter_event *event, ms_t t)
{
	struct news *news = &subject->news;
	bool waiting = news->due;

	news->due = true;
	news->t = t;
	news->pulses = event->pulses;
	if (event->plausible) {
		news->intervals += event->interval;
		news->interval_count++;
	}
	if (!waiting)
		live_due(publisher);
}

/* -------- what the station tells -------- */

static void pump(struct publisher *publisher)
{
	struct outbox_counts counts;

	outbox_pump(publisher->outbox, publisher->mqtt, clock_monotonic());
	counts = outbox_counts(publisher->outbox);
	if (publisher->finished && counts.waiting == 0) {
		log_info("recording delivered, %lld records", (long long)counts.acknowledged);
		daemon_stop(publisher->daemon, EXIT_DONE);
	} else if (publisher->station && counts.waiting < OUTBOX_READY / 2) {
		station_resume(publisher->station);
	}
}

static void station_event(void *context, size_t source, const struct counter *counter,
			  const struct counter_event *event, ms_t t)
{
	struct publisher *publisher = context;

	(void)counter;
	if (event->kind == COUNTER_PULSE) {
		note_pulse(publisher, &publisher->subjects[source], event, t);
		return;
	}
	outbox_add(publisher->outbox, settings_source(publisher->settings, source)->source,
		   &event->record, true, clock_boot());
	outbox_pump(publisher->outbox, publisher->mqtt, clock_monotonic());
}

static void retain_status(struct publisher *publisher, struct subject *subject, bool online)
{
	subject->online = online;
	mqtt_retain(publisher->mqtt, subject->status_topic, online ? "online" : "offline", 1,
		    MQTT_LATEST);
}

static void show_status(struct publisher *publisher)
{
	size_t online = 0;

	for (size_t i = 0; i < publisher->settings->sources.count; i++)
		online += publisher->subjects[i].online;
	daemon_status(publisher->daemon, "%zu of %zu meters, broker %s", online,
		      publisher->settings->sources.count,
		      mqtt_connected(publisher->mqtt) ? "connected" : "not connected");
}

static void station_online(void *context, size_t source, bool online)
{
	struct publisher *publisher = context;

	retain_status(publisher, &publisher->subjects[source], online);
	show_status(publisher);
}

static void station_finished(void *context)
{
	struct publisher *publisher = context;

	publisher->finished = true;
	outbox_flush(publisher->outbox);
	pump(publisher);
}

static bool station_ready(void *context)
{
	struct publisher *publisher = context;

	return outbox_counts(publisher->outbox).waiting < OUTBOX_READY;
}

struct listener publisher_listener(struct publisher *publisher)
{
	return (struct listener){
		.context = publisher,
		.event = station_event,
		.online = station_online,
		.finished = station_finished,
		.ready = station_ready,
	};
}

void publisher_feeds_from(struct publisher *publisher, struct station *station)
{
	publisher->station = station;
}

/* -------- what the broker tells -------- */

static void broker_up(void *context)
{
	show_status(context);
	pump(context);
}

static void broker_down(void *context)
{
	struct publisher *publisher = context;

	outbox_down(publisher->outbox);
	show_status(publisher);
}

static void broker_message(void *context, const struct mqtt_message *message)
{
	struct publisher *publisher = context;
	struct ack ack;
	bool online;

	if (strcmp(message->topic, publisher->ack_topic) == 0 &&
	    ack_decode(&ack, message->payload, message->size, NULL)) {
		outbox_ack(publisher->outbox, ack.stream, ack.seq, clock_monotonic());
		pump(publisher);
	}
	if (strcmp(message->topic, publisher->aggregator_topic) != 0 ||
	    !status_decode(&online, message->payload, message->size, NULL) || !online)
		return;
	outbox_heard(publisher->outbox);
	pump(publisher);
}

static void broker_sent(void *context, uint64_t cookie, enum mqtt_result result)
{
	struct publisher *publisher = context;

	outbox_sent(publisher->outbox, cookie, result, clock_monotonic());
	pump(publisher);
}

static void broker_ready(void *context, short events)
{
	(void)events;
	mqtt_dispatch(((struct publisher *)context)->mqtt);
}

static void pump_due(void *context)
{
	pump(context);
}

/* -------- open and close -------- */

static bool name_topics(struct publisher *publisher)
{
	const struct settings *settings = publisher->settings;
	const char *base = settings->broker.base;
	const char *site = settings->site;

	publisher->subjects = calloc(settings->sources.count, sizeof(*publisher->subjects));
	if (!publisher->subjects)
		return false;
	topic_build(publisher->aggregator_topic, base, site, "status");
	topic_build(publisher->ack_topic, base, site, "collector/%s/ack", settings->collector);
	for (size_t i = 0; i < settings->sources.count; i++) {
		const char *collector = settings->collector;
		const char *source = settings_source(settings, i)->source;
		struct subject *subject = &publisher->subjects[i];

		topic_build(subject->about_topic, base, site, "collector/%s/%s/about", collector,
			    source);
		topic_build(subject->status_topic, base, site, "collector/%s/%s/status", collector,
			    source);
		topic_build(subject->live_topic, base, site, "collector/%s/%s/live", collector,
			    source);
		subject->news.sent = -LIVE_MS;
	}
	return true;
}

static void introduce(struct publisher *publisher)
{
	const struct settings *settings = publisher->settings;
	char topic[TOPIC_SIZE];
	char *payload = program_about_encode("collector-meter", VERSION, clock_wall());

	topic_build(topic, settings->broker.base, settings->site, "collector/%s/about",
		    settings->collector);
	if (payload)
		mqtt_retain(publisher->mqtt, topic, payload, 1, MQTT_LATEST);
	free(payload);
	for (size_t i = 0; i < settings->sources.count; i++) {
		struct about about = source_about(settings_source(settings, i));

		payload = about_encode(&about);
		if (payload)
			mqtt_retain(publisher->mqtt, publisher->subjects[i].about_topic, payload, 1,
				    MQTT_LATEST);
		free(payload);
		retain_status(publisher, &publisher->subjects[i], false);
	}
}

static bool connect_broker(struct publisher *publisher, struct fail *fail)
{
	const struct settings *settings = publisher->settings;
	struct mqtt_handler handler = {
		.context = publisher,
		.up = broker_up,
		.down = broker_down,
		.message = broker_message,
		.sent = broker_sent,
	};
	char status_topic[TOPIC_SIZE];
	char client_id[2 * ID_SIZE];

	snprintf(client_id, sizeof(client_id), "%s-%s", settings->site, settings->collector);
	topic_build(status_topic, settings->broker.base, settings->site, "collector/%s/status",
		    settings->collector);
	publisher->mqtt = mqtt_open(&settings->broker, client_id, status_topic, &handler, fail);
	if (!publisher->mqtt)
		return false;
	mqtt_subscribe(publisher->mqtt, publisher->aggregator_topic, 1);
	mqtt_subscribe(publisher->mqtt, publisher->ack_topic, 1);
	introduce(publisher);
	daemon_watch(publisher->daemon, mqtt_fd(publisher->mqtt), POLLIN, broker_ready, publisher);
	return true;
}

struct publisher *publisher_open(const struct settings *settings, struct daemon *daemon,
				 struct fail *fail)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));

	if (!publisher)
		goto no_memory;
	publisher->settings = settings;
	publisher->daemon = daemon;
	if (!name_topics(publisher))
		goto no_memory;
	publisher->outbox = outbox_open(&settings->outbox, fail);
	publisher->timer = timer_open(daemon, live_due, publisher, fail);
	if (!publisher->outbox || !publisher->timer || !connect_broker(publisher, fail))
		goto failed;
	daemon_every(daemon, PUMP_MS, pump_due, publisher);
	return publisher;
no_memory:
	fail_set(fail, "no memory");
failed:
	publisher_close(publisher);
	return NULL;
}

void publisher_close(struct publisher *publisher)
{
	if (!publisher)
		return;
	if (publisher->mqtt) {
		daemon_unwatch(publisher->daemon, mqtt_fd(publisher->mqtt));
		mqtt_close(publisher->mqtt, GOODBYE_MS);
	}
	outbox_close(publisher->outbox);
	timer_close(publisher->timer);
	free(publisher->subjects);
	free(publisher);
}
