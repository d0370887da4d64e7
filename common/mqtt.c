#include "common/mqtt.h"

#include <MQTTAsync.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/array.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mqtt_events.h"
#include "common/mqtt_password.h"
#include "common/retained.h"

/* At its limit of messages in flight paho's send thread sleeps for a second: stay below it. */
#define IN_FLIGHT_MAX	   15
#define IN_FLIGHT_QOS0_MAX 200
#define CONNECT_TIMEOUT_S  10
#define PAUSE_FIRST_MS	   250
#define PAUSE_MAX_MS	   (15 * MS_PER_SECOND)
#define PAUSE_REFUSED_MS   (10 * MS_PER_SECOND)
#define STABLE_MS	   (2 * MS_PER_SECOND) /* a connection that lasted so long was a good one */
#define PACKET_OVERHEAD	   64		       /* of a publish: headers and properties */

/* MQTT 3.1.1, 3.2.2.3 */
#define CONNACK_311_BAD_PASSWORD   4
#define CONNACK_311_NOT_AUTHORIZED 5

/* A QoS 1 publish that the broker has not answered. */
struct flight {
	int token;
	bool retained;
	uint64_t cookie;
	struct retained_topic *topic;
};

struct subscription {
	char *filter;
	int qos;
};

struct mqtt {
	struct mqtt_config config;
	struct mqtt_handler handler;
	char client_id[65];
	char password[MQTT_PASSWORD_SIZE];
	char will[TOPIC_SIZE]; /* empty: none */
	char uri[300];
	MQTTAsync paho;
	struct event_queue events;
	int epoll, timer;

	bool connected, connecting, was_connected, refused;
	unsigned int connection; /* which attempt; written before paho may call back */
	ms_t pause_ms, up_since;
	uint32_t packet_max;
	char complaint[600];
	char tls_error[200];

	struct subscription *subscriptions;
	size_t subscription_count, subscription_capacity;
	struct retained retained;
	struct flight flights[IN_FLIGHT_MAX];
	int flight_count, qos0_count;
};

/* ---- in paho's threads: hand over, nothing else ---- */

static void put(struct mqtt *mqtt, enum event_kind kind, int token, int reason, bool failed)
{
	struct event *event = event_new(kind, 0);

	event->token = token;
	event->reason = reason;
	event->failed = failed;
	event_put(&mqtt->events, event);
}

static void put_failure(struct mqtt *mqtt, enum event_kind kind, int token, int reason,
			const char *words)
{
	size_t length = words ? strlen(words) : 0;
	struct event *event = event_new(kind, length + 1);

	event->token = token;
	event->reason = reason;
	event->failed = true;
	if (words)
		memcpy(event->text, words, length);
	event_put(&mqtt->events, event);
}

static void paho_up5(void *context, MQTTAsync_successData5 *data)
{
	struct mqtt *mqtt = context;
	struct event *event = event_new(EVENT_UP, 0);
	int64_t limit = MQTTProperties_getNumericValue(&data->properties,
						       MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);

	event->packet_max = limit > 0 ? (uint32_t)limit : 0;
	event_put(&mqtt->events, event);
}

static void paho_up(void *context, MQTTAsync_successData *data)
{
	(void)data;
	put(context, EVENT_UP, 0, 0, false);
}

/* The broker's reason comes in one member or the other. */
static void paho_failed5(void *context, MQTTAsync_failureData5 *data)
{
	int reason = (int)data->reasonCode >= 0x80 ? (int)data->reasonCode : data->code;
	bool refused = reason >= 0x80;

	put_failure(context, EVENT_FAILED, 0, refused ? reason : 0,
		    refused ? MQTTReasonCode_toString((enum MQTTReasonCodes)reason)
			    : data->message);
}

static void paho_failed(void *context, MQTTAsync_failureData *data)
{
	static const char *const reasons[] = {
		NULL,
		"unacceptable protocol version",
		"client identifier rejected",
		"server unavailable",
		"bad user name or password",
		"not authorized",
	};
	int code = data ? data->code : 0;
	bool refused = code >= 1 && code <= 5;

	put_failure(context, EVENT_FAILED, 0, refused ? code : 0,
		    refused ? reasons[code]
		    : data  ? data->message
			    : NULL);
}

static void paho_lost(void *context, char *cause)
{
	put_failure(context, EVENT_LOST, 0, 0, cause);
}

/* OpenSSL's own words; paho only says that the connection failed. */
static int paho_tls_error(const char *words, size_t size, void *context)
{
	(void)size;
	put_failure(context, EVENT_TLS, 0, 0, words);
	return 0;
}

static void paho_sent5(void *context, MQTTAsync_successData5 *data)
{
	put(context, EVENT_SENT, data->token, (int)data->reasonCode, false);
}

static void paho_not_sent5(void *context, MQTTAsync_failureData5 *data)
{
	put(context, EVENT_SENT, data->token, (int)data->reasonCode, true);
}

static void paho_sent(void *context, MQTTAsync_successData *data)
{
	put(context, EVENT_SENT, data->token, 0, false);
}

static void paho_not_sent(void *context, MQTTAsync_failureData *data)
{
	put(context, EVENT_SENT, data->token, 0, true);
}

static void paho_not_subscribed5(void *context, MQTTAsync_failureData5 *data)
{
	put_failure(context, EVENT_SUBSCRIBED, 0, (int)data->reasonCode,
		    MQTTReasonCode_toString(data->reasonCode));
}

static void paho_not_subscribed(void *context, MQTTAsync_failureData *data)
{
	put_failure(context, EVENT_SUBSCRIBED, 0, 0, data->message);
}

/* One allocation holds all: the terminated topic, payload, response topic, and the correlation. */
static struct event *event_of(const char *topic, size_t topic_size, const MQTTAsync_message *from)
{
	MQTTProperty *response = MQTTProperties_getProperty((MQTTProperties *)&from->properties,
							    MQTTPROPERTY_CODE_RESPONSE_TOPIC);
	MQTTProperty *correlation = MQTTProperties_getProperty((MQTTProperties *)&from->properties,
							       MQTTPROPERTY_CODE_CORRELATION_DATA);
	size_t size = from->payloadlen > 0 ? (size_t)from->payloadlen : 0;
	size_t response_size = response ? (size_t)response->value.data.len : 0;
	size_t correlation_size = correlation ? (size_t)correlation->value.data.len : 0;
	struct event *event =
		event_new(EVENT_MESSAGE, topic_size + size + response_size + correlation_size + 3);
	struct mqtt_message *message = &event->message;
	char *text = event->text;

	message->topic = memcpy(text, topic, topic_size);
	text += topic_size + 1;
	message->payload = memcpy(text, from->payload ? from->payload : "", size);
	message->size = size;
	text += size + 1;
	if (response) {
		message->response_topic = memcpy(text, response->value.data.data, response_size);
		text += response_size + 1;
	}
	if (correlation) {
		message->correlation = memcpy(text, correlation->value.data.data, correlation_size);
		message->correlation_size = correlation_size;
	}
	message->retained = from->retained;
	return event;
}

static int paho_message(void *context, char *topic, int topic_size, MQTTAsync_message *from)
{
	struct mqtt *mqtt = context;
	size_t size = topic_size > 0 ? (size_t)topic_size : strlen(topic);

	event_put(&mqtt->events, event_of(topic, size, from));
	MQTTAsync_freeMessage(&from);
	MQTTAsync_free(topic);
	return 1;
}

/* ---- connecting ---- */

/* `pause` plus up to half of it, so that not all come back at once. */
static void mqtt_connect_after(struct mqtt *mqtt, ms_t pause)
{
	uint32_t random = 0;
	struct itimerspec spec = {0};

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	pause += (ms_t)(random % (uint32_t)(pause / 2 + 1));
	if (pause < 1)
		pause = 1;
	spec.it_value.tv_sec = pause / 1000;
	spec.it_value.tv_nsec = pause % 1000 * 1000000;
	timerfd_settime(mqtt->timer, 0, &spec, NULL);
}

static void mqtt_retry(struct mqtt *mqtt)
{
	ms_t pause = mqtt->refused ? PAUSE_REFUSED_MS : mqtt->pause_ms;

	mqtt_connect_after(mqtt, pause);
	mqtt->pause_ms = 2 * mqtt->pause_ms < PAUSE_MAX_MS ? 2 * mqtt->pause_ms : PAUSE_MAX_MS;
}

static const char *set_or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static void mqtt_connect(struct mqtt *mqtt)
{
	const struct mqtt_config *config = &mqtt->config;
	bool is_5 = config->protocol == MQTT_PROTOCOL_5;
	MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
	int code;

	if (is_5) {
		options = options5;
		options.onSuccess5 = paho_up5;
		options.onFailure5 = paho_failed5;
	} else {
		options.MQTTVersion = MQTTVERSION_3_1_1;
		options.onSuccess = paho_up;
		options.onFailure = paho_failed;
	}
	options.context = mqtt;
	options.keepAliveInterval = (int)config->keepalive_s;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.username = set_or_null(config->user);
	options.password = set_or_null(mqtt->password);
	if (mqtt->will[0]) {
		will.topicName = mqtt->will;
		will.message = "offline";
		will.retained = 1;
		will.qos = 1;
		options.will = &will;
	}
	if (config->tls) {
		ssl.trustStore = set_or_null(config->ca_file);
		ssl.keyStore = set_or_null(config->certificate_file);
		ssl.privateKey = set_or_null(config->key_file);
		ssl.enableServerCertAuth = !config->insecure;
		ssl.verify = !config->insecure;
		ssl.ssl_error_cb = paho_tls_error;
		ssl.ssl_error_context = mqtt;
		options.ssl = &ssl;
	}
	mqtt->connecting = true;
	mqtt->tls_error[0] = '\0';
	code = MQTTAsync_connect(mqtt->paho, &options);
	if (code != MQTTASYNC_SUCCESS)
		put_failure(mqtt, EVENT_FAILED, 0, 0, MQTTAsync_strerror(code));
}

/* ---- sending ---- */

static bool mqtt_publish(struct mqtt *mqtt, const char *topic, const void *payload, size_t size,
			 int qos, bool retained, MQTTProperties *properties, int *token)
{
	bool is_5 = mqtt->config.protocol == MQTT_PROTOCOL_5;
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	MQTTAsync_message message = MQTTAsync_message_initializer;
	int code;

	message.payload = (void *)payload;
	message.payloadlen = (int)size;
	message.qos = qos;
	message.retained = retained;
	if (properties)
		message.properties = *properties;
	options.context = mqtt;
	if (is_5) {
		options.onSuccess5 = paho_sent5;
		options.onFailure5 = paho_not_sent5;
	} else {
		options.onSuccess = paho_sent;
		options.onFailure = paho_not_sent;
	}
	code = MQTTAsync_sendMessage(mqtt->paho, topic, &message, &options);
	*token = options.token;
	return code == MQTTASYNC_SUCCESS;
}

/* A message beyond the broker's limit would end the connection, again and again. */
static bool mqtt_fits(const struct mqtt *mqtt, const char *topic, size_t size)
{
	size_t packet = strlen(topic) + size + PACKET_OVERHEAD;

	if (!mqtt->packet_max || packet <= mqtt->packet_max)
		return true;
	log_error("%s: %zu bytes are more than the broker takes (%u): not sent", topic, packet,
		  mqtt->packet_max);
	return false;
}

static void mqtt_take_off(struct mqtt *mqtt, struct flight flight)
{
	mqtt->flights[mqtt->flight_count++] = flight;
}

static void mqtt_pump(struct mqtt *mqtt)
{
	while (mqtt->connected && mqtt->flight_count < IN_FLIGHT_MAX &&
	       mqtt->qos0_count < IN_FLIGHT_QOS0_MAX) {
		char *payload;
		struct retained_topic *topic = retained_next(&mqtt->retained, &payload);
		int token;

		if (!topic)
			return;
		if (mqtt_fits(mqtt, topic->name, strlen(payload)) &&
		    mqtt_publish(mqtt, topic->name, payload, strlen(payload), topic->qos, true,
				 NULL, &token)) {
			if (topic->qos)
				mqtt_take_off(mqtt, (struct flight){.token = token,
								    .retained = true,
								    .topic = topic});
			else
				mqtt->qos0_count++;
		}
		free(payload);
	}
}

static void mqtt_subscribe_now(struct mqtt *mqtt, const struct subscription *subscription)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

	options.context = mqtt;
	if (mqtt->config.protocol == MQTT_PROTOCOL_5)
		options.onFailure5 = paho_not_subscribed5;
	else
		options.onFailure = paho_not_subscribed;
	MQTTAsync_subscribe(mqtt->paho, subscription->filter, subscription->qos, &options);
}

/* ---- events ---- */

/* Says a thing once, until another is to be said. */
static void mqtt_complain(struct mqtt *mqtt, const char *text)
{
	if (strcmp(mqtt->complaint, text) == 0)
		return;
	snprintf(mqtt->complaint, sizeof(mqtt->complaint), "%s", text);
	log_warning("%s", text);
}

static void mqtt_went_up(struct mqtt *mqtt, const struct event *event)
{
	mqtt->connecting = false;
	mqtt->connected = true;
	mqtt->refused = false;
	mqtt->complaint[0] = '\0';
	mqtt->up_since = clock_monotonic();
	mqtt->packet_max = event->packet_max;
	mqtt->flight_count = mqtt->qos0_count = 0;
	log_info("connected to %s:%lld%s%s", mqtt->config.host, (long long)mqtt->config.port,
		 mqtt->config.user[0] ? " as " : "", mqtt->config.user);
	for (size_t i = 0; i < mqtt->subscription_count; i++)
		mqtt_subscribe_now(mqtt, &mqtt->subscriptions[i]);
	retained_restart(&mqtt->retained);
	mqtt_pump(mqtt);
	if (mqtt->handler.up)
		mqtt->handler.up(mqtt->handler.context);
}

static bool is_about_password(int reason)
{
	return reason == MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD ||
	       reason == MQTTREASONCODE_NOT_AUTHORIZED || reason == CONNACK_311_BAD_PASSWORD ||
	       reason == CONNACK_311_NOT_AUTHORIZED;
}

static void mqtt_failed(struct mqtt *mqtt, const struct event *event)
{
	char text[600];
	const char *words = event->text[0] ? event->text : "no answer";

	if (mqtt->tls_error[0])
		words = mqtt->tls_error;
	else if (mqtt->config.tls && !event->reason)
		words = "nothing answers there, or its certificate is for another name";
	else if (is_about_password(event->reason))
		words = "unknown user name or wrong password";
	mqtt->connecting = false;
	mqtt->refused = event->reason != 0;
	snprintf(text, sizeof(text), "broker %s:%lld: %s%.200s; trying again", mqtt->config.host,
		 (long long)mqtt->config.port, mqtt->refused ? "refused: " : "", words);
	mqtt_complain(mqtt, text);
	mqtt_retry(mqtt);
}

static void mqtt_went_down(struct mqtt *mqtt, const struct event *event)
{
	char text[600];

	if (!mqtt->connected)
		return;
	mqtt->connected = false;
	mqtt->flight_count = mqtt->qos0_count = 0;
	if (clock_monotonic() - mqtt->up_since >= STABLE_MS)
		mqtt->pause_ms = PAUSE_FIRST_MS;
	snprintf(text, sizeof(text), "broker %s:%lld: connection lost%s%.200s; trying again",
		 mqtt->config.host, (long long)mqtt->config.port, event->text[0] ? ": " : "",
		 event->text);
	mqtt_complain(mqtt, text);
	mqtt_retry(mqtt);
	if (mqtt->handler.down)
		mqtt->handler.down(mqtt->handler.context);
}

static enum mqtt_result result_of(const struct event *event)
{
	if (event->failed || event->reason >= 0x80)
		return MQTT_REFUSED;
	return event->reason == MQTTREASONCODE_NO_MATCHING_SUBSCRIBERS ? MQTT_UNHEARD
								       : MQTT_DELIVERED;
}

static void mqtt_landed(struct mqtt *mqtt, const struct event *event)
{
	enum mqtt_result result = result_of(event);
	struct flight flight;
	int i = 0;

	if (event->token == 0) {
		if (mqtt->qos0_count)
			mqtt->qos0_count--;
		return;
	}
	while (i < mqtt->flight_count && mqtt->flights[i].token != event->token)
		i++;
	if (i == mqtt->flight_count)
		return; /* of a connection that is gone */
	flight = mqtt->flights[i];
	mqtt->flights[i] = mqtt->flights[--mqtt->flight_count];
	if (!flight.retained) {
		if (mqtt->handler.sent)
			mqtt->handler.sent(mqtt->handler.context, flight.cookie, result);
	} else if (result == MQTT_REFUSED && flight.topic && !flight.topic->refused) {
		flight.topic->refused = true;
		log_warning("%s: the broker refuses it (%s): does its access list allow user %s "
			    "to write it?",
			    flight.topic->name,
			    MQTTReasonCode_toString((enum MQTTReasonCodes)event->reason),
			    mqtt->config.user[0] ? mqtt->config.user : "(none)");
	}
}

static void mqtt_handle(struct mqtt *mqtt, const struct event *event)
{
	switch (event->kind) {
	case EVENT_UP: mqtt_went_up(mqtt, event); break;
	case EVENT_FAILED: mqtt_failed(mqtt, event); break;
	case EVENT_LOST: mqtt_went_down(mqtt, event); break;
	case EVENT_SENT: mqtt_landed(mqtt, event); break;
	case EVENT_TLS:
		snprintf(mqtt->tls_error, sizeof(mqtt->tls_error), "%.*s",
			 (int)strcspn(event->text, "\r\n"), event->text);
		break;
	case EVENT_SUBSCRIBED:
		log_warning("the broker refuses a subscription (%s): does its access list allow "
			    "user %s to read it?",
			    event->text, mqtt->config.user[0] ? mqtt->config.user : "(none)");
		break;
	case EVENT_MESSAGE:
		if (mqtt->handler.message)
			mqtt->handler.message(mqtt->handler.context, &event->message);
		break;
	}
}

void mqtt_dispatch(struct mqtt *mqtt)
{
	struct event *event = event_take(&mqtt->events);
	uint64_t expired;

	while (event) {
		struct event *next = event->next;

		mqtt_handle(mqtt, event);
		free(event);
		event = next;
	}
	if (read(mqtt->timer, &expired, sizeof(expired)) > 0 && !mqtt->connected &&
	    !mqtt->connecting)
		mqtt_connect(mqtt);
	mqtt_pump(mqtt);
}

/* ---- opening and closing ---- */

static bool mqtt_open_descriptors(struct mqtt *mqtt)
{
	struct epoll_event readable = {.events = EPOLLIN};

	mqtt->epoll = epoll_create1(EPOLL_CLOEXEC);
	mqtt->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return event_queue_open(&mqtt->events) && mqtt->epoll >= 0 && mqtt->timer >= 0 &&
	       epoll_ctl(mqtt->epoll, EPOLL_CTL_ADD, mqtt->timer, &readable) == 0 &&
	       epoll_ctl(mqtt->epoll, EPOLL_CTL_ADD, mqtt->events.fd, &readable) == 0;
}

static bool mqtt_create(struct mqtt *mqtt, struct fail *fail)
{
	const struct mqtt_config *config = &mqtt->config;
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
	MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
	bool numeric_6 = strchr(config->host, ':');
	int code;

	init.do_openssl_init = 1;
	MQTTAsync_global_init(&init);
	options.MQTTVersion =
		config->protocol == MQTT_PROTOCOL_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	options.maxBufferedMessages = 1000;
	snprintf(mqtt->uri, sizeof(mqtt->uri), "%s://%s%s%s:%lld", config->tls ? "ssl" : "tcp",
		 numeric_6 ? "[" : "", config->host, numeric_6 ? "]" : "", (long long)config->port);
	code = MQTTAsync_createWithOptions(&mqtt->paho, mqtt->uri, mqtt->client_id,
					   MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
	if (code != MQTTASYNC_SUCCESS)
		return fail_set(fail, "broker %s: %s", mqtt->uri, MQTTAsync_strerror(code));
	MQTTAsync_setCallbacks(mqtt->paho, mqtt, paho_lost, paho_message, NULL);
	return true;
}

static void mqtt_free(struct mqtt *mqtt)
{
	if (mqtt->paho)
		MQTTAsync_destroy(&mqtt->paho);
	event_queue_close(&mqtt->events);
	if (mqtt->epoll >= 0)
		close(mqtt->epoll);
	if (mqtt->timer >= 0)
		close(mqtt->timer);
	for (size_t i = 0; i < mqtt->subscription_count; i++)
		free(mqtt->subscriptions[i].filter);
	free(mqtt->subscriptions);
	retained_close(&mqtt->retained);
	explicit_bzero(mqtt->password, sizeof(mqtt->password));
	free(mqtt);
}

struct mqtt *mqtt_open(const struct mqtt_config *config, const char *client_id,
		       const char *will_topic, const struct mqtt_handler *handler,
		       struct fail *fail)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));

	if (!mqtt)
		abort();
	mqtt->config = *config;
	mqtt->handler = *handler;
	mqtt->pause_ms = PAUSE_FIRST_MS;
	if (mqtt->config.port == 0)
		mqtt->config.port = config->tls ? 8883 : 1883;
	snprintf(mqtt->client_id, sizeof(mqtt->client_id), "%s",
		 config->client_id[0] ? config->client_id : client_id);
	retained_open(&mqtt->retained);
	if (!mqtt_open_descriptors(mqtt))
		fail_set(fail, "no descriptors for the session with the broker");
	else if (mqtt_password_read(mqtt->password, config, fail) && mqtt_create(mqtt, fail)) {
		if (will_topic) {
			snprintf(mqtt->will, sizeof(mqtt->will), "%s", will_topic);
			mqtt_retain(mqtt, will_topic, "online", 1, MQTT_LATEST);
		}
		mqtt_connect(mqtt);
		return mqtt;
	}
	mqtt_free(mqtt);
	return NULL;
}

static bool mqtt_idle(const struct mqtt *mqtt)
{
	return !mqtt->retained.first && !mqtt->flight_count && !mqtt->qos0_count;
}

void mqtt_close(struct mqtt *mqtt, int timeout_ms)
{
	ms_t deadline = clock_monotonic() + timeout_ms;
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;

	if (!mqtt)
		return;
	mqtt->handler = (struct mqtt_handler){0};
	if (mqtt->will[0] && mqtt->connected)
		mqtt_retain(mqtt, mqtt->will, "offline", 1, MQTT_LATEST);
	while (mqtt->connected && !mqtt_idle(mqtt)) {
		struct pollfd readable = {.fd = mqtt->epoll, .events = POLLIN};
		ms_t left = deadline - clock_monotonic();

		if (left <= 0 || poll(&readable, 1, (int)left) <= 0)
			break;
		mqtt_dispatch(mqtt);
	}
	if (mqtt->config.protocol == MQTT_PROTOCOL_5)
		options = options5;
	options.timeout = 200;
	if (mqtt->connected)
		MQTTAsync_disconnect(mqtt->paho, &options);
	for (int i = 0; i < 50 && MQTTAsync_isConnected(mqtt->paho); i++)
		usleep(10000);
	mqtt_free(mqtt);
}

/* ---- the rest of the interface ---- */

int mqtt_fd(const struct mqtt *mqtt)
{
	return mqtt->epoll;
}

bool mqtt_connected(const struct mqtt *mqtt)
{
	return mqtt->connected;
}

void mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos)
{
	struct subscription *subscription;

	mqtt->subscriptions =
		array_grow(mqtt->subscriptions, mqtt->subscription_count,
			   &mqtt->subscription_capacity, sizeof(*mqtt->subscriptions));
	subscription = &mqtt->subscriptions[mqtt->subscription_count++];
	*subscription = (struct subscription){strdup(filter), qos};
	if (!subscription->filter)
		abort();
	if (mqtt->connected)
		mqtt_subscribe_now(mqtt, subscription);
}

void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload, int qos,
		 enum mqtt_retain_flags flags)
{
	retained_set(&mqtt->retained, topic, payload, qos, mqtt->connected && flags == MQTT_EACH);
	mqtt_pump(mqtt);
}

bool mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	int token;

	if (!mqtt->connected || !mqtt_fits(mqtt, topic, size))
		return false;
	if (qos ? mqtt->flight_count >= IN_FLIGHT_MAX : mqtt->qos0_count >= IN_FLIGHT_QOS0_MAX)
		return false;
	if (!mqtt_publish(mqtt, topic, payload, size, qos, false, NULL, &token))
		return false;
	if (qos)
		mqtt_take_off(mqtt, (struct flight){.token = token, .cookie = cookie});
	else
		mqtt->qos0_count++;
	return true;
}

void mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *request, const char *payload)
{
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty correlation = {.identifier = MQTTPROPERTY_CODE_CORRELATION_DATA};
	int token;

	if (!mqtt->connected || !request->response_topic ||
	    !mqtt_fits(mqtt, request->response_topic, strlen(payload)))
		return;
	if (request->correlation_size) {
		correlation.value.data.data = (char *)request->correlation;
		correlation.value.data.len = (int)request->correlation_size;
		MQTTProperties_add(&properties, &correlation);
	}
	mqtt_publish(mqtt, request->response_topic, payload, strlen(payload), 1, false, &properties,
		     &token);
	MQTTProperties_free(&properties);
}
