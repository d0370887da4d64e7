/* connection_events.h - what happens to a connection, from paho's callbacks into the event queue.
 * For connection.c only. */
#ifndef COMMON_MQTT_CONNECTION_EVENTS_H
#define COMMON_MQTT_CONNECTION_EVENTS_H

#include <MQTTAsync.h>

#include "common/mqtt/event_queue.h"
#include "common/mqtt/mqtt_config.h"

/* What the callbacks use of a connection: their context, unless it is a request. */
struct connection_events {
	struct event_queue *queue;
	const struct mqtt_config *config;
	const char *client_id;
	bool is_5;
	char tls_trouble[200]; /* written and read by paho's threads, one at a time */
};

/* The context of the answer to a request. */
struct request {
	struct connection_events *events;
	unsigned token;
};

void events_report_down(struct connection_events *events, bool hopeless, const char *text);
void events_report_answer(const struct request *request, int reason);

/* Of a connection. */
void on_up_5(void *context, MQTTAsync_successData5 *data);
void on_up(void *context, MQTTAsync_successData *data);
void on_failed_5(void *context, MQTTAsync_failureData5 *data);
void on_failed(void *context, MQTTAsync_failureData *data);
void on_lost(void *context, char *cause);
void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason);
int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message);
int on_tls_trouble(const char *text, size_t size, void *context);

/* Of a request. */
void on_success_5(void *context, MQTTAsync_successData5 *data);
void on_success(void *context, MQTTAsync_successData *data);
void on_failure_5(void *context, MQTTAsync_failureData5 *data);
void on_failure(void *context, MQTTAsync_failureData *data);

#endif
