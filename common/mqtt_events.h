/* mqtt_events.h - from paho's threads to the program's: a queue with a descriptor. */
#ifndef COMMON_MQTT_EVENTS_H
#define COMMON_MQTT_EVENTS_H

#include <pthread.h>

#include "common/mqtt.h"

enum event_kind {
	EVENT_UP,
	EVENT_FAILED,
	EVENT_LOST,
	EVENT_MESSAGE,
	EVENT_SENT,
	EVENT_SUBSCRIBED,
	EVENT_TLS,
};

struct event {
	struct event *next;
	enum event_kind kind;
	unsigned int connection; /* which attempt to connect it belongs to */
	int token;		 /* EVENT_SENT: paho's; 0 for QoS 0 */
	int reason;		 /* MQTT 5 reason code, or what 3.1.1 has for it */
	bool failed;
	uint32_t packet_max;	     /* EVENT_UP: the broker's limit; 0: none */
	struct mqtt_message message; /* points into `text` */
	char text[];
};

struct event_queue {
	pthread_mutex_t lock;
	struct event *first, **last;
	int fd; /* eventfd: readable while the queue is not empty */
};

bool event_queue_open(struct event_queue *queue);
void event_queue_close(struct event_queue *queue);

/* A zeroed event with room for `size` bytes of text. */
struct event *event_new(enum event_kind kind, size_t size);

/* Takes over the event. From any thread. */
void event_put(struct event_queue *queue, struct event *event);

/* All events at once, oldest first; each to free(). */
struct event *event_take(struct event_queue *queue);

#endif
