#include "common/collector/outbox_config.h"
#include "common/process/state_file.h"

#include <stdio.h>

const char *const outbox_receivers[] = {
	[OUTBOX_RECEIVER_AGGREGATOR] = "aggregator", [OUTBOX_RECEIVER_BROKER] = "broker", NULL};

const struct outbox_settings outbox_defaults = {.max_mb = 100, .keep_days = 7};

const struct json_field outbox_keys[] = {
	{"file", FIELD_TEXT, .offset = offsetof(struct outbox_settings, file),
	 .size = sizeof(outbox_defaults.file)},
	{"max_mb", FIELD_INT, .offset = offsetof(struct outbox_settings, max_mb), .minimum = 1,
	 .maximum = 100000},
	{"keep_days", FIELD_INT, .offset = offsetof(struct outbox_settings, keep_days),
	 .minimum = 0, .maximum = 3650},
	{0},
};

void outbox_resolve(struct outbox_settings *settings, const char *base, const char *site,
		    const char *collector)
{
	char name[ID_SIZE + 8];

	topic_build(settings->topic, base, site, "collector/%s", collector);
	if (settings->file[0])
		return;
	snprintf(name, sizeof(name), "%s.outbox", collector);
	state_file(settings->file, sizeof(settings->file), site, name);
}
