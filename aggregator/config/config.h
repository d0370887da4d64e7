/* config.h - the aggregator's configuration file. */
#ifndef AGGREGATOR_CONFIG_CONFIG_H
#define AGGREGATOR_CONFIG_CONFIG_H

#include "aggregator/site/site.h"
#include "common/base/fail.h"
#include "common/mqtt/mqtt.h"

struct config {
	struct mqtt_config broker;
	struct site_settings site;
	bool prices_missing;  /* those of the first site are in force */
	char store_file[256]; /* where the books are */
};

/* Reads and checks `file`. Loads the time zone, so call it before threads start. On failure there
 * is nothing to free. */
bool config_open(struct config *config, const char *file, struct fail *fail);
void config_close(struct config *config);

#endif
