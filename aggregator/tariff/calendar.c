#include "aggregator/tariff/calendar.h"

#include "common/base/search.h"

#define MINUTES_PER_DAY 1440

const char *band_name(enum band band)
{
	static const char *const names[BAND_COUNT] = {NULL, "P", "HPH", "HCH", "HPE", "HCE"};

	return names[band];
}

bool hours_hold(const struct hours *hours, size_t count, int minute)
{
	for (size_t i = 0; i < count; i++) {
		bool over_midnight = hours[i].from > hours[i].to;
		bool after = minute >= hours[i].from;
		bool before = minute < hours[i].to;

		if (over_midnight ? after || before : after && before)
			return true;
	}
	return false;
}

bool season_is_winter(const struct civil *local)
{
	return local->month >= 11 || local->month <= 3;
}

bool season_has_peak(const struct civil *local)
{
	return local->month == 12 || local->month <= 2;
}

enum band band_of(bool winter, bool off_peak)
{
	if (winter)
		return off_peak ? BAND_HCH : BAND_HPH;
	return off_peak ? BAND_HCE : BAND_HPE;
}

/* The next minute of the day at which one of the hours starts or ends, at most `next`. */
static int hours_next(const struct hours *hours, size_t count, int minute, int next)
{
	for (size_t i = 0; i < count; i++) {
		if (hours[i].from > minute && hours[i].from < next)
			next = hours[i].from;
		if (hours[i].to > minute && hours[i].to < next)
			next = hours[i].to;
	}
	return next;
}

/* The next change of the offset, if it is before `until`: the hours move with it. */
static ms_t offset_end(const struct civil_zone *zone, ms_t t, ms_t until)
{
	size_t i = search_after(zone->offsets, zone->count, sizeof(*zone->offsets), t);

	/* The first offset also holds before its date. */
	if (i == 0)
		i = 1;
	return i < zone->count && zone->offsets[i].from < until ? zone->offsets[i].from : until;
}

enum band calendar_band(const struct calendar *calendar, const struct civil_zone *zone, ms_t t,
			ms_t *until)
{
	struct civil local = civil_at(zone, t);
	int minute = local.hour * 60 + local.minute;
	bool sunday = local.weekday == 0;
	int next = MINUTES_PER_DAY;

	next = hours_next(calendar->off_peak, calendar->off_peak_count, minute, next);
	next = hours_next(calendar->peak, calendar->peak_count, minute, next);
	*until = t - floor_rest(t, MS_PER_MINUTE) + (next - minute) * MS_PER_MINUTE;
	*until = offset_end(zone, t, *until);

	if (!sunday && season_has_peak(&local) &&
	    hours_hold(calendar->peak, calendar->peak_count, minute))
		return BAND_P;
	return band_of(season_is_winter(&local),
		       sunday || hours_hold(calendar->off_peak, calendar->off_peak_count, minute));
}
