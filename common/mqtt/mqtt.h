/* mqtt.h - one MQTT session that keeps itself alive, used from one thread.
 *
 * paho's threads only put events into a queue; the program's event loop takes them out with
 * mqtt_dispatch(), and every handler runs there. The session connects by itself, from the first
 * attempt on (the broker need not be there yet), with capped and jittered pauses, and after every
 * connection subscribes again and publishes again all that it retains. */
#ifndef COMMON_MQTT_MQTT_H
#define COMMON_MQTT_MQTT_H

#include <stddef.h>
#include <stdint.h>

#include "common/mqtt/mqtt_config.h"

struct mqtt;

struct mqtt_message {
	const char *topic;   /* terminated */
	const char *payload; /* `size` bytes, and a terminating 0 after them */
	size_t size;
	bool retained;
	const char *response_topic; /* MQTT 5; else NULL */
	const void *correlation;
	size_t correlation_size;
};

enum mqtt_result {
	MQTT_DELIVERED, /* the broker has it; there are subscribers, or that is not known */
	/* The broker has it, and there are no subscribers (MQTT 5, 0x10). paho up to 1.3.14 does
	 * not report that: then it is MQTT_DELIVERED. */
	MQTT_NO_SUBSCRIBERS,
	MQTT_REFUSED, /* the broker refuses it: its access list, size or quota (0x80 and above) */
};

/* Called from mqtt_dispatch(), never from within another call. Any may be NULL. */
struct mqtt_handler {
	void *context;
	/* Connected; subscriptions and retained topics are on their way already. */
	void (*up)(void *context);
	/* The connection has ended; QoS 1 messages that were not answered yet get no answer. */
	void (*down)(void *context);
	void (*message)(void *context, const struct mqtt_message *message);
	/* The broker answered mqtt_send() of QoS 1. */
	void (*sent)(void *context, uint64_t cookie, enum mqtt_result result);
};

/* Starts connecting. `client_id` is used if the configuration has none. `will_topic` may be
 * NULL; the will is "offline", retained, QoS 1, and its birth "online" is retained by the session
 * itself. Block signals before: this starts threads. */
struct mqtt *mqtt_open(const struct mqtt_config *config, const char *client_id,
		       const char *will_topic, const struct mqtt_handler *handler,
		       struct fail *fail);

/* Publishes "offline" on the will topic, waits at most `timeout_ms` for what was published to be
 * out, disconnects and frees; stopping paho's threads takes up to a second more. */
void mqtt_close(struct mqtt *mqtt, int timeout_ms);

/* Readable when mqtt_dispatch() has something to do. */
int mqtt_fd(const struct mqtt *mqtt);
void mqtt_dispatch(struct mqtt *mqtt);

bool mqtt_connected(const struct mqtt *mqtt);

/* Subscribes now and after every connection. The broker's refusal is logged. At most 16. */
void mqtt_subscribe(struct mqtt *mqtt, const char *filter, int qos);

enum mqtt_retain_flags {
	MQTT_LATEST = 0, /* a value that was not sent yet is replaced: only the newest goes out */
	/* Every value is sent, in order, while connected and not more than 10000 wait. */
	MQTT_EACH = 1,
};

/* Sets the value of a retained topic: sent now or as soon as possible, and again after every
 * reconnect. Copies both. An empty payload deletes the topic; it is forgotten once the broker has
 * answered. NULL, which is no value, is logged and changes nothing. */
void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload, int qos,
		 enum mqtt_retain_flags flags);

/* Sends one message that is not retained. QoS 0: dropped (false) without a connection, or while
 * 2000 wait to be written. QoS 1: false if it cannot be taken now (no connection, or 15 are in
 * flight already): try again from `sent` or `up`. */
bool mqtt_send(struct mqtt *mqtt, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie);

/* The answer to a request: QoS 1 (QoS 0 while 15 are in flight), with the request's correlation
 * data. Dropped without a connection, or if `payload` is NULL. */
void mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *request, const char *payload);

#endif
