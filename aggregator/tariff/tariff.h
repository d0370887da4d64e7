/* tariff.h - band and price over time, from the contacts if there are any, else the calendar. */
#ifndef AGGREGATOR_TARIFF_TARIFF_H
#define AGGREGATOR_TARIFF_TARIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/tariff/calendar.h"
#include "aggregator/tariff/contacts.h"
#include "aggregator/time/civil.h"
#include "common/base/units.h"

/* To be raised if the same facts and settings give other windows than before. */
#define TARIFF_RULES 1

/* Dated settings are in force from their date to that of the next one; the first also before. */
struct prices {
	ms_t from;
	price_t of[BAND_COUNT];
};

struct subscribed {
	ms_t from;
	int64_t watts[BAND_COUNT];
};

struct tariff_settings {
	struct civil_zone zone;
	struct calendar *calendars; /* ascending in `from`, at least one */
	size_t calendar_count;
	struct prices *prices; /* likewise */
	size_t prices_count;
	struct subscribed *subscribed; /* ascending, or none */
	size_t subscribed_count;
};

/* Frees the arrays; the settings are then zeroed. */
void tariff_settings_free(struct tariff_settings *settings);

enum band_source { BY_CALENDAR, BY_CONTACTS };

/* A time [start, end) in one local day in which nothing changes. */
struct segment {
	ms_t start, end;
	enum band band;
	enum band_source by;
	enum tristate agree; /* contacts and calendar agree; UNKNOWN without contacts */
	bool fault;	     /* the state of the contacts is impossible */
	price_t price;
};

/* The segments of one local day, computed on demand. */
struct tariff_day {
	ms_t start, end;
	struct segment *segments;
	size_t count, capacity;
	bool valid;
};

struct tariff {
	const struct tariff_settings *settings;
	struct contacts contacts;
	struct tariff_day *days; /* ascending, unique */
	size_t day_count, day_capacity;
};

void tariff_open(struct tariff *tariff, const struct tariff_settings *settings);
void tariff_close(struct tariff *tariff);

/* Processes contact states that were added. Returns the time in which bands may have changed. */
struct time_range tariff_update(struct tariff *tariff);

/* To be called once the contacts were replaced. */
void tariff_invalidate(struct tariff *tariff);

/* Returns the segment that contains `t`. The tariff must be updated. */
struct segment tariff_at(struct tariff *tariff, ms_t t);

/* Returns the band by the calendar. *until: a later moment up to which it does not change. */
enum band tariff_calendar_band(const struct tariff_settings *settings, ms_t t, ms_t *until);

/* Returns the next band by the calendar after `t` that differs from `band`. *when: its start.
 * Returns BAND_NONE if there is none within 8 days. */
enum band tariff_next(const struct tariff_settings *settings, ms_t t, enum band band, ms_t *when);

const struct prices *tariff_prices(const struct tariff_settings *settings, ms_t t);

/* Returns the subscribed power in W, or 0 if none is configured. */
int64_t tariff_subscribed(const struct tariff_settings *settings, ms_t t, enum band band);

/* Returns how many times the contacts entered an impossible state. */
int64_t tariff_faults(const struct tariff *tariff);

#endif
