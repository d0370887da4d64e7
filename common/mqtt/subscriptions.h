/* subscriptions.h - what a session subscribes to after every connection. */
#ifndef COMMON_MQTT_SUBSCRIPTIONS_H
#define COMMON_MQTT_SUBSCRIPTIONS_H

#include <stdbool.h>

#include "common/mqtt/connection.h"
#include "common/mqtt/sender.h"

#define SUBSCRIPTIONS 16

/* Their tokens come after those of the sender. */
#define TOKEN_SUBSCRIPTION (TOKEN_QUICK + 1)

struct subscription {
	char *filter;
	int qos;
	bool refused;
};

struct subscriptions {
	struct subscription items[SUBSCRIPTIONS];
	unsigned count;
};

/* At most SUBSCRIPTIONS. Copies `filter`. */
void subscriptions_add(struct subscriptions *subscriptions, const char *filter, int qos);

/* Subscribes to all from number `first` on. */
void subscriptions_send(const struct subscriptions *subscriptions, unsigned first,
			struct connection *connection);

/* The broker answered the request with that token. A refusal is logged. */
void subscriptions_answered(struct subscriptions *subscriptions, unsigned token, int reason);

void subscriptions_free(struct subscriptions *subscriptions);

#endif
