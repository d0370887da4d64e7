#include "common/mqtt/mqtt.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/backoff.h"
#include "common/base/memory.h"
#include "common/process/clock.h"
#include "common/mqtt/connection.h"
#include "common/mqtt/event_queue.h"
#include "common/process/log.h"
#include "common/mqtt/nagle.h"
#include "common/mqtt/mqtt_password.h"
#include "common/mqtt/mqtt_reason.h"
#include "common/mqtt/retained.h"
#include "common/mqtt/sender.h"
#include "common/mqtt/subscriptions.h"

/* A connection that lived for less does not shorten the next pause. */
#define STABLE_MS (10 * MS_PER_SECOND)
/* An attempt without any result is given up after this. */
#define ATTEMPT_MS (60 * MS_PER_SECOND)

enum state { STATE_WAITING, STATE_CONNECTING, STATE_UP };

struct mqtt {
	struct mqtt_config config;
	char client_id[sizeof(((struct mqtt_config *)0)->client_id)];
	char password[MQTT_PASSWORD_SIZE];
	char will_topic[TOPIC_SIZE];
	struct mqtt_handler handler;
	struct event_queue *queue;
	struct connection *connection;
	struct retained *retained;
	struct sender sender;
	int epoll;
	int timer; /* the next attempt */
	enum state state;
	ms_t up_since;
	struct backoff backoff;
	char trouble[900]; /* that was logged last; empty: none since the last connection */
	struct subscriptions subscriptions;
	bool skipping; /* values of MQTT_EACH, and it was logged */
};

/* -------- connecting -------- */

static void timer_set(struct mqtt *mqtt, ms_t delay)
{
	/* 0 would stop the timer. */
	struct itimerspec when = {
		.it_value = {.tv_sec = delay / MS_PER_SECOND,
			     .tv_nsec = delay % MS_PER_SECOND * 1000000 + 1},
	};

	timerfd_settime(mqtt->timer, 0, &when, NULL);
}

static void timer_stop(struct mqtt *mqtt)
{
	timerfd_settime(mqtt->timer, 0, &(struct itimerspec){0}, NULL);
}

static uint32_t random_number(void)
{
	uint32_t number = 0;

	(void)!getrandom(&number, sizeof(number), 0);
	return number;
}

static struct connection *connection_make(struct mqtt *mqtt)
{
	struct connection_options options = {
		.config = &mqtt->config,
		.client_id = mqtt->client_id,
		.password = mqtt->config.password_file[0] ? mqtt->password : NULL,
		.will_topic = mqtt->will_topic[0] ? mqtt->will_topic : NULL,
	};

	return connection_open(&options, mqtt->queue);
}

static void mqtt_attempt(struct mqtt *mqtt)
{
	struct connection *connection = connection_make(mqtt);

	timer_set(mqtt, ATTEMPT_MS);
	if (!connection)
		return;
	connection_close(mqtt->connection);
	/* Events of the old connection are of no use any more. */
	event_queue_clear(mqtt->queue);
	mqtt->connection = connection;
	mqtt->state = STATE_CONNECTING;
	connection_start(connection);
}

static void log_up(const struct mqtt *mqtt)
{
	const struct mqtt_config *config = &mqtt->config;

	log_info("connected to %s:%d%s%s%s", config->host, (int)config->port,
		 config->user[0] ? " as " : "", config->user, config->tls ? " with TLS" : "");
}

static void log_trouble(struct mqtt *mqtt, bool was_up, const char *reason)
{
	const struct mqtt_config *config = &mqtt->config;
	char trouble[sizeof(mqtt->trouble)];

	snprintf(trouble, sizeof(trouble), "broker %s:%d: %s%s", config->host, (int)config->port,
		 was_up ? "connection lost: " : "", reason);
	if (strcmp(trouble, mqtt->trouble) == 0) {
		log_debug("%s; trying again", trouble);
		return;
	}
	memcpy(mqtt->trouble, trouble, sizeof(trouble));
	log_warning("%s; trying again", trouble);
}

static void mqtt_down(struct mqtt *mqtt, const struct mqtt_event *event)
{
	bool was_up = mqtt->state == STATE_UP;

	if (mqtt->state == STATE_WAITING)
		return;
	mqtt->state = STATE_WAITING;
	if (was_up && clock_monotonic() - mqtt->up_since >= STABLE_MS)
		backoff_reset(&mqtt->backoff);
	timer_set(mqtt, event->hopeless ? backoff_longest(&mqtt->backoff, random_number())
					: backoff_next(&mqtt->backoff, random_number()));
	log_trouble(mqtt, was_up, event->text.data);
	if (!was_up)
		return;
	sender_down(&mqtt->sender);
	if (mqtt->handler.down)
		mqtt->handler.down(mqtt->handler.context);
}

/* -------- publishing and subscribing -------- */

void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload, int qos,
		 enum mqtt_retain_flags flags)
{
	/* Without a connection only the newest value matters. */
	bool each = flags == MQTT_EACH && mqtt->state == STATE_UP;
	size_t skipped;

	if (!retained_set(mqtt->retained, topic, payload, qos, each)) {
		log_error("%s: not published, there is no value", topic);
		return;
	}
	skipped = retained_skipped(mqtt->retained);
	if (skipped && !mqtt->skipping)
		log_warning("the broker is too slow: values of retained topics are skipped");
	mqtt->skipping = skipped;
	sender_pump(&mqtt->sender);
}

bool mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	return sender_send(
		&mqtt->sender,
		&(struct publication){.topic = topic, .payload = payload, .size = size, .qos = qos},
		cookie);
}

void mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *request, const char *payload)
{
	struct publication response = {
		.topic = request->response_topic,
		.payload = payload,
		.size = payload ? strlen(payload) : 0,
		.correlation = request->correlation,
		.correlation_size = request->correlation_size,
	};

	if (request->response_topic && payload)
		sender_respond(&mqtt->sender, &response);
}

void mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos)
{
	subscriptions_add(&mqtt->subscriptions, filter, qos);
	if (mqtt->state == STATE_UP)
		subscriptions_send(&mqtt->subscriptions, mqtt->subscriptions.count - 1,
				   mqtt->connection);
}

/* -------- events -------- */

static void mqtt_up(struct mqtt *mqtt, const struct mqtt_event *event)
{
	mqtt->state = STATE_UP;
	mqtt->up_since = clock_monotonic();
	mqtt->trouble[0] = 0;
	timer_stop(mqtt);
	nagle_off(mqtt->config.port);
	sender_up(&mqtt->sender, mqtt->connection, event);
	log_up(mqtt);
	subscriptions_send(&mqtt->subscriptions, 0, mqtt->connection);
	sender_pump(&mqtt->sender);
	if (mqtt->handler.up)
		mqtt->handler.up(mqtt->handler.context);
}

static enum mqtt_result result_of(int reason)
{
	return reason >= REASON_REFUSED		 ? MQTT_REFUSED
	       : reason == REASON_NO_SUBSCRIBERS ? MQTT_NO_SUBSCRIBERS
						 : MQTT_DELIVERED;
}

static void mqtt_answered(struct mqtt *mqtt, const struct mqtt_event *event)
{
	uint64_t cookie;

	/* The end of its connection may come before an answer. */
	if (mqtt->state != STATE_UP)
		return;
	if (event->token >= TOKEN_SUBSCRIPTION)
		subscriptions_answered(&mqtt->subscriptions, event->token, event->reason);
	else if (sender_answered(&mqtt->sender, event, &cookie) && mqtt->handler.sent)
		mqtt->handler.sent(mqtt->handler.context, cookie, result_of(event->reason));
}

static void mqtt_received(struct mqtt *mqtt, const struct mqtt_event *event)
{
	struct mqtt_message message = {
		.topic = event->text.data,
		.payload = event->payload.data,
		.size = event->payload.size,
		.retained = event->retained,
		.response_topic = event->response_topic.data,
		.correlation = event->correlation.data,
		.correlation_size = event->correlation.size,
	};

	if (mqtt->handler.message)
		mqtt->handler.message(mqtt->handler.context, &message);
}

static void mqtt_handle(struct mqtt *mqtt, const struct mqtt_event *event)
{
	switch (event->kind) {
	case EVENT_UP: mqtt_up(mqtt, event); break;
	case EVENT_DOWN: mqtt_down(mqtt, event); break;
	case EVENT_ANSWER: mqtt_answered(mqtt, event); break;
	case EVENT_MESSAGE: mqtt_received(mqtt, event); break;
	}
}

void mqtt_dispatch(struct mqtt *mqtt)
{
	struct mqtt_event event;
	uint64_t expirations;
	int64_t dropped;

	if (read(mqtt->timer, &expirations, sizeof(expirations)) == sizeof(expirations))
		mqtt_attempt(mqtt);
	event_queue_begin(mqtt->queue);
	while (event_queue_next(mqtt->queue, &event))
		mqtt_handle(mqtt, &event);
	dropped = event_queue_dropped(mqtt->queue);
	if (dropped)
		log_error("%lld received messages were dropped: they came faster than they could "
			  "be processed",
			  (long long)dropped);
}

int mqtt_fd(const struct mqtt *mqtt)
{
	return mqtt->epoll;
}

bool mqtt_connected(const struct mqtt *mqtt)
{
	return mqtt->state == STATE_UP;
}

/* -------- open and close -------- */

static void mqtt_free(struct mqtt *mqtt)
{
	connection_close(mqtt->connection);
	explicit_bzero(mqtt->password, sizeof(mqtt->password));
	event_queue_close(mqtt->queue);
	retained_close(mqtt->retained);
	subscriptions_free(&mqtt->subscriptions);
	if (mqtt->epoll >= 0)
		close(mqtt->epoll);
	if (mqtt->timer >= 0)
		close(mqtt->timer);
	free(mqtt);
}

static bool descriptors_open(struct mqtt *mqtt)
{
	struct epoll_event readable = {.events = EPOLLIN};

	mqtt->queue = event_queue_open();
	mqtt->retained = retained_open();
	mqtt->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	mqtt->epoll = epoll_create1(EPOLL_CLOEXEC);
	mqtt->sender = (struct sender){.queue = mqtt->queue, .retained = mqtt->retained};
	return mqtt->queue && mqtt->timer >= 0 && mqtt->epoll >= 0 &&
	       epoll_ctl(mqtt->epoll, EPOLL_CTL_ADD, mqtt->timer, &readable) == 0 &&
	       epoll_ctl(mqtt->epoll, EPOLL_CTL_ADD, event_queue_fd(mqtt->queue), &readable) == 0;
}

struct mqtt *mqtt_open(const struct mqtt_config *config, const char *client_id,
		       const char *will_topic, const struct mqtt_handler *handler,
		       struct fail *fail)
{
	struct mqtt *mqtt = allocate(1, sizeof(*mqtt));

	mqtt->epoll = mqtt->timer = -1;
	mqtt->config = *config;
	mqtt->config.port = mqtt_port(config);
	mqtt->handler = *handler;
	mqtt->backoff = (struct backoff){.shortest = 250, .longest = 15 * MS_PER_SECOND};
	snprintf(mqtt->client_id, sizeof(mqtt->client_id), "%s",
		 config->client_id[0] ? config->client_id : client_id);
	if (!mqtt_password_read(mqtt->password, config->password_file, fail))
		goto failed;
	if (!descriptors_open(mqtt)) {
		fail_set(fail, "the MQTT session cannot be set up: %s", strerror(errno));
		goto failed;
	}
	if (will_topic) {
		snprintf(mqtt->will_topic, sizeof(mqtt->will_topic), "%s", will_topic);
		mqtt_retain(mqtt, will_topic, "online", 1, MQTT_LATEST);
	}
	timer_set(mqtt, 0);
	return mqtt;
failed:
	mqtt_free(mqtt);
	return NULL;
}

/* Returns false if the broker did not take everything in time. */
static bool mqtt_drain(struct mqtt *mqtt, int timeout_ms)
{
	ms_t deadline = clock_monotonic() + timeout_ms;

	while (mqtt->state == STATE_UP && !sender_idle(&mqtt->sender)) {
		struct pollfd readable = {.fd = mqtt->epoll, .events = POLLIN};
		ms_t left = deadline - clock_monotonic();

		if (left <= 0)
			return false;
		poll(&readable, 1, (int)left);
		mqtt_dispatch(mqtt);
	}
	return true;
}

static void mqtt_finish(struct mqtt *mqtt, int timeout_ms)
{
	struct publication offline = {
		.topic = mqtt->will_topic,
		.payload = "offline",
		.size = strlen("offline"),
		.retained = true,
	};

	if (mqtt->will_topic[0])
		mqtt_retain(mqtt, mqtt->will_topic, offline.payload, 1, MQTT_LATEST);
	if (mqtt_drain(mqtt, timeout_ms))
		return;
	log_warning("the broker did not take everything before the end");
	/* "offline" may still be queued, and after a disconnect the broker drops the will. */
	if (mqtt->will_topic[0])
		connection_publish(mqtt->connection, &offline, TOKEN_QUICK);
}

void mqtt_close(struct mqtt *mqtt, int timeout_ms)
{
	if (!mqtt)
		return;
	mqtt->handler = (struct mqtt_handler){0};
	mqtt_finish(mqtt, timeout_ms);
	mqtt_free(mqtt);
}
