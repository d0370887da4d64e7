/* config.h - the aggregator's configuration file. */
#ifndef AGGREGATOR_CONFIG_CONFIG_H
#define AGGREGATOR_CONFIG_CONFIG_H

#include "aggregator/site/site.h"
#include "common/base/fail.h"
#include "common/mqtt/mqtt.h"

struct config {
	struct mqtt_config broker;
	struct site_settings site;
	bool prices_missing;  /* no prices are configured: those of the first site apply */
	char store_file[256]; /* of the books */
};

/* Reads and checks `file`. Must be called before threads start, since it loads the time zone.
 * Returns false, with a reason and nothing to free, on failure. */
bool config_open(struct config *config, const char *file, struct fail *fail);
void config_close(struct config *config);

#endif
