/* publisher.h - what the meters tell, as MQTT messages of the contract. */
#ifndef COLLECTOR_METER_PUBLISH_PUBLISHER_H
#define COLLECTOR_METER_PUBLISH_PUBLISHER_H

#include "collector-meter/meters/station.h"

struct publisher;

/* Connects to the broker, which need not be there yet. */
struct publisher *publisher_open(const struct settings *settings, struct daemon *daemon,
				 struct fail *fail);

/* Publishes what it heard, says goodbye, disconnects. */
void publisher_close(struct publisher *publisher);

struct listener publisher_listener(struct publisher *publisher);

/* The station to resume once there is room again. */
void publisher_feeds_from(struct publisher *publisher, struct station *station);

#endif
