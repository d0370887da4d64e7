/* retained.h - what a session retains at the broker: the newest value of every topic, and the queue
 * of values that are to be sent. */
#ifndef COMMON_MQTT_RETAINED_H
#define COMMON_MQTT_RETAINED_H

#include <stdbool.h>
#include <stddef.h>

struct retained;

/* One topic. Owned by the table; it exists at least as long as `in_flight` is not 0. */
struct retained_topic {
	const char *name;
	int qos;
	unsigned in_flight; /* publishes of it that the broker has not answered */
	bool refused;	    /* the broker refused the last one; for the caller */
};

/* A value to send: valid until the table changes. */
struct retained_value {
	struct retained_topic *topic;
	const char *payload;
	size_t size;
};

struct retained *retained_open(void);
void retained_close(struct retained *retained);

/* Sets a topic's value and queues it. A queued value of the topic is replaced, unless `each`: then
 * it stays in the queue before the new one. At most 10000 values stay in that way; others are
 * replaced, too, and counted as skipped. Returns false, and changes nothing, if `payload` is
 * NULL. */
bool retained_set(struct retained *retained, const char *topic, const char *payload, int qos,
		  bool each);

/* The oldest queued value; false if there is none. */
bool retained_next(const struct retained *retained, struct retained_value *value);

/* That value was sent: it leaves the queue. If its QoS is 1, a publish of its topic is in flight
 * until retained_answered(). */
void retained_sent(struct retained *retained);
void retained_answered(struct retained *retained, struct retained_topic *topic);

/* The connection has ended: nothing is in flight, and the newest value of every topic, and only
 * that, is queued again, in the order in which the topics were first set. */
void retained_requeue(struct retained *retained);

/* Returns the number of values skipped since the last call. */
size_t retained_skipped(struct retained *retained);

#endif
