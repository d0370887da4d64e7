/* connection.h - one connection to a broker over paho's MQTTAsync, from the attempt to its end.
 *
 * All that happens to it is queued as events: EVENT_UP once, EVENT_DOWN when the attempt failed or
 * the connection has ended, EVENT_ANSWER to each request (none for those that were unanswered when
 * it went down), EVENT_MESSAGE. A connection that went down is closed, and the next attempt is a
 * new one: paho would keep and send what an earlier connection had queued. */
#ifndef COMMON_MQTT_CONNECTION_H
#define COMMON_MQTT_CONNECTION_H

#include "common/mqtt/event_queue.h"
#include "common/mqtt/mqtt_config.h"

/* Requests carry a token below this, which comes back in the answer. */
#define CONNECTION_TOKENS 64

struct connection_options {
	const struct mqtt_config *config; /* its client_id and password_file are not read here */
	const char *client_id;
	const char *password;	/* NULL: none */
	const char *will_topic; /* NULL: none */
};

struct publication {
	const char *topic;
	const char *payload;
	size_t size;
	int qos;
	bool retained;
	const void *correlation; /* MQTT 5; NULL: none */
	size_t correlation_size;
};

struct connection;

/* Does not connect yet. The options are copied; `queue` must outlive the connection. NULL if paho
 * cannot make a client, logged. */
struct connection *connection_open(const struct connection_options *options,
				   struct event_queue *queue);
void connection_start(struct connection *connection);

/* Disconnects in good order (the will is not published) if it is up, and frees. No event comes
 * after it. Closing the only one that exists stops paho's threads, which takes up to a second:
 * open the next one before. */
void connection_close(struct connection *connection);

void connection_publish(struct connection *connection, const struct publication *publication,
			unsigned token);
void connection_subscribe(struct connection *connection, const char *filter, int qos,
			  unsigned token);

#endif
