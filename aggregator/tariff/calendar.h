/* calendar.h - the five bands of the tarif vert A5 (EDF's regulated tariff for 250 kW and more).
 *
 * Fixed by the tariff: winter is November to March; Sundays are off-peak all day; there are peak
 * hours in December, January and February only, and never on Sundays; public holidays are ordinary
 * days. The hours are set locally by the grid operator, so they are configured. */
#ifndef AGGREGATOR_TARIFF_CALENDAR_H
#define AGGREGATOR_TARIFF_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/time/civil.h"
#include "common/base/units.h"

/* In the order of the tariff's indices; 0 is no band. */
enum band { BAND_NONE, BAND_P, BAND_HPH, BAND_HCH, BAND_HPE, BAND_HCE };

#define BAND_COUNT 6 /* for arrays over bands: element 0 is unused */

const char *band_name(enum band band); /* "P", "HPH", …; NULL for BAND_NONE */

/* Minutes of the local day, [from, to); past midnight if from > to. */
struct hours {
	int from, to;
};

#define HOURS_MAX 8

struct calendar {
	ms_t from; /* in force from here until the next calendar */
	struct hours off_peak[HOURS_MAX];
	size_t off_peak_count;
	struct hours peak[HOURS_MAX];
	size_t peak_count;
};

/* Returns true if one of the hours contains `minute`. */
bool hours_hold(const struct hours *hours, size_t count, int minute);

bool season_is_winter(const struct civil *local);
bool season_has_peak(const struct civil *local);

/* Returns the band outside peak hours. */
enum band band_of(bool winter, bool off_peak);

/* Returns the band at `t`. *until: a later moment up to which the band does not change. */
enum band calendar_band(const struct calendar *calendar, const struct civil_zone *zone, ms_t t,
			ms_t *until);

#endif
