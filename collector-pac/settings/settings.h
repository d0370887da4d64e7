/* settings.h - the configuration of collector-pac. */
#ifndef COLLECTOR_PAC_SETTINGS_SETTINGS_H
#define COLLECTOR_PAC_SETTINGS_SETTINGS_H

#include <stdio.h>

#include "collector-pac/settings/meter_settings.h"
#include "common/contract/fact.h"
#include "common/mqtt/mqtt.h"
#include "common/collector/outbox.h"

struct pac_settings {
	char site[ID_SIZE];
	char collector[ID_SIZE];
	struct mqtt_config broker;
	struct outbox_settings outbox;
	int clock; /* enum clock_policy */
	int64_t poll_ms;
	int64_t record_s;
	int64_t timeout_ms;
	struct field_array meters; /* struct pac_meter_settings, 1 to POLLER_METERS */
};

/* Reads the file and the profiles that it names, and fills in the defaults. Call settings_free()
 * even on failure. */
bool settings_load(struct pac_settings *settings, const char *file, struct fail *fail);
void settings_free(struct pac_settings *settings);

const struct pac_meter_settings *settings_meter(const struct pac_settings *settings, size_t index);

/* Returns how the meter is reached. The texts belong to the settings. */
struct link_peer settings_peer(const struct pac_settings *settings, size_t index);

/* Returns the period in which the meter is to be polled. */
ms_t settings_period_ms(const struct pac_settings *settings, size_t index);

/* Returns the power that the meter can never deliver: its own, else that of the profile, else 0. */
int64_t settings_max_w(const struct pac_meter_settings *meter);

/* Prints advice about a valid configuration. */
void settings_hint(const struct pac_settings *settings, FILE *out);

#endif
