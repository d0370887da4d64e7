/* meter_publisher.h - a sink of the meters that publishes records and live readings over MQTT. */
#ifndef COLLECTOR_METER_PUBLISH_METER_PUBLISHER_H
#define COLLECTOR_METER_PUBLISH_METER_PUBLISHER_H

#include "collector-meter/meters/meters.h"

struct meter_publisher;

/* Opens the outbox and connects to the broker, which may be unavailable. NULL with a reason. */
struct meter_publisher *meter_publisher_open(const struct meter_settings *settings,
					     struct loop *loop, struct fail *fail);

/* Publishes what is pending and that the collector is offline, and disconnects. */
void meter_publisher_close(struct meter_publisher *publisher);

struct meter_sink meter_publisher_sink(struct meter_publisher *publisher);

/* Sets the meters to resume when the publisher is ready again. */
void meter_publisher_set_meters(struct meter_publisher *publisher, struct meters *meters);

#endif
