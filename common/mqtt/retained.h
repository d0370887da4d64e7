/* retained.h - what a session retains at the broker: the newest value of every topic, and the queue
 * of values that are to be sent. */
#ifndef COMMON_MQTT_RETAINED_H
#define COMMON_MQTT_RETAINED_H

#include <stdbool.h>
#include <stddef.h>

struct retained;

/* One topic. Owned by the table; it lives at least as long as `flying` is not 0. */
struct retained_topic {
	const char *name;
	int qos;
	unsigned flying; /* publishes of it that the broker has not answered */
	bool refused;	 /* the broker refused it, and somebody was told */
};

/* A value to send: valid until the table changes. */
struct retained_value {
	struct retained_topic *topic;
	const char *payload;
	size_t size;
};

/* NULL when memory is out. */
struct retained *retained_open(void);
void retained_close(struct retained *retained);

/* Sets a topic's value and queues it. A queued value of the topic is replaced unless `each`, which
 * keeps it in the queue before the new one. At most 10000 values are kept in that way; then they
 * are replaced as well, and counted as skipped. False when memory is out: the value is lost. */
bool retained_set(struct retained *retained, const char *topic, const char *payload, int qos,
		  bool each);

/* The oldest queued value; false if there is none. */
bool retained_next(const struct retained *retained, struct retained_value *value);

/* That value was given to the network: it leaves the queue, and where its QoS is 1 its topic counts
 * one flying until retained_answered(). */
void retained_sent(struct retained *retained);
void retained_answered(struct retained *retained, struct retained_topic *topic);

/* The connection is gone: nothing is flying, and the newest value of every topic, and only that, is
 * queued again, in the order in which the topics were first set. */
void retained_requeue(struct retained *retained);

/* Topics known, and values skipped since the last call. */
size_t retained_count(const struct retained *retained);
size_t retained_skipped(struct retained *retained);

#endif
