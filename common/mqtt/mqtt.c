#include "common/mqtt/mqtt.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/backoff.h"
#include "common/process/clock.h"
#include "common/mqtt/connection.h"
#include "common/mqtt/event_queue.h"
#include "common/process/log.h"
#include "common/mqtt/nagle.h"
#include "common/mqtt/mqtt_password.h"
#include "common/mqtt/retained.h"

/* QoS 1 publishes in flight. Brokers allow 20 by default, beyond which paho sleeps for a second.
 * Retained values, of which thousands may wait, leave some to messages. */
#define FLIGHTS		 15
#define FLIGHTS_RETAINED 12

/* QoS 0 publishes that paho has not written yet. */
#define QUICK_MAXIMUM 2000
#define SUBSCRIPTIONS 16

/* Tokens of requests: a flight; any QoS 0 publish; a subscription. */
#define TOKEN_QUICK	   FLIGHTS
#define TOKEN_SUBSCRIPTION (FLIGHTS + 1)
static_assert(TOKEN_SUBSCRIPTION + SUBSCRIPTIONS <= CONNECTION_TOKENS, "tokens are out");

/* A connection that lived for less does not shorten the next pause. */
#define STABLE_MS (10 * MS_PER_SECOND)
/* An attempt that came to no end at all is given up. */
#define ATTEMPT_MS (60 * MS_PER_SECOND)

/* Reason codes of MQTT 5. */
#define REASON_UNHEARD	 0x10
#define REASON_REFUSED	 0x80 /* and above */
#define REASON_TOO_LARGE 0x95

enum state { STATE_WAITING, STATE_CONNECTING, STATE_UP };

enum purpose { PURPOSE_NONE, PURPOSE_RETAINED, PURPOSE_MESSAGE, PURPOSE_RESPONSE };

/* A QoS 1 publish that the broker has not answered. */
struct flight {
	enum purpose purpose; /* NONE: free */
	uint64_t cookie;
	struct retained_topic *topic;
};

struct subscription {
	char *filter;
	int qos;
	bool refused;
};

struct mqtt {
	struct mqtt_config config;
	char client_id[sizeof(((struct mqtt_config *)0)->client_id)];
	char password[MQTT_PASSWORD_SIZE];
	char will_topic[TOPIC_SIZE];
	struct mqtt_handler handler;
	struct event_queue *queue;
	struct connection *connection;
	struct retained *retained;
	int epoll;
	int timer; /* the next attempt */
	enum state state;
	ms_t up_since;
	struct backoff backoff;
	char trouble[400]; /* that was logged last; empty: none since the last connection */
	struct subscription subscriptions[SUBSCRIPTIONS];
	unsigned subscription_count;
	struct flight flights[FLIGHTS];
	unsigned flying;
	unsigned quick; /* QoS 0 publishes on their way */
	unsigned flights_allowed;
	int64_t packet_maximum;
	char oversized[TOPIC_SIZE]; /* the topic that was logged last */
	bool skipping;		    /* values of MQTT_EACH, and it was logged */
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
	/* What is left of the old connection concerns nobody. */
	event_queue_clear(mqtt->queue);
	mqtt->connection = connection;
	mqtt->state = STATE_CONNECTING;
	connection_start(connection);
}

static void flights_reset(struct mqtt *mqtt)
{
	memset(mqtt->flights, 0, sizeof(mqtt->flights));
	mqtt->flying = 0;
	mqtt->quick = 0;
	retained_requeue(mqtt->retained);
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
	flights_reset(mqtt);
	if (mqtt->handler.down)
		mqtt->handler.down(mqtt->handler.context);
}

static void subscription_send(struct mqtt *mqtt, unsigned index)
{
	const struct subscription *subscription = &mqtt->subscriptions[index];

	connection_subscribe(mqtt->connection, subscription->filter, subscription->qos,
			     TOKEN_SUBSCRIPTION + index);
}

/* -------- publishing -------- */

/* What a PUBLISH is at most on the wire besides topic, payload and correlation data. */
#define PACKET_OVERHEAD 24

static bool publication_fits(const struct mqtt *mqtt, const struct publication *publication)
{
	size_t size = strlen(publication->topic) + publication->size +
		      publication->correlation_size + PACKET_OVERHEAD;

	return (int64_t)size <= mqtt->packet_maximum;
}

static void log_oversized(struct mqtt *mqtt, const struct publication *publication)
{
	if (strcmp(mqtt->oversized, publication->topic) == 0)
		return;
	snprintf(mqtt->oversized, sizeof(mqtt->oversized), "%s", publication->topic);
	log_error("%s: a message of %zu bytes is not sent, the broker accepts packets of at most "
		  "%lld bytes",
		  publication->topic, publication->size, (long long)mqtt->packet_maximum);
}

static bool flight_free(const struct mqtt *mqtt, unsigned limit)
{
	return mqtt->flying < limit && mqtt->flying < mqtt->flights_allowed;
}

/* One must be free. */
static void flight_start(struct mqtt *mqtt, const struct publication *publication,
			 struct flight flight)
{
	unsigned index = 0;

	while (mqtt->flights[index].purpose != PURPOSE_NONE)
		index++;
	assert(index < FLIGHTS);
	mqtt->flights[index] = flight;
	mqtt->flying++;
	if (publication_fits(mqtt, publication)) {
		connection_publish(mqtt->connection, publication, index);
		return;
	}
	/* Sending it would end the connection, again and again: refuse it for the broker. */
	log_oversized(mqtt, publication);
	event_queue_put(mqtt->queue, &(struct mqtt_event){.kind = EVENT_ANSWER,
							  .token = index,
							  .reason = REASON_TOO_LARGE});
}

static bool publish_quick(struct mqtt *mqtt, const struct publication *publication)
{
	if (mqtt->quick >= QUICK_MAXIMUM)
		return false;
	if (!publication_fits(mqtt, publication)) {
		log_oversized(mqtt, publication);
		return true;
	}
	mqtt->quick++;
	connection_publish(mqtt->connection, publication, TOKEN_QUICK);
	return true;
}

static bool publish_retained(struct mqtt *mqtt, const struct retained_value *value)
{
	struct publication publication = {
		.topic = value->topic->name,
		.payload = value->payload,
		.size = value->size,
		.qos = value->topic->qos,
		.retained = true,
	};

	if (publication.qos == 0)
		return publish_quick(mqtt, &publication);
	if (!flight_free(mqtt, FLIGHTS_RETAINED))
		return false;
	flight_start(mqtt, &publication,
		     (struct flight){.purpose = PURPOSE_RETAINED, .topic = value->topic});
	return true;
}

/* Sends what is queued of retained values as far as it may be in flight. */
static void mqtt_pump(struct mqtt *mqtt)
{
	struct retained_value value;

	while (mqtt->state == STATE_UP && retained_next(mqtt->retained, &value) &&
	       publish_retained(mqtt, &value))
		retained_sent(mqtt->retained);
}

void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload, int qos,
		 enum mqtt_retain_flags flags)
{
	/* Without a connection only the newest value matters. */
	bool each = flags == MQTT_EACH && mqtt->state == STATE_UP;
	size_t skipped;

	if (!retained_set(mqtt->retained, topic, payload, qos, each))
		log_error("%s: a value is lost, memory is out", topic);
	skipped = retained_skipped(mqtt->retained);
	if (skipped && !mqtt->skipping)
		log_warning("the broker is too slow: values of retained topics are skipped");
	mqtt->skipping = skipped;
	mqtt_pump(mqtt);
}

bool mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	struct publication publication = {topic, payload, size, qos, false, NULL, 0};

	if (mqtt->state != STATE_UP)
		return false;
	if (qos == 0)
		return publish_quick(mqtt, &publication);
	if (!flight_free(mqtt, FLIGHTS))
		return false;
	flight_start(mqtt, &publication,
		     (struct flight){.purpose = PURPOSE_MESSAGE, .cookie = cookie});
	return true;
}

void mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *request, const char *payload)
{
	struct publication publication = {
		.topic = request->response_topic,
		.payload = payload,
		.size = strlen(payload),
		.correlation = request->correlation,
		.correlation_size = request->correlation_size,
	};

	if (mqtt->state != STATE_UP || !request->response_topic)
		return;
	/* Better without an acknowledgement than not at all. */
	if (!flight_free(mqtt, FLIGHTS)) {
		publish_quick(mqtt, &publication);
		return;
	}
	publication.qos = 1;
	flight_start(mqtt, &publication, (struct flight){.purpose = PURPOSE_RESPONSE});
}

void mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos)
{
	struct subscription *subscription = &mqtt->subscriptions[mqtt->subscription_count];

	assert(mqtt->subscription_count < SUBSCRIPTIONS);
	*subscription = (struct subscription){.filter = strdup(filter), .qos = qos};
	if (!subscription->filter) {
		log_error("%s: not subscribed, memory is out", filter);
		return;
	}
	if (mqtt->state == STATE_UP)
		subscription_send(mqtt, mqtt->subscription_count);
	mqtt->subscription_count++;
}

/* -------- events -------- */

static void mqtt_up(struct mqtt *mqtt, const struct mqtt_event *event)
{
	mqtt->state = STATE_UP;
	mqtt->up_since = clock_monotonic();
	mqtt->trouble[0] = 0;
	mqtt->oversized[0] = 0;
	mqtt->packet_maximum = event->packet_maximum;
	mqtt->flights_allowed =
		event->receive_maximum < FLIGHTS ? (unsigned)event->receive_maximum : FLIGHTS;
	timer_stop(mqtt);
	nagle_off(mqtt->config.port);
	log_up(mqtt);
	for (unsigned i = 0; i < mqtt->subscription_count; i++)
		subscription_send(mqtt, i);
	mqtt_pump(mqtt);
	if (mqtt->handler.up)
		mqtt->handler.up(mqtt->handler.context);
}

static void subscription_answered(struct subscription *subscription, int reason)
{
	bool refused = reason >= REASON_REFUSED;

	if (refused && !subscription->refused)
		log_warning("%s: the broker refuses the subscription (%s); check its access list",
			    subscription->filter, connection_reason(reason));
	subscription->refused = refused;
}

static void retained_topic_answered(struct mqtt *mqtt, struct retained_topic *topic, int reason)
{
	bool refused = reason >= REASON_REFUSED;

	/* What is too large was told before. */
	if (refused && !topic->refused && reason != REASON_TOO_LARGE)
		log_warning("%s: the broker refuses it (%s); check its access list", topic->name,
			    connection_reason(reason));
	topic->refused = refused;
	retained_answered(mqtt->retained, topic);
}

static void flight_answered(struct mqtt *mqtt, struct flight *flight, int reason)
{
	struct flight answered = *flight;

	*flight = (struct flight){0};
	mqtt->flying--;
	if (answered.purpose == PURPOSE_RETAINED)
		retained_topic_answered(mqtt, answered.topic, reason);
	mqtt_pump(mqtt);
	if (answered.purpose == PURPOSE_MESSAGE && mqtt->handler.sent)
		mqtt->handler.sent(mqtt->handler.context, answered.cookie,
				   reason >= REASON_REFUSED   ? MQTT_REFUSED
				   : reason == REASON_UNHEARD ? MQTT_UNHEARD
							      : MQTT_DELIVERED);
}

static void mqtt_answered(struct mqtt *mqtt, const struct mqtt_event *event)
{
	/* An answer that was overtaken by the end of its connection. */
	if (mqtt->state != STATE_UP)
		return;
	if (event->token >= TOKEN_SUBSCRIPTION) {
		subscription_answered(&mqtt->subscriptions[event->token - TOKEN_SUBSCRIPTION],
				      event->reason);
	} else if (event->token == TOKEN_QUICK) {
		mqtt->quick--;
		mqtt_pump(mqtt);
	} else if (mqtt->flights[event->token].purpose != PURPOSE_NONE) {
		flight_answered(mqtt, &mqtt->flights[event->token], event->reason);
	}
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
			  "be worked off",
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
	for (unsigned i = 0; i < mqtt->subscription_count; i++)
		free(mqtt->subscriptions[i].filter);
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
	return mqtt->queue && mqtt->retained && mqtt->timer >= 0 && mqtt->epoll >= 0 &&
	       epoll_ctl(mqtt->epoll, EPOLL_CTL_ADD, mqtt->timer, &readable) == 0 &&
	       epoll_ctl(mqtt->epoll, EPOLL_CTL_ADD, event_queue_fd(mqtt->queue), &readable) == 0;
}

struct mqtt *mqtt_open(const struct mqtt_config *config, const char *client_id,
		       const char *will_topic, const struct mqtt_handler *handler,
		       struct fail *fail)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));

	if (!mqtt) {
		fail_set(fail, "memory is out");
		return NULL;
	}
	mqtt->epoll = mqtt->timer = -1;
	mqtt->config = *config;
	if (mqtt->config.port == 0)
		mqtt->config.port = config->tls ? 8883 : 1883;
	mqtt->handler = *handler;
	mqtt->backoff = (struct backoff){.shortest = 250, .longest = 15 * MS_PER_SECOND};
	snprintf(mqtt->client_id, sizeof(mqtt->client_id), "%s",
		 config->client_id[0] ? config->client_id : client_id);
	if (!mqtt_password_read(mqtt->password, config, fail))
		goto failed;
	if (!descriptors_open(mqtt)) {
		fail_set(fail, "memory or descriptors are out");
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

static bool mqtt_idle(const struct mqtt *mqtt)
{
	struct retained_value value;

	return mqtt->flying == 0 && mqtt->quick == 0 && !retained_next(mqtt->retained, &value);
}

/* False where the broker did not take everything in time. */
static bool mqtt_drain(struct mqtt *mqtt, int timeout_ms)
{
	ms_t deadline = clock_monotonic() + timeout_ms;

	while (mqtt->state == STATE_UP && !mqtt_idle(mqtt)) {
		struct pollfd readable = {.fd = mqtt->epoll, .events = POLLIN};
		ms_t left = deadline - clock_monotonic();

		if (left <= 0)
			return false;
		poll(&readable, 1, (int)left);
		mqtt_dispatch(mqtt);
	}
	return true;
}

static void mqtt_say_goodbye(struct mqtt *mqtt, int timeout_ms)
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
	/* It may still wait for its turn, and the disconnect makes the broker forget the will. */
	if (mqtt->will_topic[0])
		connection_publish(mqtt->connection, &offline, TOKEN_QUICK);
}

void mqtt_close(struct mqtt *mqtt, int timeout_ms)
{
	if (!mqtt)
		return;
	mqtt->handler = (struct mqtt_handler){0};
	mqtt_say_goodbye(mqtt, timeout_ms);
	mqtt_free(mqtt);
}
