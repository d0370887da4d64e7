/* pac_publisher.h - polls the meters and publishes what they measure, in the loop of the program.
 */
#ifndef COLLECTOR_PAC_PUBLISH_PAC_PUBLISHER_H
#define COLLECTOR_PAC_PUBLISH_PAC_PUBLISHER_H

#include "collector-pac/settings/settings.h"
#include "common/process/loop.h"

struct pac_publisher;

/* Starts polling and connects to the broker. Both arguments belong to the caller and must outlive
 * the publisher. Returns NULL on failure, with a reason. */
struct pac_publisher *pac_publisher_open(const struct pac_settings *settings, struct loop *loop,
					 struct fail *fail);

/* Stops polling, publishes what was measured until then, and disconnects from the broker.
 * `publisher` may be NULL. */
void pac_publisher_close(struct pac_publisher *publisher);

#endif
