/* online_check.h - compares a configuration with the broker: --check --online.
 *
 * A session with a client id of its own, without a will, that changes no retained topic: it reads
 * the status of the sites, and publishes one message that nobody processes, to see whether the
 * access list permits it. */
#ifndef COMMON_MQTT_ONLINE_CHECK_H
#define COMMON_MQTT_ONLINE_CHECK_H

#include "common/mqtt/mqtt_config.h"

struct online_check {
	const struct mqtt_config *broker;
	const char *site;
	const char *collector; /* NULL: the aggregator itself */
	bool needs_aggregator; /* somebody has to acknowledge records */
	/* This program runs on this machine: no session is opened if that could end the other one
	 * (a broker with use_username_as_clientid). */
	bool running;
};

/* Logs an error for each thing that is wrong, for a technician. Returns how many. Takes up to 20
 * seconds. */
int online_check(const struct online_check *check);

#endif
