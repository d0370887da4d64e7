#include "aggregator/time/civil.h"

#include <stdio.h>
#include <string.h>

#include "common/base/search.h"

/* 400 Gregorian years repeat exactly. */
#define DAYS_PER_ERA INT64_C(146097)

/* Days from 1 March of year 0 to 1970-01-01. */
#define DAYS_TO_EPOCH INT64_C(719468)

/* Days are limited to 270000 years from the epoch, so that no product overflows. */
#define FARTHEST_DAY INT64_C(100000000)

static int64_t clamp(int64_t value, int64_t farthest)
{
	return value < -farthest ? -farthest : value > farthest ? farthest : value;
}

/* Years start in March here: the leap day is then the last of the year, and months have the
 * lengths 31 30 31 30 31, which repeat every 5 months (153 days). */
int64_t civil_days(int year, int month, int day)
{
	int64_t months = (int64_t)year * 12 + month - 3;
	int64_t y = floor_divide(months, 12);
	int64_t m = floor_rest(months, 12);

	return y * 365 + floor_divide(y, 4) - floor_divide(y, 100) + floor_divide(y, 400) +
	       (153 * m + 2) / 5 + day - 1 - DAYS_TO_EPOCH;
}

static void set_date(struct civil *civil, int64_t days)
{
	int64_t since = days + DAYS_TO_EPOCH;
	int64_t era = floor_divide(since, DAYS_PER_ERA);
	int64_t rest = floor_rest(since, DAYS_PER_ERA);
	/* Without the leap days before `rest`, a year has 365 days. */
	int64_t y = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
	int64_t m;

	rest -= y * 365 + y / 4 - y / 100;
	m = (5 * rest + 2) / 153;
	civil->day = (int)(rest - (153 * m + 2) / 5 + 1);
	civil->month = (int)(m < 10 ? m + 3 : m - 9);
	civil->year = (int)(era * 400 + y + (m >= 10));
	civil->weekday = (int)floor_rest(days + 4, 7);
}

/* The last offset that began at or before `t`. */
static size_t offset_index(const struct civil_zone *zone, ms_t t)
{
	size_t after = search_after(zone->offsets, zone->count, sizeof(*zone->offsets), t);

	return after ? after - 1 : 0;
}

struct civil civil_at(const struct civil_zone *zone, ms_t t)
{
	struct civil civil = {.offset_s = zone->offsets[offset_index(zone, t)].offset_s};
	ms_t local = clamp(t, FARTHEST_DAY * MS_PER_DAY) + civil.offset_s * MS_PER_SECOND;
	int rest = (int)floor_rest(local, MS_PER_DAY);

	set_date(&civil, floor_divide(local, MS_PER_DAY));
	civil.hour = rest / 3600000;
	civil.minute = rest / 60000 % 60;
	civil.second = rest / 1000 % 60;
	civil.millisecond = rest % 1000;
	return civil;
}

/* The moment at which clocks show `local` (in milliseconds as if it were UTC). */
static ms_t moment_of(const struct civil_zone *zone, ms_t local)
{
	/* Offsets are less than a day: those that ended before this cannot apply. */
	size_t i = offset_index(zone, local - MS_PER_DAY);

	for (;; i++) {
		const struct civil_offset *offset = &zone->offsets[i];
		ms_t t = local - offset->offset_s * MS_PER_SECOND;

		if (i + 1 < zone->count && t >= offset[1].from)
			continue;
		return i > 0 && t < offset->from ? offset->from : t;
	}
}

ms_t civil_moment(const struct civil_zone *zone, const struct civil *local)
{
	int64_t day = clamp(civil_days(local->year, local->month, local->day), FARTHEST_DAY);
	ms_t within = local->hour * MS_PER_HOUR + local->minute * MS_PER_MINUTE +
		      local->second * MS_PER_SECOND + local->millisecond;

	return moment_of(zone, day * MS_PER_DAY + within);
}

/* The local day of `t`. If clocks go back across midnight, the new day starts at the first
 * midnight, since days must not overlap. */
static int64_t day_of(const struct civil_zone *zone, ms_t t)
{
	struct civil civil = civil_at(zone, t);
	int64_t day = civil_days(civil.year, civil.month, civil.day);

	return moment_of(zone, (day + 1) * MS_PER_DAY) <= t ? day + 1 : day;
}

ms_t civil_day_start(const struct civil_zone *zone, ms_t t)
{
	return moment_of(zone, day_of(zone, t) * MS_PER_DAY);
}

ms_t civil_day_end(const struct civil_zone *zone, ms_t t)
{
	return moment_of(zone, (day_of(zone, t) + 1) * MS_PER_DAY);
}

void civil_iso(char text[CIVIL_ISO_SIZE], const struct civil_zone *zone, ms_t t)
{
	struct civil civil = civil_at(zone, t);
	int32_t minutes = (civil.offset_s < 0 ? -civil.offset_s : civil.offset_s) / 60;
	char fraction[8] = "";

	if (civil.millisecond)
		snprintf(fraction, sizeof(fraction), ".%03d", civil.millisecond);
	snprintf(text, CIVIL_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%s%c%02d:%02d", civil.year,
		 civil.month, civil.day, civil.hour, civil.minute, civil.second, fraction,
		 civil.offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void civil_date(char text[CIVIL_ISO_SIZE], const struct civil_zone *zone, ms_t t)
{
	struct civil civil = civil_at(zone, t);

	snprintf(text, CIVIL_ISO_SIZE, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

/* Parses exactly `digits` digits, after the character `before` unless that is 0. */
static bool take(const char **text, char before, int digits, int *value)
{
	const char *p = *text;

	if (before && *p++ != before)
		return false;
	for (*value = 0; digits > 0; digits--, p++) {
		if (*p < '0' || *p > '9')
			return false;
		*value = *value * 10 + (*p - '0');
	}
	*text = p;
	return true;
}

static bool date_valid(const struct civil *civil)
{
	return civil->year >= 1970 && civil->month >= 1 && civil->month <= 12 && civil->day >= 1 &&
	       civil_days(civil->year, civil->month, civil->day) <
		       civil_days(civil->year, civil->month + 1, 1);
}

bool civil_parse(ms_t *t, const struct civil_zone *zone, const char *text)
{
	struct civil civil = {0};

	if (!take(&text, 0, 4, &civil.year) || !take(&text, '-', 2, &civil.month) ||
	    !take(&text, '-', 2, &civil.day) || !date_valid(&civil))
		return false;
	if (*text) {
		if (!take(&text, 'T', 2, &civil.hour) || !take(&text, ':', 2, &civil.minute) ||
		    (*text && !take(&text, ':', 2, &civil.second)))
			return false;
		if (*text || civil.hour > 23 || civil.minute > 59 || civil.second > 59)
			return false;
	}
	*t = civil_moment(zone, &civil);
	return true;
}
