#include "aggregator/config/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/process/config_file.h"
#include "common/process/state_file.h"
#include "aggregator/config/timezone.h"

/* As the file says it; becomes site_settings once the time zone is known. */

struct dated {
	char from[32];
};

struct calendar_entry {
	struct dated dated;
	struct config_array off_peak, peak; /* of "22:00-06:00" */
};

struct bands_entry {
	struct dated dated;
	double of[BAND_COUNT];
};

struct raw {
	struct mqtt_config broker;
	struct site_settings site;
	char timezone[64];
	int64_t publish_ms;
	int64_t stale_pulse_s, stale_pac_s;
	char store_file[sizeof(((struct config *)NULL)->store_file)];
	struct config_array calendars, prices, subscribed;
};

/* The prices and hours of the site that wattzone was first built for, 2013; c EUR/kWh incl. VAT. */
static const struct prices seed_prices = {
	.of = {[BAND_P] = 18152888,
	       [BAND_HPH] = 9222356,
	       [BAND_HCH] = 5826912,
	       [BAND_HPE] = 5081804,
	       [BAND_HCE] = 3168204},
};

static const struct calendar seed_calendar = {
	.off_peak = {{22 * 60, 6 * 60}},
	.off_peak_count = 1,
	.peak = {{8 * 60, 10 * 60}, {18 * 60, 20 * 60}},
	.peak_count = 2,
};

static bool hours_read(struct hours *hours, const char *text)
{
	int from_hour, from_minute, to_hour, to_minute, length = 0;

	if (sscanf(text, "%2d:%2d-%2d:%2d%n", &from_hour, &from_minute, &to_hour, &to_minute,
		   &length) != 4 ||
	    text[length])
		return false;
	hours->from = from_hour * 60 + from_minute;
	hours->to = to_hour * 60 + to_minute;
	return from_hour >= 0 && from_hour < 24 && from_minute >= 0 && from_minute < 60 &&
	       to_hour >= 0 && to_minute >= 0 && to_minute < 60 && hours->to <= 24 * 60 &&
	       hours->from != hours->to;
}

static bool hours_check(void *value, struct fail *fail)
{
	const char *text = *(char **)value;
	struct hours hours;

	return hours_read(&hours, text) ||
	       fail_set(fail, "\"%s\" is no stretch of hours, expected for example \"22:00-06:00\"",
			text);
}

/* A price is kept in 1e-8: more decimals could not be kept exactly. */
static bool price_check(void *value, struct fail *fail)
{
	double scaled = *(double *)value * (double)PRICES_PER_UNIT;

	return fabs(scaled - round(scaled)) < 1e-3 ||
	       fail_set(fail, "%.15g has too many decimals, expected at most 8", *(double *)value);
}

static bool currency_check(void *value, struct fail *fail)
{
	const char *text = value;

	return (strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3) ||
	       fail_set(fail, "\"%s\" is no currency, expected three capital letters such as EUR",
			text);
}

/* A dated entry begins with its date. */
#define FROM_KEY                                                                                   \
	{                                                                                          \
		.name = "from", .type = CONFIG_TEXT, .size = sizeof(((struct dated *)NULL)->from)  \
	}

static const struct config_key calendar_keys[] = {
	FROM_KEY,
	{.name = "off_peak",
	 .type = CONFIG_ARRAY,
	 .offset = offsetof(struct calendar_entry, off_peak),
	 .required = true,
	 .maximum = HOURS_MAX,
	 .check = hours_check},
	{.name = "peak",
	 .type = CONFIG_ARRAY,
	 .offset = offsetof(struct calendar_entry, peak),
	 .required = true,
	 .maximum = HOURS_MAX,
	 .check = hours_check},
	{0},
};

#define PRICE(text, band)                                                                          \
	{                                                                                          \
		.name = text, .type = CONFIG_NUMBER,                                               \
		.offset = offsetof(struct bands_entry, of[band]), .required = true,                \
		.minimum = -1000, .maximum = 1000, .check = price_check                            \
	}

static const struct config_key price_keys[] = {
	FROM_KEY,
	PRICE("P", BAND_P),
	PRICE("HPH", BAND_HPH),
	PRICE("HCH", BAND_HCH),
	PRICE("HPE", BAND_HPE),
	PRICE("HCE", BAND_HCE),
	{0},
};

#define WATTS(text, band)                                                                          \
	{                                                                                          \
		.name = text, .type = CONFIG_NUMBER,                                               \
		.offset = offsetof(struct bands_entry, of[band]), .required = true, .minimum = 1,  \
		.maximum = 1e9                                                                     \
	}

static const struct config_key subscribed_keys[] = {
	FROM_KEY,
	WATTS("P", BAND_P),
	WATTS("HPH", BAND_HPH),
	WATTS("HCH", BAND_HCH),
	WATTS("HPE", BAND_HPE),
	WATTS("HCE", BAND_HCE),
	{0},
};

static const struct config_key tariff_keys[] = {
	{.name = "calendars",
	 .type = CONFIG_ARRAY,
	 .offset = offsetof(struct raw, calendars),
	 .minimum = 1,
	 .maximum = 100,
	 .size = sizeof(struct calendar_entry),
	 .keys = calendar_keys},
	{.name = "prices",
	 .type = CONFIG_ARRAY,
	 .offset = offsetof(struct raw, prices),
	 .minimum = 1,
	 .maximum = 1000,
	 .size = sizeof(struct bands_entry),
	 .keys = price_keys},
	{.name = "subscribed_w",
	 .type = CONFIG_ARRAY,
	 .offset = offsetof(struct raw, subscribed),
	 .minimum = 1,
	 .maximum = 1000,
	 .size = sizeof(struct bands_entry),
	 .keys = subscribed_keys},
	{0},
};

static const struct config_key stale_keys[] = {
	{.name = "pulse",
	 .type = CONFIG_INT,
	 .offset = offsetof(struct raw, stale_pulse_s),
	 .minimum = 1,
	 .maximum = 86400},
	{.name = "pac",
	 .type = CONFIG_INT,
	 .offset = offsetof(struct raw, stale_pac_s),
	 .minimum = 1,
	 .maximum = 86400},
	{0},
};

static const struct config_key store_keys[] = {
	{.name = "file",
	 .type = CONFIG_TEXT,
	 .offset = offsetof(struct raw, store_file),
	 .size = sizeof(((struct raw *)NULL)->store_file)},
	{.name = "fact_days",
	 .type = CONFIG_INT,
	 .offset = offsetof(struct raw, site.fact_days),
	 .minimum = 0,
	 .maximum = 36500},
	{0},
};

static const struct config_key keys[] = {
	{.name = "site",
	 .type = CONFIG_ID,
	 .offset = offsetof(struct raw, site.id),
	 .required = true},
	{.name = "broker",
	 .type = CONFIG_OBJECT,
	 .offset = offsetof(struct raw, broker),
	 .keys = mqtt_keys,
	 .check = mqtt_check},
	{.name = "timezone",
	 .type = CONFIG_TEXT,
	 .offset = offsetof(struct raw, timezone),
	 .size = sizeof(((struct raw *)NULL)->timezone)},
	{.name = "currency",
	 .type = CONFIG_TEXT,
	 .offset = offsetof(struct raw, site.currency),
	 .size = sizeof(((struct raw *)NULL)->site.currency),
	 .check = currency_check},
	{.name = "vat_included",
	 .type = CONFIG_BOOL,
	 .offset = offsetof(struct raw, site.vat_included)},
	{.name = "rest_label",
	 .type = CONFIG_LABEL,
	 .offset = offsetof(struct raw, site.rest_label)},
	{.name = "leaves", .type = CONFIG_BOOL, .offset = offsetof(struct raw, site.leaves)},
	{.name = "publish_ms",
	 .type = CONFIG_INT,
	 .offset = offsetof(struct raw, publish_ms),
	 .minimum = 0,
	 .maximum = 3600000},
	{.name = "stale_s", .type = CONFIG_OBJECT, .keys = stale_keys},
	{.name = "store", .type = CONFIG_OBJECT, .keys = store_keys},
	{.name = "tariff", .type = CONFIG_OBJECT, .keys = tariff_keys},
	{0},
};

/* ---- from the file's words to settings ---- */

static bool dated_read(ms_t *from, const struct dated *dated, const struct civil_zone *zone,
		       const char *file, const char *list, size_t i, const ms_t *before,
		       struct fail *fail)
{
	*from = NEVER;
	if (dated->from[0] && !civil_parse(from, zone, dated->from))
		return fail_set(fail,
				"%s: tariff.%s[%zu].from: \"%s\" is no date, expected for example "
				"\"2013-01-01\" or \"2013-01-01T06:00\"",
				file, list, i, dated->from);
	if (before && *from <= *before)
		return fail_set(fail,
				"%s: tariff.%s[%zu].from: expected a later date than that of the "
				"entry before",
				file, list, i);
	return true;
}

static void *settings_array(size_t count, size_t size)
{
	void *items = calloc(count, size);

	if (!items)
		abort();
	return items;
}

static size_t hours_take(struct hours *hours, const struct config_array *texts)
{
	char **items = texts->items;

	for (size_t i = 0; i < texts->count; i++)
		hours_read(&hours[i], items[i]);
	return texts->count;
}

/* An hour cannot be both. */
static bool calendar_consistent(const struct calendar *calendar)
{
	for (int minute = 0; minute < 24 * 60; minute++)
		if (hours_hold(calendar->peak, calendar->peak_count, minute) &&
		    hours_hold(calendar->off_peak, calendar->off_peak_count, minute))
			return false;
	return true;
}

static bool calendars_take(struct tariff_settings *tariff, const struct raw *raw, const char *file,
			   struct fail *fail)
{
	const struct calendar_entry *entries = raw->calendars.items;

	tariff->calendar_count = raw->calendars.count ? raw->calendars.count : 1;
	tariff->calendars = settings_array(tariff->calendar_count, sizeof(*tariff->calendars));
	tariff->calendars[0] = seed_calendar;
	for (size_t i = 0; i < raw->calendars.count; i++) {
		struct calendar *calendar = &tariff->calendars[i];

		if (!dated_read(&calendar->from, &entries[i].dated, &tariff->zone, file,
				"calendars", i, i ? &calendar[-1].from : NULL, fail))
			return false;
		calendar->off_peak_count = hours_take(calendar->off_peak, &entries[i].off_peak);
		calendar->peak_count = hours_take(calendar->peak, &entries[i].peak);
		if (!calendar_consistent(calendar))
			return fail_set(fail,
					"%s: tariff.calendars[%zu]: peak and off_peak overlap, "
					"expected hours that do not",
					file, i);
	}
	return true;
}

static bool prices_take(struct tariff_settings *tariff, const struct raw *raw, const char *file,
			struct fail *fail)
{
	const struct bands_entry *entries = raw->prices.items;

	tariff->prices_count = raw->prices.count ? raw->prices.count : 1;
	tariff->prices = settings_array(tariff->prices_count, sizeof(*tariff->prices));
	tariff->prices[0] = seed_prices;
	for (size_t i = 0; i < raw->prices.count; i++) {
		struct prices *prices = &tariff->prices[i];

		if (!dated_read(&prices->from, &entries[i].dated, &tariff->zone, file, "prices", i,
				i ? &prices[-1].from : NULL, fail))
			return false;
		for (enum band band = BAND_P; band < BAND_COUNT; band++)
			prices->of[band] = llround(entries[i].of[band] * (double)PRICES_PER_UNIT);
	}
	return true;
}

static bool subscribed_take(struct tariff_settings *tariff, const struct raw *raw, const char *file,
			    struct fail *fail)
{
	const struct bands_entry *entries = raw->subscribed.items;

	tariff->subscribed_count = raw->subscribed.count;
	tariff->subscribed = settings_array(raw->subscribed.count + 1, sizeof(*tariff->subscribed));
	for (size_t i = 0; i < raw->subscribed.count; i++) {
		struct subscribed *subscribed = &tariff->subscribed[i];

		if (!dated_read(&subscribed->from, &entries[i].dated, &tariff->zone, file,
				"subscribed_w", i, i ? &subscribed[-1].from : NULL, fail))
			return false;
		for (enum band band = BAND_P; band < BAND_COUNT; band++)
			subscribed->watts[band] = llround(entries[i].of[band]);
	}
	return true;
}

static bool settings_take(struct config *config, const struct raw *raw, const char *file,
			  struct fail *fail)
{
	struct site_settings *site = &config->site;
	struct tariff_settings *tariff = &site->tariff;

	config->broker = raw->broker;
	config->prices_missing = !raw->prices.count;
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
	return calendars_take(tariff, raw, file, fail) && prices_take(tariff, raw, file, fail) &&
	       subscribed_take(tariff, raw, file, fail);
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
	done = config_load(keys, &raw, file, fail) && settings_take(config, &raw, file, fail);
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
