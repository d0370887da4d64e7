/* publisher.h - what the meters tell, as MQTT messages of the contract. */
#ifndef COLLECTOR_METER_PUBLISH_METER_PUBLISHER_H
#define COLLECTOR_METER_PUBLISH_METER_PUBLISHER_H

#include "collector-meter/meters/meters.h"

struct meter_publisher;

/* Connects to the broker, which need not be there yet. */
struct meter_publisher *meter_publisher_open(const struct meter_settings *settings,
					     struct loop *loop, struct fail *fail);

/* Publishes what it heard, says goodbye, disconnects. */
void meter_publisher_close(struct meter_publisher *publisher);

struct meter_sink meter_publisher_sink(struct meter_publisher *publisher);

/* The meters to resume once there is room again. */
void meter_publisher_set_meters(struct meter_publisher *publisher, struct meters *meters);

#endif
