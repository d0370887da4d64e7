#include "aggregator/zone/zone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A top may come this much late; a window whose top does not come is closed after it. */
#define TOP_GRACE_MS (30 * MS_PER_SECOND)

/* Records come at least every minute; a live reading further ahead has left them behind. */
#define LAG_MAX_MS (5 * MS_PER_MINUTE)

const char *zone_status_name(enum zone_status status)
{
	static const char *const names[] = {"online", "offline", "stale"};

	return names[status];
}

const char *quality_name(enum quality quality)
{
	static const char *const names[] = {"measured", "estimated", "partial", "stale"};

	return names[quality];
}

void zone_free(struct zone *zone)
{
	free(zone->members);
	balance_free(&zone->balance);
	ledger_free(&zone->ledger);
}

bool zone_electric(const struct zone *zone)
{
	return strcmp(zone->medium, "electricity") == 0;
}

bool zone_counts_energy(const struct zone *zone)
{
	for (size_t i = 0; i < zone->member_count; i++)
		if (source_counts_energy(zone->members[i].source))
			return true;
	return zone->member_count == 0;
}

enum zone_status zone_status(const struct zone *zone, const struct surroundings *around)
{
	enum zone_status status = ZONE_OFFLINE;

	for (size_t i = 0; i < zone->member_count; i++) {
		const struct member *member = &zone->members[i];

		if (member->sign < 0)
			continue;
		if (source_answers(member->source, &around->limits, around->now))
			return ZONE_ONLINE;
		if (source_online(member->source))
			status = ZONE_STALE;
	}
	return status;
}

/* ---- windows ---- */

static bool zone_complete(const struct zone *zone, const struct surroundings *around)
{
	for (size_t i = 0; i < zone->member_count; i++)
		if (!source_answers(zone->members[i].source, &around->limits, around->now))
			return false;
	return true;
}

/* Its records are still on their way: the live reading has left them behind. */
static bool source_lags(const struct source *source)
{
	return source->live_t != CURVE_NEVER &&
	       source->live_t - LAG_MAX_MS > curve_last(&source->energy);
}

/* Up to when the zone's records are complete, as far as its sources answer; CURVE_NEVER without
 * records. */
static ms_t zone_horizon(const struct zone *zone, const struct surroundings *around)
{
	ms_t horizon = CURVE_ALWAYS;
	struct span domain = balance_domain(&zone->balance);

	if (span_empty(domain))
		return CURVE_NEVER;
	for (size_t i = 0; i < zone->member_count; i++) {
		const struct source *source = zone->members[i].source;
		ms_t last = curve_last(&source->energy);

		if (last != CURVE_NEVER && last < horizon && !source_lags(source) &&
		    source_answers(source, &around->limits, around->now))
			horizon = last;
	}
	return horizon < domain.to ? horizon : domain.to;
}

/* Windows that end up to here are over: their tops are known, or the main meter's word goes past
 * them by more than a top can be late, or it says nothing more. */
static ms_t windows_over(const struct surroundings *around)
{
	ms_t over = grid_certain_until(around->grid);
	ms_t word = CURVE_NEVER;

	if (!around->main || zone_status(around->main, around) != ZONE_ONLINE)
		word = around->now;
	if (around->main) {
		ms_t horizon = zone_horizon(around->main, around);

		word = horizon > word ? horizon : word;
	}
	return word != CURVE_NEVER && word - TOP_GRACE_MS > over ? word - TOP_GRACE_MS : over;
}

bool zone_last_window(const struct zone *zone, const struct surroundings *around,
		      struct window *window)
{
	ms_t horizon = zone_horizon(zone, around);
	ms_t over = windows_over(around);
	struct window running;

	if (horizon == CURVE_NEVER)
		return false;
	running = grid_window(around->grid, over < horizon ? over : horizon);
	if (running.start <= balance_domain(&zone->balance).from)
		return false;
	*window = grid_window(around->grid, running.start - 1);
	return true;
}

bool zone_last_minute(const struct zone *zone, const struct surroundings *around,
		      struct window *minute)
{
	ms_t horizon = zone_horizon(zone, around);
	struct span domain = balance_domain(&zone->balance);

	if (horizon == CURVE_NEVER)
		return false;
	*minute = window_minute(grid_window(around->grid, horizon), horizon);
	if (minute->end > horizon) {
		if (minute->start <= domain.from)
			return false;
		*minute = window_minute(grid_window(around->grid, minute->start - 1),
					minute->start - 1);
	}
	return true;
}

static bool zone_was_reset(const struct zone *zone, struct window window)
{
	for (size_t i = 0; i < zone->balance.count; i++)
		if (curve_reset_within(zone->balance.terms[i].curve, window.start, window.end))
			return true;
	return false;
}

/* A member without any record takes no part in the sum: that is missing, too. */
static bool zone_lacks_member(const struct zone *zone)
{
	for (size_t i = 0; i < zone->member_count; i++)
		if (!curve_known(&zone->members[i].source->energy))
			return true;
	return false;
}

struct reading zone_reading(const struct zone *zone, struct window window,
			    const struct surroundings *around)
{
	struct stretch stretch = balance_between(&zone->balance, window.start, window.end);
	struct reading reading = {
		.window = window, .known = stretch.known, .energy = stretch.energy, .power_w = NAN};
	ms_t time_in[BAND_COUNT] = {0};
	bool estimated = window_synthetic(window) || (stretch.flags & CURVE_INTERPOLATED);

	if (stretch.known && zone_counts_energy(zone))
		reading.power_w = power_of(stretch.energy, window.end - window.start);
	for (ms_t t = window.start; zone_electric(zone) && t < window.end;) {
		struct segment segment = tariff_at(around->tariff, t);
		ms_t end = segment.end < window.end ? segment.end : window.end;
		struct stretch part = balance_between(&zone->balance, t, end);

		reading.cost = money_add(reading.cost, money_of(part.energy, segment.price));
		time_in[segment.band] += end - t;
		if (time_in[segment.band] > time_in[reading.band])
			reading.band = segment.band;
		if (segment.by == BY_CALENDAR || (part.flags & CURVE_INTERPOLATED))
			estimated = true;
		t = end;
	}
	if ((stretch.flags & (CURVE_BEFORE | CURVE_AFTER)) || zone_lacks_member(zone))
		reading.quality = QUALITY_PARTIAL;
	else if (estimated || zone_was_reset(zone, window))
		reading.quality = QUALITY_ESTIMATED;
	return reading;
}

bool zone_hour(const struct zone *zone, const struct surroundings *around,
	       double power_w[HOUR_MINUTES], ms_t *end)
{
	struct window minute;

	if (!zone_last_minute(zone, around, &minute))
		return false;
	*end = minute.end;
	for (size_t i = HOUR_MINUTES; i-- > 0;) {
		struct stretch stretch = balance_between(&zone->balance, minute.start, minute.end);

		power_w[i] = stretch.known && zone_counts_energy(zone)
				     ? power_of(stretch.energy, minute.end - minute.start)
				     : NAN;
		minute = window_minute(grid_window(around->grid, minute.start - 1),
				       minute.start - 1);
	}
	return true;
}

/* ---- state ---- */

/* Of the sources that answer; NAN where one has to be known and is not. */
static double zone_power(const struct zone *zone, const struct surroundings *around)
{
	double sum = NAN;

	for (size_t i = 0; i < zone->member_count; i++) {
		const struct member *member = &zone->members[i];
		double power = source_power(member->source, &around->limits, around->now);

		if (isnan(power))
			continue;
		if (isnan(sum) && member->sign < 0)
			return NAN; /* nothing to take it off from: main members come first */
		sum = (isnan(sum) ? 0 : sum) + member->sign * power;
	}
	return sum;
}

/* What a part's records say beyond the main meter's newest one: no books have it yet. */
static mwh_t booked_beyond(const struct source *source, ms_t from, ms_t booked)
{
	ms_t last = curve_last(&source->energy);
	unsigned int flags = 0;

	if (booked > from)
		from = booked;
	return last > from ? curve_between(&source->energy, from, last, &flags) : 0;
}

/* What is left over is a difference: it makes no sense while one side lags. */
static bool zone_lags(const struct zone *zone)
{
	for (size_t i = 0; i < zone->member_count; i++)
		if (source_lags(zone->members[i].source))
			return true;
	return false;
}

mwh_t zone_beyond(const struct zone *zone, ms_t from)
{
	bool difference = zone->member_count && zone->members[zone->member_count - 1].sign < 0;
	ms_t booked = balance_domain(&zone->balance).to;
	mwh_t energy = 0;

	if (difference && zone_lags(zone))
		return 0;
	for (size_t i = 0; i < zone->member_count; i++) {
		const struct member *member = &zone->members[i];

		energy = add_limited(energy, member->sign * source_beyond(member->source, from));
		if (member->sign < 0)
			energy = add_limited(energy, -booked_beyond(member->source, from, booked));
	}
	return energy;
}

static double zone_volume(const struct zone *zone)
{
	double m3 = NAN;

	for (size_t i = 0; i < zone->member_count; i++) {
		const struct source *source = zone->members[i].source;

		if (source->volume.weight_count)
			m3 = (isnan(m3) ? 0 : m3) +
			     (double)curve_total(&source->volume) / ML_PER_M3;
	}
	return m3;
}

static enum quality zone_quality(const struct zone *zone, const struct surroundings *around,
				 const struct zone_state *state, enum quality of_window)
{
	if (zone_status(zone, around) != ZONE_ONLINE)
		return QUALITY_STALE;
	if (!zone_complete(zone, around))
		return QUALITY_PARTIAL;
	if (of_window != QUALITY_MEASURED)
		return QUALITY_ESTIMATED;
	return zone_electric(zone) && state->segment.by == BY_CALENDAR ? QUALITY_ESTIMATED
								       : QUALITY_MEASURED;
}

struct zone_state zone_look(const struct zone *zone, const struct surroundings *around)
{
	struct zone_state state = {.power_w = NAN, .power_1m_w = NAN, .power_10m_w = NAN};
	enum quality of_window = QUALITY_MEASURED;
	const struct ledger_day *day = ledger_day(&zone->ledger, around->now);
	bool answers = zone_status(zone, around) == ZONE_ONLINE && zone_counts_energy(zone);
	struct window window;
	mwh_t beyond;

	state.segment = tariff_at(around->tariff, around->now);
	state.day_start = civil_day_start(&around->tariff->settings->zone, around->now);
	if (zone_last_window(zone, around, &window)) {
		struct reading reading = zone_reading(zone, window, around);

		state.power_10m_w = answers ? reading.power_w : NAN;
		of_window = reading.quality;
	}
	if (answers) {
		state.power_w = zone_power(zone, around);
		if (zone_last_minute(zone, around, &window))
			state.power_1m_w = zone_reading(zone, window, around).power_w;
	}
	state.energy_total = zone->ledger.total.energy;
	state.cost_total = zone->ledger.total.cost;
	beyond = zone_beyond(zone, state.day_start);
	state.energy_day = add_limited(day ? day->total.energy : 0, beyond);
	state.cost_day = money_add(day ? day->total.cost : (struct money){0},
				   money_of(beyond, state.segment.price));
	state.cost_hour =
		state.power_w / 1000 * (double)state.segment.price / (double)PRICES_PER_UNIT;
	state.volume_m3 = zone_volume(zone);
	state.quality = zone_quality(zone, around, &state, of_window);
	return state;
}
