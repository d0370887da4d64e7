/* collector.h - what the program does while it runs: readings in, MQTT messages out. */
#ifndef COLLECTOR_PAC_PUBLISH_COLLECTOR_H
#define COLLECTOR_PAC_PUBLISH_COLLECTOR_H

#include "collector-pac/settings/settings.h"
#include "common/process/loop.h"

struct collector;

/* Starts polling and connects to the broker, in the loop `loop`. Both arguments belong to the
 * caller and are to outlive the collector. NULL on failure, with a reason. */
struct collector *collector_open(const struct settings *settings, struct loop *loop,
				 struct fail *fail);

/* Stops polling, sends what is on its way, says goodbye to the broker. May be NULL. */
void collector_close(struct collector *collector);

#endif
