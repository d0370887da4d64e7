#include "common/mqtt/sender.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/mqtt/mqtt_reason.h"
#include "common/process/log.h"

/* -------- publishing -------- */

/* What a PUBLISH is at most on the wire besides topic, payload and correlation data. */
#define PACKET_OVERHEAD 24

static bool publication_fits(const struct sender *sender, const struct publication *publication)
{
	size_t size = strlen(publication->topic) + publication->size +
		      publication->correlation_size + PACKET_OVERHEAD;

	return (int64_t)size <= sender->packet_maximum;
}

static void log_oversized(struct sender *sender, const struct publication *publication)
{
	if (strcmp(sender->oversized, publication->topic) == 0)
		return;
	snprintf(sender->oversized, sizeof(sender->oversized), "%s", publication->topic);
	log_error("%s: a message of %zu bytes is not sent, the broker accepts packets of at most "
		  "%lld bytes",
		  publication->topic, publication->size, (long long)sender->packet_maximum);
}

static bool may_send(const struct sender *sender, unsigned limit)
{
	return sender->in_flight < limit && sender->in_flight < sender->in_flight_maximum;
}

/* One must be free. */
static void publish_start(struct sender *sender, const struct publication *publication,
			  struct publish_in_flight publish)
{
	unsigned index = 0;

	while (sender->publishes[index].purpose != PURPOSE_NONE)
		index++;
	assert(index < IN_FLIGHT);
	sender->publishes[index] = publish;
	sender->in_flight++;
	if (publication_fits(sender, publication)) {
		connection_publish(sender->connection, publication, index);
		return;
	}
	/* Sending it would end the connection, again and again: it is refused here. */
	log_oversized(sender, publication);
	event_queue_put(sender->queue, &(struct mqtt_event){.kind = EVENT_ANSWER,
							    .token = index,
							    .reason = REASON_TOO_LARGE});
}

static bool publish_quick(struct sender *sender, const struct publication *publication)
{
	if (sender->quick >= QUICK_MAXIMUM)
		return false;
	if (!publication_fits(sender, publication)) {
		log_oversized(sender, publication);
		return true;
	}
	sender->quick++;
	connection_publish(sender->connection, publication, TOKEN_QUICK);
	return true;
}

static bool publish_retained(struct sender *sender, const struct retained_value *value)
{
	struct publication publication = {
		.topic = value->topic->name,
		.payload = value->payload,
		.size = value->size,
		.qos = value->topic->qos,
		.retained = true,
	};

	if (publication.qos == 0)
		return publish_quick(sender, &publication);
	if (!may_send(sender, IN_FLIGHT_RETAINED))
		return false;
	publish_start(
		sender, &publication,
		(struct publish_in_flight){.purpose = PURPOSE_RETAINED, .topic = value->topic});
	return true;
}

void sender_pump(struct sender *sender)
{
	struct retained_value value;

	while (sender->connection && retained_next(sender->retained, &value) &&
	       publish_retained(sender, &value))
		retained_sent(sender->retained);
}

bool sender_send(struct sender *sender, const struct publication *message, uint64_t cookie)
{
	if (!sender->connection)
		return false;
	if (message->qos == 0)
		return publish_quick(sender, message);
	if (!may_send(sender, IN_FLIGHT))
		return false;
	publish_start(sender, message,
		      (struct publish_in_flight){.purpose = PURPOSE_MESSAGE, .cookie = cookie});
	return true;
}

void sender_respond(struct sender *sender, struct publication *response)
{
	if (!sender->connection)
		return;
	/* Better without an acknowledgement than not at all. */
	if (!may_send(sender, IN_FLIGHT)) {
		publish_quick(sender, response);
		return;
	}
	response->qos = 1;
	publish_start(sender, response, (struct publish_in_flight){.purpose = PURPOSE_RESPONSE});
}

bool sender_idle(const struct sender *sender)
{
	struct retained_value value;

	return sender->in_flight == 0 && sender->quick == 0 &&
	       !retained_next(sender->retained, &value);
}

/* -------- events -------- */

void sender_up(struct sender *sender, struct connection *connection, const struct mqtt_event *event)
{
	sender->connection = connection;
	sender->oversized[0] = 0;
	sender->packet_maximum = event->packet_maximum;
	sender->in_flight_maximum =
		event->receive_maximum < IN_FLIGHT ? (unsigned)event->receive_maximum : IN_FLIGHT;
}

void sender_down(struct sender *sender)
{
	sender->connection = NULL;
	memset(sender->publishes, 0, sizeof(sender->publishes));
	sender->in_flight = 0;
	sender->quick = 0;
	retained_requeue(sender->retained);
}

static void retained_topic_answered(struct sender *sender, struct retained_topic *topic, int reason)
{
	bool refused = reason >= REASON_REFUSED;

	/* A value that is too large has been logged. */
	if (refused && !topic->refused && reason != REASON_TOO_LARGE)
		log_warning("%s: the broker refuses it (%s); check its access list", topic->name,
			    mqtt_reason_name(reason));
	topic->refused = refused;
	retained_answered(sender->retained, topic);
}

bool sender_answered(struct sender *sender, const struct mqtt_event *answer, uint64_t *cookie)
{
	struct publish_in_flight publish;

	if (answer->token == TOKEN_QUICK) {
		sender->quick--;
		sender_pump(sender);
		return false;
	}
	publish = sender->publishes[answer->token];
	if (publish.purpose == PURPOSE_NONE)
		return false;
	sender->publishes[answer->token] = (struct publish_in_flight){0};
	sender->in_flight--;
	if (publish.purpose == PURPOSE_RETAINED)
		retained_topic_answered(sender, publish.topic, answer->reason);
	sender_pump(sender);
	*cookie = publish.cookie;
	return publish.purpose == PURPOSE_MESSAGE;
}
