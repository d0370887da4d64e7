/* handover.h - events on their way from paho's threads to the program's poll loop.
 *
 * Many may put, one takes. The bytes of an event are copied into one growing buffer; the taker
 * swaps it for an empty one, so that a lock is held for a memcpy only and a whole batch costs one
 * wake-up. */
#ifndef COMMON_MQTT_HANDOVER_H
#define COMMON_MQTT_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_UP,      /* the broker accepted the connection */
	EVENT_DOWN,    /* the attempt failed, or the connection is gone; `text` says why */
	EVENT_ANSWER,  /* to a publish or a subscription */
	EVENT_MESSAGE, /* received */
};

struct bytes {
	const char *data; /* followed by a 0 once it is taken; NULL: not there */
	size_t size;
};

struct event {
	enum event_kind kind;
	unsigned token;		 /* ANSWER: of the request */
	int reason;		 /* ANSWER: MQTT 5 reason code */
	bool hopeless;		 /* DOWN: will not mend by itself (a wrong password) */
	bool retained;		 /* MESSAGE */
	int64_t receive_maximum; /* UP: how many QoS 1 messages the broker wants in flight */
	int64_t packet_maximum;	 /* UP: how many bytes it takes in a packet */
	struct bytes text;	 /* DOWN: the reason; MESSAGE: the topic */
	struct bytes payload;
	struct bytes response_topic;
	struct bytes correlation;
};

struct handover;

/* NULL when memory or descriptors are out. */
struct handover *handover_open(void);
void handover_close(struct handover *handover);

/* Readable when there are events to take; for messages alone, up to a millisecond later, since
 * waking up costs more than they do. */
int handover_fd(const struct handover *handover);

/* From any thread. Messages are dropped, and counted, once 64 MiB wait. */
void handover_put(struct handover *handover, const struct event *event);

/* Takes what was put so far as one batch; handover_next() gives its events one by one, and false
 * at its end. Their bytes stay valid until the next handover_begin(). */
void handover_begin(struct handover *handover);
bool handover_next(struct handover *handover, struct event *event);

/* Forgets everything, also the rest of the batch. */
void handover_clear(struct handover *handover);

/* How many messages were dropped since the last call. */
int64_t handover_dropped(struct handover *handover);

#endif
