/* tariff.h - which band and which price is in force when: contacts first, then the calendar. */
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

/* Dated settings: each is in force from its date until the next one's; the first also before. */
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
	struct subscribed *subscribed; /* likewise, or none */
	size_t subscribed_count;
};

/* Frees the arrays; the settings are then zeroed. */
void tariff_settings_free(struct tariff_settings *settings);

enum band_source { BY_CALENDAR, BY_CONTACTS };

/* A stretch [start, end) within one local day, without any change. */
struct segment {
	ms_t start, end;
	enum band band;
	enum band_source by;
	enum tristate agree; /* do contacts and calendar agree; UNKNOWN without contacts */
	bool fault;	     /* the contacts say what cannot be */
	price_t price;
};

/* The segments of one local day, computed when first asked for. */
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

/* Takes in contact states that were added. Returns the stretch where bands may have changed. */
struct time_range tariff_update(struct tariff *tariff);

/* Its contacts are others. */
void tariff_invalidate(struct tariff *tariff);

/* The segment that holds `t`. The tariff's contacts are sorted. */
struct segment tariff_at(struct tariff *tariff, ms_t t);

/* What the calendar alone says. */
enum band tariff_calendar_band(const struct tariff_settings *settings, ms_t t, ms_t *until);

/* The first moment after `t` at which the calendar gives another band than `band`, and which one;
 * looks 8 days ahead, then gives BAND_NONE. */
enum band tariff_next(const struct tariff_settings *settings, ms_t t, enum band band, ms_t *when);

const struct prices *tariff_prices(const struct tariff_settings *settings, ms_t t);

/* Subscribed power in W in `band` at `t`; 0: none is configured. */
int64_t tariff_subscribed(const struct tariff_settings *settings, ms_t t, enum band band);

/* How often the contacts began to say what cannot be. */
int64_t tariff_faults(const struct tariff *tariff);

#endif
