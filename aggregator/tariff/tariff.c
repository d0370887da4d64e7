#include "aggregator/tariff/tariff.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/search.h"

#define LOOK_AHEAD_MS (8 * MS_PER_DAY)

/* The one of `count` dated settings (of `size` bytes, starting with `from`) that is in force at
 * `t`, or NULL. *until is lowered to the date of the next one. */
static const void *dated_at(const void *items, size_t count, size_t size, ms_t t, ms_t *until)
{
	size_t next = search_after(items, count, size, t);

	if (!count)
		return NULL;
	/* The first one also holds before its date. */
	if (next == 0)
		next = 1;
	if (next < count) {
		ms_t from = *(const ms_t *)(const void *)((const char *)items + next * size);

		*until = from < *until ? from : *until;
	}
	return (const char *)items + (next - 1) * size;
}

void tariff_settings_free(struct tariff_settings *settings)
{
	free(settings->calendars);
	free(settings->prices);
	free(settings->subscribed);
	*settings = (struct tariff_settings){0};
}

void tariff_open(struct tariff *tariff, const struct tariff_settings *settings)
{
	*tariff = (struct tariff){.settings = settings};
}

void tariff_close(struct tariff *tariff)
{
	for (size_t i = 0; i < tariff->day_count; i++)
		free(tariff->days[i].segments);
	free(tariff->days);
	contacts_free(&tariff->contacts);
	*tariff = (struct tariff){0};
}

static void tariff_invalidate_range(struct tariff *tariff, struct time_range range)
{
	for (size_t i = 0; i < tariff->day_count; i++)
		if (tariff->days[i].start < range.to && tariff->days[i].end > range.from)
			tariff->days[i].valid = false;
}

struct time_range tariff_update(struct tariff *tariff)
{
	struct time_range range = contacts_update(&tariff->contacts);

	tariff_invalidate_range(tariff, range);
	return range;
}

void tariff_invalidate(struct tariff *tariff)
{
	tariff_invalidate_range(tariff, TIME_RANGE_ALL);
}

enum band tariff_calendar_band(const struct tariff_settings *settings, ms_t t, ms_t *until)
{
	const struct calendar *calendar;
	ms_t dated = FOREVER;
	enum band band;

	calendar = dated_at(settings->calendars, settings->calendar_count,
			    sizeof(*settings->calendars), t, &dated);
	band = calendar_band(calendar, &settings->zone, t, until);
	if (dated < *until)
		*until = dated;
	return band;
}

enum band tariff_next(const struct tariff_settings *settings, ms_t t, enum band band, ms_t *when)
{
	ms_t limit = t + LOOK_AHEAD_MS;
	ms_t until;

	for (*when = t; *when < limit; *when = until) {
		enum band at = tariff_calendar_band(settings, *when, &until);

		if (at != band && *when > t)
			return at;
	}
	return BAND_NONE;
}

const struct prices *tariff_prices(const struct tariff_settings *settings, ms_t t)
{
	ms_t until = FOREVER;

	return dated_at(settings->prices, settings->prices_count, sizeof(*settings->prices), t,
			&until);
}

int64_t tariff_subscribed(const struct tariff_settings *settings, ms_t t, enum band band)
{
	ms_t until = FOREVER;
	const struct subscribed *subscribed =
		dated_at(settings->subscribed, settings->subscribed_count,
			 sizeof(*settings->subscribed), t, &until);

	return subscribed ? subscribed->watts[band] : 0;
}

/* Returns true if the state is impossible: both contacts closed, or peak outside its season. */
static bool contacts_faulty(const struct contact_state *state, const struct civil *local)
{
	if (state->peak != YES)
		return false;
	return state->off_peak == YES || !season_has_peak(local);
}

/* The calendar replaces a contact that does not exist. */
static enum band contacts_band(const struct contact_state *state, const struct civil *local,
			       enum band calendar)
{
	bool winter = season_is_winter(local);

	if (state->peak == YES)
		return BAND_P;
	if (state->off_peak == YES)
		return band_of(winter, true);
	if (state->off_peak == UNKNOWN) /* peak is open, if there is such a contact */
		return calendar == BAND_P ? band_of(winter, false) : calendar;
	if (state->peak == UNKNOWN && calendar == BAND_P)
		return BAND_P;
	return band_of(winter, false);
}

static struct segment tariff_moment(const struct tariff *tariff, ms_t t)
{
	const struct tariff_settings *settings = tariff->settings;
	struct civil local = civil_at(&settings->zone, t);
	struct segment segment = {.start = t, .by = BY_CALENDAR, .agree = UNKNOWN};
	const struct contact_state *state;
	const struct prices *prices;
	enum band calendar;
	ms_t until;

	calendar = tariff_calendar_band(settings, t, &segment.end);
	segment.band = calendar;
	state = contacts_at(&tariff->contacts, t, &until);
	if (until < segment.end)
		segment.end = until;
	if (state && (state->off_peak != UNKNOWN || state->peak != UNKNOWN)) {
		if (contacts_faulty(state, &local)) {
			segment.fault = true;
			segment.agree = NO;
		} else {
			segment.by = BY_CONTACTS;
			segment.band = contacts_band(state, &local, calendar);
			segment.agree = segment.band == calendar ? YES : NO;
		}
	}
	until = segment.end;
	prices = dated_at(settings->prices, settings->prices_count, sizeof(*settings->prices), t,
			  &until);
	segment.end = until;
	segment.price = prices->of[segment.band];
	return segment;
}

static bool segment_continues(const struct segment *a, const struct segment *b)
{
	return a->band == b->band && a->by == b->by && a->agree == b->agree &&
	       a->fault == b->fault && a->price == b->price;
}

static void tariff_compute(const struct tariff *tariff, struct tariff_day *day)
{
	day->count = 0;
	for (ms_t t = day->start; t < day->end;) {
		struct segment segment = tariff_moment(tariff, t);

		if (segment.end > day->end)
			segment.end = day->end;
		t = segment.end;
		if (day->count && segment_continues(&day->segments[day->count - 1], &segment)) {
			day->segments[day->count - 1].end = segment.end;
			continue;
		}
		day->segments = array_grow(day->segments, day->count, &day->capacity,
					   sizeof(*day->segments));
		day->segments[day->count++] = segment;
	}
	day->valid = true;
}

static struct tariff_day *tariff_day(struct tariff *tariff, ms_t t)
{
	size_t next = search_after(tariff->days, tariff->day_count, sizeof(*tariff->days), t);
	struct tariff_day *day;

	if (next && t < tariff->days[next - 1].end)
		return &tariff->days[next - 1];
	tariff->days = array_grow(tariff->days, tariff->day_count, &tariff->day_capacity,
				  sizeof(*tariff->days));
	day = &tariff->days[next];
	memmove(day + 1, day, (tariff->day_count - next) * sizeof(*day));
	tariff->day_count++;
	*day = (struct tariff_day){
		.start = civil_day_start(&tariff->settings->zone, t),
		.end = civil_day_end(&tariff->settings->zone, t),
	};
	return day;
}

struct segment tariff_at(struct tariff *tariff, ms_t t)
{
	struct tariff_day *day = tariff_day(tariff, t);
	size_t i = 0;

	if (!day->valid)
		tariff_compute(tariff, day);
	while (day->segments[i].end <= t)
		i++;
	return day->segments[i];
}

int64_t tariff_faults(const struct tariff *tariff)
{
	int64_t faults = 0;
	bool faulty = false;

	for (size_t i = 0; i < tariff->contacts.sorted; i++) {
		const struct contact_state *state = &tariff->contacts.states[i];
		struct civil local = civil_at(&tariff->settings->zone, state->t);
		bool now = contacts_faulty(state, &local);

		faults += now && !faulty;
		faulty = now;
	}
	return faults;
}
