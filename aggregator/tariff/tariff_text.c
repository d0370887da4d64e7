#include "aggregator/tariff/tariff_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/memory.h"

#define TEXT_VERSION 1

/* No line is longer: 2 lists of HOURS_MAX hours, or 6 numbers. */
#define LINE_SIZE 512

#define MINUTES_PER_DAY 1440

/* ---- writing ---- */

struct text {
	char *start;
	size_t length, capacity;
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
	va_list arguments;

	if (text->capacity - text->length < LINE_SIZE) {
		text->capacity = 2 * text->capacity + LINE_SIZE;
		text->start = reallocate(text->start, text->capacity, 1);
	}
	va_start(arguments, format);
	text->length += (size_t)vsnprintf(text->start + text->length, LINE_SIZE, format, arguments);
	va_end(arguments);
}

static void text_add_hours(struct text *text, const char *name, const struct hours *hours,
			   size_t count)
{
	text_add(text, " %s", name);
	for (size_t i = 0; i < count; i++)
		text_add(text, " %d-%d", hours[i].from, hours[i].to);
}

char *tariff_text(const struct tariff_settings *settings)
{
	struct text text = {0};

	text_add(&text, "tariff %d %d\n", TEXT_VERSION, TARIFF_RULES);
	for (size_t i = 0; i < settings->zone.count; i++)
		text_add(&text, "offset %" PRId64 " %" PRId32 "\n", settings->zone.offsets[i].from,
			 settings->zone.offsets[i].offset_s);
	for (size_t i = 0; i < settings->calendar_count; i++) {
		const struct calendar *calendar = &settings->calendars[i];

		text_add(&text, "calendar %" PRId64, calendar->from);
		text_add_hours(&text, "off_peak", calendar->off_peak, calendar->off_peak_count);
		text_add_hours(&text, "peak", calendar->peak, calendar->peak_count);
		text_add(&text, "\n");
	}
	for (size_t i = 0; i < settings->prices_count; i++) {
		text_add(&text, "prices %" PRId64, settings->prices[i].from);
		for (int band = BAND_P; band < BAND_COUNT; band++)
			text_add(&text, " %" PRId64, settings->prices[i].of[band]);
		text_add(&text, "\n");
	}
	return text.start;
}

/* ---- reading ---- */

static bool take(const char **text, const char *expected)
{
	size_t length = strlen(expected);

	if (strncmp(*text, expected, length) != 0)
		return false;
	*text += length;
	return true;
}

static bool take_number(const char **text, int64_t minimum, int64_t maximum, int64_t *number)
{
	char *end;

	*number = strtoll(*text, &end, 10);
	if (end == *text || *number < minimum || *number > maximum)
		return false;
	*text = end;
	return true;
}

/* The date of an entry, which is later than that of the one before (NULL: there is none). */
static bool take_date(const char **text, const ms_t *before, ms_t *date)
{
	return take_number(text, before ? *before : NEVER, FOREVER, date) &&
	       !(before && *date == *before);
}

static bool take_offset(const char **text, struct civil_zone *zone)
{
	struct civil_offset *offset = &zone->offsets[zone->count];
	int64_t seconds;

	if (zone->count == sizeof(zone->offsets) / sizeof(zone->offsets[0]) ||
	    !take_date(text, zone->count ? &offset[-1].from : NULL, &offset->from) ||
	    !take_number(text, -86399, 86399, &seconds))
		return false;
	offset->offset_s = (int32_t)seconds;
	zone->count++;
	return take(text, "\n");
}

static bool take_hours(const char **text, const char *name, struct hours hours[HOURS_MAX],
		       size_t *count)
{
	if (!take(text, name))
		return false;
	while (**text == ' ' && (*text)[1] >= '0' && (*text)[1] <= '9') {
		int64_t from, to;

		if (*count == HOURS_MAX || !take_number(text, 0, MINUTES_PER_DAY, &from) ||
		    !take(text, "-") || !take_number(text, 0, MINUTES_PER_DAY, &to))
			return false;
		hours[(*count)++] = (struct hours){(int)from, (int)to};
	}
	return true;
}

static bool take_calendar(const char **text, struct tariff_settings *settings, size_t *capacity)
{
	struct calendar *calendar;

	settings->calendars = array_grow(settings->calendars, settings->calendar_count, capacity,
					 sizeof(*settings->calendars));
	calendar = &settings->calendars[settings->calendar_count];
	*calendar = (struct calendar){0};
	if (!take_date(text, settings->calendar_count ? &calendar[-1].from : NULL,
		       &calendar->from) ||
	    !take_hours(text, " off_peak", calendar->off_peak, &calendar->off_peak_count) ||
	    !take_hours(text, " peak", calendar->peak, &calendar->peak_count))
		return false;
	settings->calendar_count++;
	return take(text, "\n");
}

static bool take_prices(const char **text, struct tariff_settings *settings, size_t *capacity)
{
	struct prices *prices;

	settings->prices = array_grow(settings->prices, settings->prices_count, capacity,
				      sizeof(*settings->prices));
	prices = &settings->prices[settings->prices_count];
	*prices = (struct prices){0};
	if (!take_date(text, settings->prices_count ? &prices[-1].from : NULL, &prices->from))
		return false;
	for (int band = BAND_P; band < BAND_COUNT; band++)
		if (!take_number(text, INT64_MIN, INT64_MAX, &prices->of[band]))
			return false;
	settings->prices_count++;
	return take(text, "\n");
}

static bool take_settings(const char **text, struct tariff_settings *settings)
{
	size_t calendar_capacity = 0;
	size_t prices_capacity = 0;
	char head[LINE_SIZE];

	snprintf(head, sizeof(head), "tariff %d %d\n", TEXT_VERSION, TARIFF_RULES);
	if (!take(text, head))
		return false;
	while (take(text, "offset "))
		if (!take_offset(text, &settings->zone))
			return false;
	while (take(text, "calendar "))
		if (!take_calendar(text, settings, &calendar_capacity))
			return false;
	while (take(text, "prices "))
		if (!take_prices(text, settings, &prices_capacity))
			return false;
	return **text == '\0' && settings->zone.count && settings->calendar_count &&
	       settings->prices_count;
}

bool tariff_text_parse(struct tariff_settings *settings, const char *text)
{
	bool complete;

	*settings = (struct tariff_settings){0};
	complete = take_settings(&text, settings);
	if (!complete)
		tariff_settings_free(settings);
	return complete;
}
