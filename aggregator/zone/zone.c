#include "aggregator/zone/zone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The record of a period signal may be this late; then the window is closed without it. */
#define SIGNAL_GRACE_MS (30 * MS_PER_SECOND)

/* There is a record at least every minute. If the newest live reading is further ahead than this,
 * records are delayed. */
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
	free(zone->sources);
	balance_free(&zone->balance);
	ledger_free(&zone->ledger);
}

bool zone_electric(const struct zone *zone)
{
	return strcmp(zone->medium, "electricity") == 0;
}

bool zone_counts_energy(const struct zone *zone)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (source_counts_energy(zone->sources[i].source))
			return true;
	return zone->source_count == 0;
}

static enum zone_status zone_status(const struct zone *zone, const struct zone_context *context)
{
	enum zone_status status = ZONE_OFFLINE;

	for (size_t i = 0; i < zone->source_count; i++) {
		const struct zone_source *source = &zone->sources[i];

		if (source->sign < 0)
			continue;
		if (source_answers(source->source, &context->limits, context->now))
			return ZONE_ONLINE;
		if (source_online(source->source))
			status = ZONE_STALE;
	}
	return status;
}

/* ---- windows ---- */

static bool zone_complete(const struct zone *zone, const struct zone_context *context)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (!source_answers(zone->sources[i].source, &context->limits, context->now))
			return false;
	return true;
}

/* Returns true if the source's records are delayed. */
static bool source_lags(const struct source *source)
{
	return source->live_t != NEVER &&
	       source->live_t - LAG_MAX_MS > series_last(&source->energy);
}

/* Up to here the records of all sources that answer are complete; NEVER without records. */
static ms_t zone_horizon(const struct zone *zone, const struct zone_context *context)
{
	ms_t horizon = FOREVER;
	struct time_range domain = balance_domain(&zone->balance);

	if (time_range_empty(domain))
		return NEVER;
	for (size_t i = 0; i < zone->source_count; i++) {
		const struct source *source = zone->sources[i].source;
		ms_t last = series_last(&source->energy);

		if (last != NEVER && last < horizon && !source_lags(source) &&
		    source_answers(source, &context->limits, context->now))
			horizon = last;
	}
	return horizon < domain.to ? horizon : domain.to;
}

/* Windows that end up to here are over: a later period signal is known, or the main meter's records
 * reach beyond the end by more than a signal can be late, or the main meter does not answer. */
static ms_t windows_over(const struct zone_context *context)
{
	ms_t over = signals_certain_until(context->signals);
	ms_t complete = NEVER;

	if (!context->main || zone_status(context->main, context) != ZONE_ONLINE)
		complete = context->now;
	if (context->main) {
		ms_t horizon = zone_horizon(context->main, context);

		complete = horizon > complete ? horizon : complete;
	}
	return complete != NEVER && complete - SIGNAL_GRACE_MS > over ? complete - SIGNAL_GRACE_MS
								      : over;
}

bool zone_last_window(const struct zone *zone, const struct zone_context *context,
		      struct window *window)
{
	ms_t horizon = zone_horizon(zone, context);
	ms_t over = windows_over(context);
	struct window running;

	if (horizon == NEVER)
		return false;
	running = signals_window(context->signals, over < horizon ? over : horizon);
	if (running.start <= balance_domain(&zone->balance).from)
		return false;
	*window = signals_window(context->signals, running.start - 1);
	return true;
}

static struct window minute_at(const struct zone_context *context, ms_t t)
{
	return window_minute(signals_window(context->signals, t), t);
}

bool zone_last_minute(const struct zone *zone, const struct zone_context *context,
		      struct window *minute)
{
	ms_t horizon = zone_horizon(zone, context);
	struct time_range domain = balance_domain(&zone->balance);

	if (horizon == NEVER)
		return false;
	*minute = minute_at(context, horizon);
	if (minute->end <= horizon)
		return true;
	if (minute->start <= domain.from)
		return false;
	*minute = minute_at(context, minute->start - 1);
	return true;
}

static bool zone_was_reset(const struct zone *zone, struct window window)
{
	for (size_t i = 0; i < zone->balance.count; i++)
		if (series_reset_within(zone->balance.terms[i].series, window.start, window.end))
			return true;
	return false;
}

/* The energy of a source without any record is missing, too. */
static bool zone_lacks_source(const struct zone *zone)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (!series_known(&zone->sources[i].source->energy))
			return true;
	return false;
}

static double mean_power(const struct zone *zone, struct window window, struct balance_energy sum)
{
	return sum.known && zone_counts_energy(zone)
		       ? power_of(sum.energy, window.end - window.start)
		       : NAN;
}

struct window_energy zone_window_energy(const struct zone *zone, struct window window,
					const struct zone_context *context)
{
	struct balance_energy sum = balance_between(&zone->balance, window.start, window.end);
	struct window_energy result = {
		.window = window,
		.known = sum.known,
		.energy = sum.energy,
		.power_w = mean_power(zone, window, sum),
	};
	ms_t time_in[BAND_COUNT] = {0};
	bool estimated = window_synthetic(window) || (sum.flags & SERIES_INTERPOLATED);

	for (ms_t t = window.start; zone_electric(zone) && t < window.end;) {
		struct segment segment = tariff_at(context->tariff, t);
		ms_t end = segment.end < window.end ? segment.end : window.end;
		struct balance_energy part = balance_between(&zone->balance, t, end);

		result.cost = money_add(result.cost, money_of(part.energy, segment.price));
		time_in[segment.band] += end - t;
		if (time_in[segment.band] > time_in[result.band])
			result.band = segment.band;
		if (segment.by == BY_CALENDAR || (part.flags & SERIES_INTERPOLATED))
			estimated = true;
		t = end;
	}
	if ((sum.flags & (SERIES_BEFORE | SERIES_AFTER)) || zone_lacks_source(zone))
		result.quality = QUALITY_PARTIAL;
	else if (estimated || zone_was_reset(zone, window))
		result.quality = QUALITY_ESTIMATED;
	return result;
}

bool zone_hour(const struct zone *zone, const struct zone_context *context,
	       double power_w[HOUR_MINUTES], ms_t *end)
{
	struct window minute;

	if (!zone_last_minute(zone, context, &minute))
		return false;
	*end = minute.end;
	for (size_t i = HOUR_MINUTES; i-- > 0;) {
		power_w[i] = mean_power(zone, minute,
					balance_between(&zone->balance, minute.start, minute.end));
		minute = minute_at(context, minute.start - 1);
	}
	return true;
}

/* ---- state ---- */

/* The sum over the sources that answer; NAN if none does, or the main meter does not. */
static double zone_power(const struct zone *zone, const struct zone_context *context)
{
	double sum = NAN;

	for (size_t i = 0; i < zone->source_count; i++) {
		const struct zone_source *source = &zone->sources[i];
		double power = source_power(source->source, &context->limits, context->now);

		if (isnan(power))
			continue;
		if (isnan(sum) && source->sign < 0)
			return NAN; /* main sources come first: none of them answers */
		sum = (isnan(sum) ? 0 : sum) + source->sign * power;
	}
	return sum;
}

double zone_minute_power(const struct zone *zone, const struct zone_context *context)
{
	double sum = zone->source_count ? 0 : NAN;

	for (size_t i = 0; i < zone->source_count; i++)
		sum += zone->sources[i].sign *
		       source_minute_power(zone->sources[i].source, &context->limits, context->now);
	return sum;
}

mwh_t zone_index_step(const struct zone *zone)
{
	mwh_t sum = 0;

	for (size_t i = 0; i < zone->source_count; i++)
		sum = add_limited(sum, zone->sources[i].source->step);
	return sum;
}

/* The energy in a part's records after `included`, the end of what the balance includes: the main
 * meter has no newer record. */
static mwh_t part_beyond(const struct source *source, ms_t from, ms_t included)
{
	ms_t last = series_last(&source->energy);
	unsigned int flags = 0;

	if (included > from)
		from = included;
	return last > from ? series_between(&source->energy, from, last, &flags) : 0;
}

/* A difference is meaningless while the records of one side are delayed. */
static bool zone_lags(const struct zone *zone)
{
	for (size_t i = 0; i < zone->source_count; i++)
		if (source_lags(zone->sources[i].source))
			return true;
	return false;
}

mwh_t zone_beyond(const struct zone *zone, ms_t from)
{
	bool difference = zone->source_count && zone->sources[zone->source_count - 1].sign < 0;
	ms_t included = balance_domain(&zone->balance).to;
	mwh_t energy = 0;

	if (difference && zone_lags(zone))
		return 0;
	for (size_t i = 0; i < zone->source_count; i++) {
		const struct zone_source *source = &zone->sources[i];

		energy = add_limited(energy, source->sign * source_beyond(source->source, from));
		if (source->sign < 0)
			energy = add_limited(energy, -part_beyond(source->source, from, included));
	}
	return energy;
}

static double zone_volume(const struct zone *zone)
{
	double m3 = NAN;

	for (size_t i = 0; i < zone->source_count; i++) {
		const struct source *source = zone->sources[i].source;

		if (source->volume.weight_count)
			m3 = (isnan(m3) ? 0 : m3) +
			     (double)series_total(&source->volume) / ML_PER_M3;
	}
	return m3;
}

static enum quality zone_quality(const struct zone *zone, const struct zone_context *context,
				 const struct zone_state *state, enum quality of_window)
{
	if (state->status != ZONE_ONLINE)
		return QUALITY_STALE;
	if (!zone_complete(zone, context))
		return QUALITY_PARTIAL;
	if (of_window != QUALITY_MEASURED)
		return QUALITY_ESTIMATED;
	return zone_electric(zone) && state->segment.by == BY_CALENDAR ? QUALITY_ESTIMATED
								       : QUALITY_MEASURED;
}

/* NAN, unknown, equals NAN. */
static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

bool zone_state_equal(const struct zone_state *a, const struct zone_state *b)
{
	return a->status == b->status && same(a->power_w, b->power_w) &&
	       same(a->power_1m_w, b->power_1m_w) && same(a->power_10m_w, b->power_10m_w) &&
	       a->energy_total == b->energy_total && a->energy_day == b->energy_day &&
	       same(a->volume_m3, b->volume_m3) && money_equal(a->cost_total, b->cost_total) &&
	       money_equal(a->cost_day, b->cost_day) && same(a->cost_hour, b->cost_hour) &&
	       a->day_start == b->day_start && a->segment.band == b->segment.band &&
	       a->segment.price == b->segment.price && a->quality == b->quality;
}

struct zone_state zone_evaluate(const struct zone *zone, const struct zone_context *context)
{
	struct zone_state state = {.status = zone_status(zone, context),
				   .power_w = NAN,
				   .power_1m_w = NAN,
				   .power_10m_w = NAN};
	enum quality of_window = QUALITY_MEASURED;
	const struct ledger_day *day = ledger_day(&zone->ledger, context->now);
	bool answers = state.status == ZONE_ONLINE && zone_counts_energy(zone);
	struct window window;
	mwh_t beyond;

	state.segment = tariff_at(context->tariff, context->now);
	state.day_start = civil_day_start(&context->tariff->settings->zone, context->now);
	if (zone_last_window(zone, context, &window)) {
		struct window_energy result = zone_window_energy(zone, window, context);

		state.power_10m_w = answers ? result.power_w : NAN;
		of_window = result.quality;
	}
	if (answers) {
		state.power_w = zone_power(zone, context);
		if (zone_last_minute(zone, context, &window))
			state.power_1m_w = zone_window_energy(zone, window, context).power_w;
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
	state.quality = zone_quality(zone, context, &state, of_window);
	return state;
}
