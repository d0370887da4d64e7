/* commands.h - carries out commands below set/, and answers once they are in the books. */
#ifndef AGGREGATOR_COMMANDS_COMMANDS_H
#define AGGREGATOR_COMMANDS_COMMANDS_H

#include "aggregator/site/site.h"
#include "aggregator/store/store.h"
#include "common/mqtt/mqtt.h"

struct commands {
	struct site *site;
	const struct store *store;
	struct mqtt *mqtt;
	/* Brings what the site holds into the books at once. */
	void (*commit)(void *context);
	void *context;
};

/* Takes a message below set/; `key` is the rest of its topic. Answers on set-result, and on the
 * response topic if the message has one. A retained message is ignored: a command is meant once. */
void commands_receive(const struct commands *commands, const struct mqtt_message *message,
		      const char *key, ms_t now);

#endif
