/* desk.h - carries out what is told below set/, and answers once it is in the books. */
#ifndef AGGREGATOR_COMMANDS_DESK_H
#define AGGREGATOR_COMMANDS_DESK_H

#include "aggregator/site/site.h"
#include "aggregator/store/store.h"
#include "common/mqtt/mqtt.h"

struct desk {
	const struct site_settings *settings;
	struct site *site;
	struct store *store;
	struct mqtt *mqtt;
};

/* Takes a message below set/; `key` is the rest of its topic. Answers on set-result, and to the
 * response topic if the message has one. Ignores what is retained: a command is meant once. */
void desk_take(const struct desk *desk, const struct mqtt_message *message, const char *key,
	       ms_t now, ms_t monotonic);

#endif
