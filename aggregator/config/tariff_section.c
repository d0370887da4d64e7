#include "aggregator/config/tariff_section.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

/* Every entry starts with its date. */
struct dated {
	char from[32];
};

struct calendar_entry {
	struct dated dated;
	struct field_array off_peak, peak; /* of "22:00-06:00" */
};

struct bands_entry {
	struct dated dated;
	double of[BAND_COUNT];
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
	       fail_set(fail,
			"\"%s\" is not a range of hours, expected for example \"22:00-06:00\"",
			text);
}

/* Prices are stored in 1e-8 of the currency. */
static bool price_check(void *value, struct fail *fail)
{
	double scaled = *(double *)value * (double)PRICES_PER_UNIT;

	return fabs(scaled - round(scaled)) < 1e-3 ||
	       fail_set(fail, "%.15g has too many decimals, expected at most 8", *(double *)value);
}

#define FROM_KEY                                                                                   \
	{                                                                                          \
		.name = "from", .type = FIELD_TEXT, .size = sizeof(((struct dated *)NULL)->from)   \
	}

static const struct json_field calendar_keys[] = {
	FROM_KEY,
	{.name = "off_peak",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct calendar_entry, off_peak),
	 .required = true,
	 .maximum = HOURS_MAX,
	 .check = hours_check},
	{.name = "peak",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct calendar_entry, peak),
	 .required = true,
	 .maximum = HOURS_MAX,
	 .check = hours_check},
	{0},
};

#define BAND_KEY(text, band, ...)                                                                  \
	{                                                                                          \
		.name = text, .type = FIELD_NUMBER,                                                \
		.offset = offsetof(struct bands_entry, of[band]), .required = true, __VA_ARGS__    \
	}

/* A key for each band, all with the same limits. */
#define BAND_KEYS(...)                                                                             \
	BAND_KEY("P", BAND_P, __VA_ARGS__), BAND_KEY("HPH", BAND_HPH, __VA_ARGS__),                \
		BAND_KEY("HCH", BAND_HCH, __VA_ARGS__), BAND_KEY("HPE", BAND_HPE, __VA_ARGS__),    \
		BAND_KEY("HCE", BAND_HCE, __VA_ARGS__)

static const struct json_field price_keys[] = {
	FROM_KEY,
	BAND_KEYS(.minimum = -1000, .maximum = 1000, .check = price_check),
	{0},
};

static const struct json_field subscribed_keys[] = {
	FROM_KEY,
	BAND_KEYS(.minimum = 1, .maximum = 1e9),
	{0},
};

const struct json_field tariff_section_keys[] = {
	{.name = "calendars",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct tariff_section, calendars),
	 .minimum = 1,
	 .maximum = 100,
	 .size = sizeof(struct calendar_entry),
	 .fields = calendar_keys},
	{.name = "prices",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct tariff_section, prices),
	 .minimum = 1,
	 .maximum = 1000,
	 .size = sizeof(struct bands_entry),
	 .fields = price_keys},
	{.name = "subscribed_w",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct tariff_section, subscribed),
	 .minimum = 1,
	 .maximum = 1000,
	 .size = sizeof(struct bands_entry),
	 .fields = subscribed_keys},
	{0},
};

/* ---- conversion ---- */

/* The dates of one list: entries of the file, and the settings that they become. Both start with
 * their date. */
struct dates {
	const char *list;
	const struct field_array *entries;
	size_t entry_size;
	void *settings;
	size_t setting_size;
};

#define DATES(name, list, entries, settings)                                                       \
	(struct dates)                                                                             \
	{                                                                                          \
		name, list, sizeof(*(entries)), settings, sizeof(*(settings))                      \
	}

static bool date_convert(const struct dates *dates, size_t i, const struct civil_zone *zone,
			 const char *file, struct fail *fail)
{
	const char *entries = dates->entries->items;
	const struct dated *dated = (const void *)(entries + i * dates->entry_size);
	ms_t *from = (void *)((char *)dates->settings + i * dates->setting_size);

	*from = NEVER;
	if (dated->from[0] && !civil_parse(from, zone, dated->from))
		return fail_set(fail,
				"%s: tariff.%s[%zu].from: \"%s\" is no date, expected for example "
				"\"2013-01-01\" or \"2013-01-01T06:00\"",
				file, dates->list, i, dated->from);
	if (i && *from <= *(ms_t *)(void *)((char *)from - dates->setting_size))
		return fail_set(fail,
				"%s: tariff.%s[%zu].from: expected a later date than that of the "
				"entry before",
				file, dates->list, i);
	return true;
}

static bool dates_convert(const struct dates *dates, const struct civil_zone *zone,
			  const char *file, struct fail *fail)
{
	for (size_t i = 0; i < dates->entries->count; i++)
		if (!date_convert(dates, i, zone, file, fail))
			return false;
	return true;
}

static size_t hours_convert(struct hours *hours, const struct field_array *texts)
{
	char **items = texts->items;

	for (size_t i = 0; i < texts->count; i++)
		hours_read(&hours[i], items[i]);
	return texts->count;
}

/* No minute can be both peak and off-peak. */
static bool calendar_consistent(const struct calendar *calendar)
{
	for (int minute = 0; minute < 24 * 60; minute++)
		if (hours_hold(calendar->peak, calendar->peak_count, minute) &&
		    hours_hold(calendar->off_peak, calendar->off_peak_count, minute))
			return false;
	return true;
}

static bool calendars_convert(const struct field_array *list, struct tariff_settings *tariff,
			      const char *file, struct fail *fail)
{
	const struct calendar_entry *entries = list->items;

	tariff->calendar_count = list->count ? list->count : 1;
	tariff->calendars = allocate(tariff->calendar_count, sizeof(*tariff->calendars));
	tariff->calendars[0] = seed_calendar;
	if (!dates_convert(&DATES("calendars", list, entries, tariff->calendars), &tariff->zone,
			   file, fail))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct calendar *calendar = &tariff->calendars[i];

		calendar->off_peak_count = hours_convert(calendar->off_peak, &entries[i].off_peak);
		calendar->peak_count = hours_convert(calendar->peak, &entries[i].peak);
		if (!calendar_consistent(calendar))
			return fail_set(fail,
					"%s: tariff.calendars[%zu]: peak and off_peak overlap, "
					"expected hours that do not",
					file, i);
	}
	return true;
}

static void bands_convert(int64_t values[BAND_COUNT], const struct bands_entry *entry, double scale)
{
	for (enum band band = BAND_P; band < BAND_COUNT; band++)
		values[band] = llround(entry->of[band] * scale);
}

static bool prices_convert(const struct field_array *list, struct tariff_settings *tariff,
			   const char *file, struct fail *fail)
{
	const struct bands_entry *entries = list->items;

	tariff->prices_count = list->count ? list->count : 1;
	tariff->prices = allocate(tariff->prices_count, sizeof(*tariff->prices));
	tariff->prices[0] = seed_prices;
	for (size_t i = 0; i < list->count; i++)
		bands_convert(tariff->prices[i].of, &entries[i], (double)PRICES_PER_UNIT);
	return dates_convert(&DATES("prices", list, entries, tariff->prices), &tariff->zone, file,
			     fail);
}

static bool subscribed_convert(const struct field_array *list, struct tariff_settings *tariff,
			       const char *file, struct fail *fail)
{
	const struct bands_entry *entries = list->items;

	tariff->subscribed_count = list->count;
	tariff->subscribed = allocate(list->count, sizeof(*tariff->subscribed));
	for (size_t i = 0; i < list->count; i++)
		bands_convert(tariff->subscribed[i].watts, &entries[i], 1);
	return dates_convert(&DATES("subscribed_w", list, entries, tariff->subscribed),
			     &tariff->zone, file, fail);
}

bool tariff_section_convert(const struct tariff_section *section, struct tariff_settings *tariff,
			    const char *file, struct fail *fail)
{
	return calendars_convert(&section->calendars, tariff, file, fail) &&
	       prices_convert(&section->prices, tariff, file, fail) &&
	       subscribed_convert(&section->subscribed, tariff, file, fail);
}
