/* calendar.h - the hours of the tarif vert A5 (EDF's regulated tariff for 250 kW and more): which
 * of its five bands a moment belongs to.
 *
 * Fixed by the tariff: winter is November to March; Sundays are off-peak throughout; peak hours
 * exist in December, January and February only, never on Sundays; public holidays are days like
 * others. Set locally by the grid operator, so configured: the hours themselves. */
#ifndef AGGREGATOR_TARIFF_CALENDAR_H
#define AGGREGATOR_TARIFF_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/time/civil.h"
#include "common/base/units.h"

/* In the tariff's own index order; 0 is no band. */
enum band { BAND_NONE, BAND_P, BAND_HPH, BAND_HCH, BAND_HPE, BAND_HCE };

#define BAND_COUNT 6 /* arrays over bands have an unused element 0 */

const char *band_name(enum band band); /* "P", "HPH", …; NULL for BAND_NONE */

/* Minutes of the local day, [from, to); from > to runs over midnight. */
struct hours {
	int from, to;
};

#define HOURS_MAX 8

struct calendar {
	ms_t from; /* in force from here on */
	struct hours off_peak[HOURS_MAX];
	size_t off_peak_count;
	struct hours peak[HOURS_MAX];
	size_t peak_count;
};

bool hours_hold(const struct hours *hours, size_t count, int minute);

bool season_is_winter(const struct civil *local);
bool season_has_peak(const struct civil *local);

/* Off-peak or not, winter or not. */
enum band band_of(bool winter, bool off_peak);

/* The band at `t`. *until: the band does not change before it (more than t). */
enum band calendar_band(const struct calendar *calendar, const struct civil_zone *zone, ms_t t,
			ms_t *until);

#endif
