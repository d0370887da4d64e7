/* sender.h - what a session publishes over its connection: messages, and the values of retained
 * topics; only as much at a time as broker and paho take without delay. */
#ifndef COMMON_MQTT_SENDER_H
#define COMMON_MQTT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract/topic.h"
#include "common/mqtt/connection.h"
#include "common/mqtt/retained.h"

/* QoS 1 publishes in flight. Brokers allow 20 by default, beyond which paho sleeps for a second.
 * Retained values, of which thousands may wait, leave some to messages. */
#define IN_FLIGHT	   15
#define IN_FLIGHT_RETAINED 12

/* QoS 0 publishes that paho has not written yet. */
#define QUICK_MAXIMUM 2000

/* Tokens of requests: below IN_FLIGHT a publish of QoS 1; any publish of QoS 0. */
#define TOKEN_QUICK IN_FLIGHT

enum purpose { PURPOSE_NONE, PURPOSE_RETAINED, PURPOSE_MESSAGE, PURPOSE_RESPONSE };

/* A QoS 1 publish that the broker has not answered. */
struct publish_in_flight {
	enum purpose purpose; /* NONE: free */
	uint64_t cookie;      /* MESSAGE */
	struct retained_topic *topic;
};

struct sender {
	struct connection *connection; /* NULL: there is none */
	struct event_queue *queue;
	struct retained *retained;
	struct publish_in_flight publishes[IN_FLIGHT];
	unsigned in_flight;
	unsigned quick; /* QoS 0 publishes that are not written yet */
	unsigned in_flight_maximum;
	int64_t packet_maximum;
	char oversized[TOPIC_SIZE]; /* the topic that was logged last */
};

/* The connection is up with the limits of `event`; the sender uses it until sender_down(). */
void sender_up(struct sender *sender, struct connection *connection,
	       const struct mqtt_event *event);

/* The connection has ended: requests in flight get no answer. Retained values are queued again. */
void sender_down(struct sender *sender);

/* Sends queued retained values, as many as may be in flight. */
void sender_pump(struct sender *sender);

/* Returns false if the message cannot be sent now. The cookie is of QoS 1 only. */
bool sender_send(struct sender *sender, const struct publication *message, uint64_t cookie);

/* QoS 1, or QoS 0 if no more may be in flight. Dropped without a connection. */
void sender_respond(struct sender *sender, struct publication *response);

/* The broker answered a publish. Returns true, and its cookie, if that was a message of QoS 1. */
bool sender_answered(struct sender *sender, const struct mqtt_event *answer, uint64_t *cookie);

/* Nothing is queued or in flight. */
bool sender_idle(const struct sender *sender);

#endif
