/* event_queue.h - events on their way from paho's threads to the program's event loop.
 *
 * Many may put, one takes. The bytes of an event are copied into one growing buffer; the taker
 * swaps it for an empty one. So a lock is held for a memcpy only, and a batch costs one wake-up. */
#ifndef COMMON_MQTT_EVENT_QUEUE_H
#define COMMON_MQTT_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_event_kind {
	EVENT_UP,      /* the broker accepted the connection */
	EVENT_DOWN,    /* the attempt failed, or the connection has ended; `text` is the reason */
	EVENT_ANSWER,  /* to a publish or a subscription */
	EVENT_MESSAGE, /* received */
};

struct bytes {
	const char *data; /* followed by a 0 once it is taken; NULL: not there */
	size_t size;
};

struct mqtt_event {
	enum mqtt_event_kind kind;
	unsigned token;		 /* ANSWER: of the request */
	int reason;		 /* ANSWER: MQTT 5 reason code */
	bool hopeless;		 /* DOWN: does not end by itself (a wrong password) */
	bool retained;		 /* MESSAGE */
	int64_t receive_maximum; /* UP: how many QoS 1 messages the broker allows in flight */
	int64_t packet_maximum;	 /* UP: how many bytes it takes in a packet */
	struct bytes text;	 /* DOWN: the reason; MESSAGE: the topic */
	struct bytes payload;
	struct bytes response_topic;
	struct bytes correlation;
};

struct event_queue;

/* NULL if there is no descriptor (errno). */
struct event_queue *event_queue_open(void);
void event_queue_close(struct event_queue *queue);

/* Readable when there are events to take; for messages alone, up to a millisecond later, since
 * waking up costs more than they do. */
int event_queue_fd(const struct event_queue *queue);

/* From any thread. Messages are dropped, and counted, once 64 MiB wait. */
void event_queue_put(struct event_queue *queue, const struct mqtt_event *event);

/* Takes what was put so far as one batch; event_queue_next() gives its events one by one, and false
 * at its end. Their bytes stay valid until the next event_queue_begin(). */
void event_queue_begin(struct event_queue *queue);
bool event_queue_next(struct event_queue *queue, struct mqtt_event *event);

/* Forgets everything, also the rest of the batch. */
void event_queue_clear(struct event_queue *queue);

/* How many messages were dropped since the last call. */
int64_t event_queue_dropped(struct event_queue *queue);

#endif
