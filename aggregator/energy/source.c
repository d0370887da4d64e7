#include "aggregator/energy/source.h"

#include <math.h>
#include <string.h>

void source_open(struct source *source, const char *collector)
{
	strcpy(source->collector, collector);
	source->collector_online = true;
	source->meter_online = true;
	source->newest = NEVER;
	source->last_seen = NEVER;
	source->live_t = NEVER;
	source->live_power_w = NAN;
	source->power.interval_us = NAN;
	source->volume.limits = &source->energy;
}

void source_close(struct source *source)
{
	series_free(&source->energy);
	series_free(&source->volume);
	contacts_free(&source->contacts);
	signals_free(&source->signals);
}

/* The first record or, before it, the announcement decides whether the source counts pulses. */
static bool source_counts(struct source *source, bool pulses, struct fail *fail)
{
	enum counts counts = pulses ? COUNTS_PULSES : COUNTS_MWH;

	if (source->counts != COUNTS_UNKNOWN && source->counts != counts)
		return fail_set(fail, "this source counts %s, found %s", pulses ? "wh" : "pulses",
				pulses ? "pulses" : "wh");
	source->counts = counts;
	return true;
}

/* In mWh; 0: it counts no energy. */
static double about_energy_weight(const struct about *about)
{
	if (!about_is_pulse(about))
		return 1;
	if (!isnan(about->wh_per_pulse))
		return about->wh_per_pulse * (double)MWH_PER_WH;
	if (!isnan(about->kwh_per_m3))
		return about->m3_per_pulse * about->kwh_per_m3 * (double)MWH_PER_KWH;
	return 0;
}

/* In ml; 0: it counts no volume. */
static double about_volume_weight(const struct about *about)
{
	return isnan(about->m3_per_pulse) ? 0 : about->m3_per_pulse * ML_PER_M3;
}

static bool weight_fits(double weight, const char *source, struct fail *fail)
{
	double amount = weight * (double)WEIGHT_ONE;

	return weight == 0 || (amount >= 1 && amount <= (double)WEIGHT_MAX) ||
	       fail_set(fail, "%s: %g mWh (or ml) a pulse, expected 1e-6 to 1e12", source, weight);
}

bool source_admits(const struct source *source, const struct about *about, struct fail *fail)
{
	bool pulses = source->counts == COUNTS_PULSES;

	if (source->energy.count && about_is_pulse(about) != pulses)
		return fail_set(fail, "kind: found \"%s\", but the source recorded %s so far",
				about->kind, pulses ? "pulses" : "wh");
	return weight_fits(about_energy_weight(about),
			   isnan(about->wh_per_pulse) ? "kwh_per_m3" : "wh_per_pulse", fail) &&
	       weight_fits(about_volume_weight(about), "m3_per_pulse", fail);
}

void source_set_weight(struct source *source, const struct weight *weight)
{
	if (series_set_weight(&source->energy, *weight))
		series_limits_changed(&source->volume,
				      source->energy.weights[source->energy.weight_count - 1].from);
}

void source_announce(struct source *source, const struct about *about, ms_t now)
{
	bool pulses = about_is_pulse(about);
	struct weight weight = {
		.from = now,
		.amount = llround(about_energy_weight(about) * (double)WEIGHT_ONE),
		.modulus = pulses ? about->modulus_pulses : about->modulus_wh * MWH_PER_WH,
		.max_w = about->max_w,
	};

	source->counts = pulses ? COUNTS_PULSES : COUNTS_MWH;
	source_restore(source, about, true);
	source_set_weight(source, &weight);
	weight.amount = llround(about_volume_weight(about) * (double)WEIGHT_ONE);
	if (pulses && !isnan(about->m3_per_pulse))
		series_set_weight(&source->volume, weight);
}

void source_restore(struct source *source, const struct about *about, bool announced)
{
	source->about = *about;
	source->announced = announced;
	source->power.wh_per_pulse = about_energy_weight(about) / (double)MWH_PER_WH;
}

static int swap_compare(const struct swap *a, const struct swap *b)
{
	if (a->final != b->final)
		return a->final < b->final ? -1 : 1;
	if (a->initial != b->initial)
		return a->initial < b->initial ? -1 : 1;
	return strcmp(a->by, b->by);
}

/* A record proves that the source worked at its time; one that is dated in the future, now. */
static void source_seen(struct source *source, ms_t t, ms_t now)
{
	if (t > now)
		t = now;
	if (t > source->last_seen)
		source->last_seen = t;
}

static void source_add(struct index_series *series, ms_t t, int64_t count, bool start)
{
	if (start)
		series_add_start(series, t, count);
	else
		series_add(series, t, count);
}

void source_add_index(struct source *source, ms_t t, int64_t count, bool start)
{
	source_add(&source->energy, t, count, start);
	if (source->counts == COUNTS_PULSES)
		source_add(&source->volume, t, count, start);
	if (t > source->newest)
		source->newest = t;
}

void source_add_confirmed(struct source *source, ms_t t, int64_t count, bool start,
			  enum point_kind kind)
{
	struct point point = {
		.t = t,
		.count = (uint64_t)count & POINT_COUNT_MAX,
		.kind = kind & 7,
		.start = start,
		.confirmed = true,
	};

	series_add_point(&source->energy, &point);
	if (source->counts == COUNTS_PULSES)
		series_add_point(&source->volume, &point);
	if (t > source->newest)
		source->newest = t;
}

bool source_add_swap(struct source *source, const struct swap *swap)
{
	if (!series_add_swap(&source->energy, *swap))
		return false;
	series_add_swap(&source->volume, *swap);
	return true;
}

/* A swap by a command takes precedence over a record of the same moment. Of two records the larger
 * counts, whichever came first. */
static void source_set_index(struct source *source, const struct record *record)
{
	const struct swap *known = series_swap_at(&source->energy, record->t);
	struct swap swap = {.t = record->t, .final = record->index_from, .initial = record->pulses};

	strcpy(swap.by, record->index_by);
	if (!known || (known->by[0] && swap_compare(known, &swap) < 0))
		source_add_swap(source, &swap);
	if (record->t > source->newest)
		source->newest = record->t;
}

bool source_record(struct source *source, const struct record *record, ms_t now, int64_t *count,
		   struct fail *fail)
{
	*count = record->pulses;
	if (!record->is_pulse && !mwh_from_wh(record->wh, count))
		return fail_set(fail, "wh: expected 0 to 9e12");
	if (!source_counts(source, record->is_pulse, fail))
		return false;
	if (record->index_set)
		source_set_index(source, record);
	else
		source_add_index(source, record->t, *count, record->mark == MARK_START);
	source_seen(source, record->t, now);
	/* The interval across a start is unknown. */
	if (record->mark == MARK_START && record->t >= source->power.last_pulse)
		source->power.interval_us = NAN;
	return true;
}

/* Many meters count in steps of up to 1 kWh. */
static void source_learn_step(struct source *source, int64_t before)
{
	mwh_t increase = source->live_count - before;

	if (before < 0 || source->live_count < 0)
		return;
	if (increase > 0 && source->live_repeated && (!source->step || increase < source->step))
		source->step = increase;
	source->live_repeated = increase == 0;
}

bool source_live(struct source *source, const struct live *live, ms_t now, struct fail *fail)
{
	bool plausible = !(live->interval_us < source->about.min_interval_us);
	int64_t before = source->live_t == NEVER ? -1 : source->live_count;

	if (!source_counts(source, live->is_pulse, fail))
		return false;
	/* Live readings are neither retained nor repeated: this one is new. */
	source_seen(source, now, now);
	/* An earlier one that was dated in the future must not suppress this one. */
	if (live->t <= source->live_t && source->live_t <= now)
		return true;
	source->live_t = live->t;
	source->live_seen = now;
	source->live_count = live->pulses;
	if (live->is_pulse) {
		source->power.last_pulse = live->t;
		source->power.interval_us = plausible ? live->interval_us : NAN;
		return true;
	}
	if (!mwh_from_wh(live->wh, &source->live_count))
		source->live_count = -1;
	source_learn_step(source, before);
	source->live_power_w = live->power_w;
	power_mean_add(&source->minute, now, live->power_w);
	return true;
}

bool source_online(const struct source *source)
{
	return source->announced && source->collector_online && source->meter_online;
}

bool source_counts_energy(const struct source *source)
{
	return about_energy_weight(&source->about) > 0;
}

/* A source that reads seldom is not stale between two readings. */
static ms_t source_limit(const struct source *source, const struct stale_limits *limits)
{
	ms_t limit = source->counts == COUNTS_PULSES ? limits->pulse : limits->other;
	ms_t expected = STALE_INTERVALS * source->about.interval_ms;

	return limit > expected ? limit : expected;
}

bool source_answers(const struct source *source, const struct stale_limits *limits, ms_t now)
{
	return source_online(source) && source->last_seen != NEVER &&
	       now - source->last_seen < source_limit(source, limits);
}

double source_power(const struct source *source, const struct stale_limits *limits, ms_t now)
{
	if (!source_answers(source, limits, now) || source->live_t == NEVER)
		return NAN;
	if (source->counts == COUNTS_PULSES)
		return power_at(&source->power, now);
	/* Records prove that a source answers, but do not contain its present power. */
	return now - source->live_seen < source_limit(source, limits) ? source->live_power_w : NAN;
}

double source_minute_power(const struct source *source, const struct stale_limits *limits, ms_t now)
{
	double mean_w = power_mean_at(&source->minute, now);

	if (source->counts == COUNTS_PULSES || !source_answers(source, limits, now))
		return NAN;
	return isnan(mean_w) ? source_power(source, limits, now) : mean_w;
}

mwh_t source_beyond(const struct source *source, ms_t from)
{
	const struct index_series *series = &source->energy;
	ms_t last = series_last(series);
	int64_t energy;

	if (!series_known(series) || source->live_t <= last || source->live_t <= from ||
	    source->live_count < 0)
		return 0;
	energy = series_beyond(series, source->live_t, source->live_count);
	if (from > last)
		energy -= multiply_divide(energy, from - last, source->live_t - last);
	return energy;
}
