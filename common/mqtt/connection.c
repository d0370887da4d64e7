#include "common/mqtt/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/mqtt/connection_events.h"
#include "common/process/log.h"

#define CONNECT_TIMEOUT_S 10
/* A disconnect that the network does not take sooner is not sent, and the will is published. */
#define DISCONNECT_MS 200
/* Our own limits on what is in flight are below it: paho never holds back. */
#define BUFFERED_MAXIMUM 100000

struct connection {
	MQTTAsync client;
	struct connection_events events;
	struct mqtt_config config;
	bool is_5;
	char *client_id;
	char *password;
	char *will_topic;
	struct request requests[CONNECTION_TOKENS];
};

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
	MQTTAsync_setCallbacks(connection->client, &connection->events, on_lost, on_message, NULL);
	MQTTAsync_setDisconnected(connection->client, &connection->events, on_disconnected);
	return true;
}

struct connection *connection_open(const struct connection_options *options,
				   struct event_queue *queue)
{
	struct connection *connection = allocate(1, sizeof(*connection));

	connection->config = *options->config;
	connection->is_5 = options->config->protocol == MQTT_PROTOCOL_5;
	connection->client_id = copy_text(options->client_id);
	connection->password = copy_text(options->password);
	connection->will_topic = copy_text(options->will_topic);
	connection->events = (struct connection_events){
		.queue = queue,
		.config = &connection->config,
		.client_id = connection->client_id,
		.is_5 = connection->is_5,
	};
	for (unsigned i = 0; i < CONNECTION_TOKENS; i++)
		connection->requests[i] = (struct request){&connection->events, i};
	if (!client_create(connection)) {
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
	tls.ssl_error_context = &connection->events;
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
	options.context = &connection->events;
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
		events_report_down(&connection->events, true, MQTTAsync_strerror(code));
}

/* Queued behind all publishes, unlike the disconnect that paho sends by itself. */
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

/* A request that paho refuses itself is answered like one that the broker refuses, unless the
 * connection has ended: then EVENT_DOWN is queued. */
static void request_check(struct connection *connection, unsigned token, int code)
{
	if (code == MQTTASYNC_SUCCESS || code == MQTTASYNC_DISCONNECTED)
		return;
	events_report_answer(&connection->requests[token],
			     code == MQTTASYNC_BAD_UTF8_STRING ? MQTTREASONCODE_TOPIC_NAME_INVALID
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
