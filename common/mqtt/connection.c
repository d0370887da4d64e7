#include "common/mqtt/connection.h"

#include <MQTTAsync.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/process/log.h"

#define CONNECT_TIMEOUT_S 10
/* A disconnect that the network does not take sooner is not sent, and the will is published. */
#define DISCONNECT_MS 200
/* Our own limits on what is in flight are below it: paho never holds back. */
#define BUFFERED_MAXIMUM 100000

/* What paho gives back to a callback. */
struct request {
	struct connection *connection;
	unsigned token;
};

struct connection {
	MQTTAsync client;
	struct event_queue *queue;
	struct mqtt_config config;
	bool is_5;
	char *client_id;
	char *password;
	char *will_topic;
	char tls_trouble[200]; /* written and read by paho's threads, one at a time */
	struct request requests[CONNECTION_TOKENS];
};

const char *connection_reason(int reason)
{
	const char *words = MQTTReasonCode_toString((enum MQTTReasonCodes)reason);

	return words ? words : "unknown reason";
}

/* -------- callbacks: on paho's threads, they only hand over -------- */

static void hand_down(struct connection *connection, bool hopeless, const char *text)
{
	struct mqtt_event event = {
		.kind = EVENT_DOWN,
		.hopeless = hopeless,
		.text = {text, strlen(text)},
	};

	event_queue_put(connection->queue, &event);
}

static void hand_answer(const struct request *request, int reason)
{
	struct mqtt_event event = {
		.kind = EVENT_ANSWER,
		.token = request->token,
		.reason = reason,
	};

	event_queue_put(request->connection->queue, &event);
}

/* Why a broker turned a connection down: a CONNACK of MQTT 5 (0x80 and more) or 3.1.1 (1 to 5). A
 * broker without MQTT 5 answers in the old way. */
static void hand_refusal(struct connection *connection, int code)
{
	bool is_old = code < 0x80;
	const char *user = connection->config.user;
	char text[300];

	switch (code) {
	case 1:
	case MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION:
		snprintf(text, sizeof(text),
			 "the broker does not speak MQTT %s; set "
			 "broker.protocol to \"%s\"",
			 connection->is_5 ? "5" : "3.1.1", connection->is_5 ? "3.1.1" : "5");
		break;
	case 4:
	case 5:
	case MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD:
	case MQTTREASONCODE_NOT_AUTHORIZED:
		snprintf(text, sizeof(text),
			 "the broker refuses user \"%s\" (%s); check "
			 "broker.user and broker.password_file",
			 user, is_old ? "not authorized" : connection_reason(code));
		break;
	case 2:
	case MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID:
		snprintf(text, sizeof(text),
			 "the broker refuses the client id \"%s\"; check "
			 "broker.client_id",
			 connection->client_id);
		break;
	default:
		snprintf(text, sizeof(text), "the broker refuses the connection (%s)",
			 is_old ? "server unavailable" : connection_reason(code));
		hand_down(connection, false, text);
		return;
	}
	hand_down(connection, true, text);
}

static bool is_address(const char *host)
{
	struct in6_addr ignored;

	return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

static void hand_failure(struct connection *connection, int code)
{
	char text[300];

	if (code > 0) {
		hand_refusal(connection, code);
		return;
	}
	if (connection->tls_trouble[0])
		snprintf(text, sizeof(text), "TLS: %s", connection->tls_trouble);
	else
		snprintf(text, sizeof(text), "no broker answers there%s%s",
			 is_address(connection->config.host) ? "" : ", or the name is unknown",
			 connection->config.tls
				 ? ", or not with TLS, or its certificate is for another name"
				 : "");
	hand_down(connection, false, text);
}

static void on_up_5(void *context, MQTTAsync_successData5 *data)
{
	struct connection *connection = context;
	struct mqtt_event event = {
		.kind = EVENT_UP,
		.receive_maximum = 65535,
		.packet_maximum = INT64_MAX,
	};
	MQTTProperties *properties = &data->properties;

	if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
		event.receive_maximum = MQTTProperties_getNumericValue(
			properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE))
		event.packet_maximum = (uint32_t)MQTTProperties_getNumericValue(
			properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
	event_queue_put(connection->queue, &event);
}

static void on_up(void *context, MQTTAsync_successData *data)
{
	struct connection *connection = context;
	struct mqtt_event event = {
		.kind = EVENT_UP,
		.receive_maximum = 65535,
		.packet_maximum = INT64_MAX,
	};

	(void)data;
	event_queue_put(connection->queue, &event);
}

static void on_failed_5(void *context, MQTTAsync_failureData5 *data)
{
	/* The broker's reason comes in one or the other. */
	hand_failure(context, data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR
				      ? (int)data->reasonCode
				      : data->code);
}

static void on_failed(void *context, MQTTAsync_failureData *data)
{
	hand_failure(context, data->code);
}

static void on_lost(void *context, char *cause)
{
	(void)cause; /* paho never fills it */
	hand_down(context, false, "the broker or the network closed it");
}

/* A DISCONNECT of the broker: on_lost() does not come after it. */
static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	char text[200];

	(void)properties;
	snprintf(text, sizeof(text), "the broker ended it (%s%s)", connection_reason((int)reason),
		 reason == MQTTREASONCODE_SESSION_TAKEN_OVER ? ": is its client id used twice?"
							     : "");
	hand_down(context, false, text);
}

static void on_success_5(void *context, MQTTAsync_successData5 *data)
{
	hand_answer(context, (int)data->reasonCode);
}

static void on_success(void *context, MQTTAsync_successData *data)
{
	(void)data;
	hand_answer(context, MQTTREASONCODE_SUCCESS);
}

static void on_failure_5(void *context, MQTTAsync_failureData5 *data)
{
	/* paho's own codes, below 0, mean that the connection broke: EVENT_DOWN says that for all.
	 */
	if (data->code >= MQTTASYNC_SUCCESS)
		hand_answer(context, (int)data->reasonCode);
}

static void on_failure(void *context, MQTTAsync_failureData *data)
{
	/* Of 3.1.1's answers only that to a subscription can be a refusal. */
	if (data->code >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		hand_answer(context, data->code);
}

static struct bytes property_bytes(MQTTProperties *properties, enum MQTTPropertyCodes code)
{
	MQTTProperty *property = MQTTProperties_getProperty(properties, code);

	if (!property)
		return (struct bytes){0};
	return (struct bytes){property->value.data.data, (size_t)property->value.data.len};
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
	struct connection *connection = context;
	struct mqtt_event event = {
		.kind = EVENT_MESSAGE,
		.retained = message->retained,
		.text = {topic, topic_size ? (size_t)topic_size : strlen(topic)},
		.payload = {message->payload ? message->payload : "", (size_t)message->payloadlen},
	};

	if (message->properties.count > 0) {
		event.response_topic =
			property_bytes(&message->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
		event.correlation =
			property_bytes(&message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
	}
	event_queue_put(connection->queue, &event);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

static int on_tls_trouble(const char *text, size_t size, void *context)
{
	struct connection *connection = context;

	/* The first one names the cause. */
	if (!connection->tls_trouble[0])
		snprintf(connection->tls_trouble, sizeof(connection->tls_trouble), "%.*s",
			 (int)strcspn(text, "\n") < (int)size ? (int)strcspn(text, "\n")
							      : (int)size,
			 text);
	return 1;
}

/* -------- open, start, close -------- */

static bool client_create(struct connection *connection)
{
	const struct mqtt_config *config = &connection->config;
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
	bool is_ipv6 = strchr(config->host, ':');
	char uri[300];

	snprintf(uri, sizeof(uri), "%s://%s%s%s:%d", config->tls ? "ssl" : "tcp",
		 is_ipv6 ? "[" : "", config->host, is_ipv6 ? "]" : "", (int)config->port);
	options.MQTTVersion = connection->is_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	options.maxBufferedMessages = BUFFERED_MAXIMUM;
	if (MQTTAsync_createWithOptions(&connection->client, uri, connection->client_id,
					MQTTCLIENT_PERSISTENCE_NONE, NULL,
					&options) != MQTTASYNC_SUCCESS)
		return false;
	MQTTAsync_setCallbacks(connection->client, connection, on_lost, on_message, NULL);
	MQTTAsync_setDisconnected(connection->client, connection, on_disconnected);
	return true;
}

struct connection *connection_open(const struct connection_options *options,
				   struct event_queue *queue)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->queue = queue;
	connection->config = *options->config;
	connection->is_5 = options->config->protocol == MQTT_PROTOCOL_5;
	connection->client_id = strdup(options->client_id);
	connection->password = options->password ? strdup(options->password) : NULL;
	connection->will_topic = options->will_topic ? strdup(options->will_topic) : NULL;
	for (unsigned i = 0; i < CONNECTION_TOKENS; i++)
		connection->requests[i] = (struct request){connection, i};
	if (!connection->client_id || !connection->password != !options->password ||
	    !connection->will_topic != !options->will_topic || !client_create(connection)) {
		log_error("an MQTT client for %s cannot be made", options->config->host);
		connection_close(connection);
		return NULL;
	}
	return connection;
}

static MQTTAsync_SSLOptions tls_options(struct connection *connection)
{
	const struct mqtt_config *config = &connection->config;
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;

	tls.trustStore = config->ca_file[0] ? config->ca_file : NULL;
	tls.keyStore = config->certificate_file[0] ? config->certificate_file : NULL;
	tls.privateKey = config->key_file[0] ? config->key_file : NULL;
	tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2; /* and later */
	tls.verify = !config->insecure;
	tls.ssl_error_cb = on_tls_trouble;
	tls.ssl_error_context = connection;
	return tls;
}

void connection_start(struct connection *connection)
{
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions options_5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	MQTTAsync_SSLOptions tls = tls_options(connection);

	if (connection->is_5) {
		options = options_5;
		options.cleanstart = 1;
		options.onSuccess5 = on_up_5;
		options.onFailure5 = on_failed_5;
	} else {
		options.MQTTVersion = MQTTVERSION_3_1_1;
		options.cleansession = 1;
		options.onSuccess = on_up;
		options.onFailure = on_failed;
	}
	options.context = connection;
	options.keepAliveInterval = (int)connection->config.keepalive_s;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.username = connection->config.user[0] ? connection->config.user : NULL;
	options.password = connection->password;
	options.ssl = connection->config.tls ? &tls : NULL;
	if (connection->will_topic) {
		will.topicName = connection->will_topic;
		will.message = "offline";
		will.qos = 1;
		will.retained = 1;
		options.will = &will;
	}
	int code = MQTTAsync_connect(connection->client, &options);

	if (code != MQTTASYNC_SUCCESS)
		hand_down(connection, true, MQTTAsync_strerror(code));
}

/* In the queue behind all that was published, unlike the one that paho sends by itself. */
static void client_disconnect(struct connection *connection)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions options_5 = MQTTAsync_disconnectOptions_initializer5;

	if (MQTTAsync_disconnect(connection->client, connection->is_5 ? &options_5 : &options) !=
	    MQTTASYNC_SUCCESS)
		return;
	for (int i = 0; i < DISCONNECT_MS && MQTTAsync_isConnected(connection->client); i++)
		usleep(1000);
}

void connection_close(struct connection *connection)
{
	if (!connection)
		return;
	if (connection->client) {
		client_disconnect(connection);
		MQTTAsync_destroy(&connection->client);
	}
	free(connection->client_id);
	if (connection->password)
		explicit_bzero(connection->password, strlen(connection->password));
	free(connection->password);
	free(connection->will_topic);
	free(connection);
}

/* -------- requests -------- */

static MQTTAsync_responseOptions request_options(struct connection *connection, unsigned token)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

	options.context = &connection->requests[token];
	if (connection->is_5) {
		options.onSuccess5 = on_success_5;
		options.onFailure5 = on_failure_5;
	} else {
		options.onSuccess = on_success;
		options.onFailure = on_failure;
	}
	return options;
}

/* What paho refuses on the spot is answered like a refusal of the broker, except where it has no
 * connection any more: EVENT_DOWN is on its way then. */
static void request_check(struct connection *connection, unsigned token, int code)
{
	if (code == MQTTASYNC_SUCCESS || code == MQTTASYNC_DISCONNECTED)
		return;
	hand_answer(&connection->requests[token], code == MQTTASYNC_BAD_UTF8_STRING
							  ? MQTTREASONCODE_TOPIC_NAME_INVALID
							  : MQTTREASONCODE_UNSPECIFIED_ERROR);
}

void connection_publish(struct connection *connection, const struct publication *publication,
			unsigned token)
{
	MQTTAsync_responseOptions options = request_options(connection, token);
	MQTTProperty correlation = {.identifier = MQTTPROPERTY_CODE_CORRELATION_DATA};

	if (connection->is_5 && publication->correlation) {
		/* paho copies it and only reads it. */
		correlation.value.data.data = (char *)publication->correlation;
		correlation.value.data.len = (int)publication->correlation_size;
		MQTTProperties_add(&options.properties, &correlation);
	}
	request_check(connection, token,
		      MQTTAsync_send(connection->client, publication->topic, (int)publication->size,
				     publication->payload, publication->qos, publication->retained,
				     &options));
	MQTTProperties_free(&options.properties);
}

void connection_subscribe(struct connection *connection, const char *filter, int qos,
			  unsigned token)
{
	MQTTAsync_responseOptions options = request_options(connection, token);

	request_check(connection, token,
		      MQTTAsync_subscribe(connection->client, filter, qos, &options));
}
