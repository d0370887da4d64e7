#include "aggregator/config/config.h"

#include <string.h>

#include "aggregator/config/tariff_section.h"
#include "aggregator/config/timezone.h"
#include "common/process/config_file.h"
#include "common/process/state_file.h"

/* As in the file. */
struct raw {
	struct mqtt_config broker;
	struct site_settings site;
	char timezone[64];
	int64_t publish_ms;
	int64_t stale_pulse_s, stale_pac_s;
	char store_file[sizeof(((struct config *)NULL)->store_file)];
	struct tariff_section tariff;
};

static bool currency_check(void *value, struct fail *fail)
{
	const char *text = value;

	return (strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3) ||
	       fail_set(fail, "\"%s\" is no currency, expected three capital letters such as EUR",
			text);
}

static const struct json_field stale_keys[] = {
	{.name = "pulse",
	 .type = FIELD_INT,
	 .offset = offsetof(struct raw, stale_pulse_s),
	 .minimum = 1,
	 .maximum = 86400},
	{.name = "pac",
	 .type = FIELD_INT,
	 .offset = offsetof(struct raw, stale_pac_s),
	 .minimum = 1,
	 .maximum = 86400},
	{0},
};

static const struct json_field store_keys[] = {
	{.name = "file",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct raw, store_file),
	 .size = sizeof(((struct raw *)NULL)->store_file)},
	{.name = "fact_days",
	 .type = FIELD_INT,
	 .offset = offsetof(struct raw, site.fact_days),
	 .minimum = 0,
	 .maximum = 36500},
	{0},
};

static const struct json_field keys[] = {
	{.name = "site",
	 .type = FIELD_ID,
	 .offset = offsetof(struct raw, site.id),
	 .required = true},
	{.name = "broker",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct raw, broker),
	 .fields = mqtt_keys,
	 .check = mqtt_check},
	{.name = "timezone",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct raw, timezone),
	 .size = sizeof(((struct raw *)NULL)->timezone)},
	{.name = "currency",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct raw, site.currency),
	 .size = sizeof(((struct raw *)NULL)->site.currency),
	 .check = currency_check},
	{.name = "vat_included",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct raw, site.vat_included)},
	{.name = "rest_label",
	 .type = FIELD_LABEL,
	 .offset = offsetof(struct raw, site.rest_label)},
	{.name = "leaves", .type = FIELD_BOOL, .offset = offsetof(struct raw, site.leaves)},
	{.name = "publish_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct raw, publish_ms),
	 .minimum = 0,
	 .maximum = 3600000},
	{.name = "stale_s", .type = FIELD_OBJECT, .fields = stale_keys},
	{.name = "store", .type = FIELD_OBJECT, .fields = store_keys},
	{.name = "tariff",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct raw, tariff),
	 .fields = tariff_section_keys},
	{0},
};

static bool settings_convert(struct config *config, const struct raw *raw, const char *file,
			     struct fail *fail)
{
	struct site_settings *site = &config->site;
	struct tariff_settings *tariff = &site->tariff;

	config->broker = raw->broker;
	config->prices_missing = !raw->tariff.prices.count;
	if (raw->store_file[0])
		strcpy(config->store_file, raw->store_file);
	else
		state_file(config->store_file, sizeof(config->store_file), raw->site.id,
			   "books.db");
	*site = raw->site;
	strcpy(site->base, raw->broker.base);
	site->publish_ms = raw->publish_ms;
	site->limits.pulse = raw->stale_pulse_s * MS_PER_SECOND;
	site->limits.other = raw->stale_pac_s * MS_PER_SECOND;
	if (!timezone_load(&tariff->zone, raw->timezone, fail))
		return fail_at(fail, "%s: timezone", file);
	return tariff_section_convert(&raw->tariff, tariff, file, fail);
}

bool config_open(struct config *config, const char *file, struct fail *fail)
{
	struct raw raw = {
		.broker = mqtt_defaults,
		.timezone = "Europe/Paris",
		.publish_ms = 500,
		.stale_pulse_s = 150,
		.stale_pac_s = 5,
		.site = {.rest_label = "Reste",
			 .currency = "EUR",
			 .vat_included = true,
			 .leaves = true,
			 .fact_days = 40},
	};
	bool done;

	*config = (struct config){0};
	done = config_load(keys, &raw, file, fail) && settings_convert(config, &raw, file, fail);
	config_free(keys, &raw);
	if (!done)
		config_close(config);
	return done;
}

void config_close(struct config *config)
{
	tariff_settings_free(&config->site.tariff);
	*config = (struct config){0};
}
