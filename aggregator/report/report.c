#include "aggregator/report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"

/* Decimals that are shown: W to 1 mW, % to 0.01, energy and money to their last digit. */
#define WATT_DECIMALS  3
#define PCT_DECIMALS   2
#define KWH_DECIMALS   6
#define M3_DECIMALS    6
#define MONEY_DECIMALS 8

static const struct civil_zone *civil_zone(const struct zone_context *context)
{
	return &context->tariff->settings->zone;
}

static json_t *json_time(const struct zone_context *context, ms_t t)
{
	char text[CIVIL_ISO_SIZE];

	civil_iso(text, civil_zone(context), t);
	return json_string(text);
}

/* The publisher fills in the time. */
static json_t *json_of_moment(void)
{
	json_t *json = json_object();

	json_object_set_new(json, "time", json_null());
	return json;
}

static json_t *json_watts(double watts)
{
	return json_rounded(watts, WATT_DECIMALS);
}

static json_t *json_kwh(mwh_t energy)
{
	return json_rounded(kwh_of(energy), KWH_DECIMALS);
}

/* null where the zone's meters count no energy */
static json_t *json_zone_kwh(const struct zone *zone, mwh_t energy)
{
	return zone_counts_energy(zone) ? json_kwh(energy) : json_null();
}

static json_t *json_money(struct money money)
{
	return json_rounded(money_value(money), MONEY_DECIMALS);
}

static json_t *json_price(price_t price)
{
	return json_rounded((double)price / (double)PRICES_PER_UNIT, MONEY_DECIMALS);
}

static json_t *json_band(enum band band)
{
	return band == BAND_NONE ? json_null() : json_string(band_name(band));
}

static json_t *json_positive(int64_t value)
{
	return value ? json_integer(value) : json_null();
}

static double load_pct(const struct zone *zone, double power_w)
{
	return 100 * power_w / zone->nominal_w;
}

const char *const report_leaves[REPORT_LEAVES] = {
	[LEAF_POWER_W] = "power_w",
	[LEAF_POWER_1M_W] = "power_1m_w",
	[LEAF_POWER_10M_W] = "power_10m_w",
	[LEAF_NOMINAL_W] = "nominal_w",
	[LEAF_LOAD_PCT] = "load_pct",
	[LEAF_ENERGY_KWH] = "energy_kwh",
	[LEAF_ENERGY_DAY_KWH] = "energy_day_kwh",
	[LEAF_VOLUME_M3] = "volume_m3",
	[LEAF_COST_HOUR] = "cost_hour",
	[LEAF_COST_DAY] = "cost_day",
	[LEAF_COST_TOTAL] = "cost_total",
	[LEAF_BAND] = "band",
	[LEAF_BAND_INDEX] = "band_index",
	[LEAF_PRICE_KWH] = "price_kwh",
};

/* Of a zone that has a price; the others are below. */
static json_t *priced_leaf(const struct zone_state *state, enum report_leaf leaf)
{
	switch (leaf) {
	case LEAF_COST_HOUR: return json_rounded(state->cost_hour, MONEY_DECIMALS);
	case LEAF_COST_DAY: return json_money(state->cost_day);
	case LEAF_COST_TOTAL: return json_money(state->cost_total);
	case LEAF_BAND: return json_band(state->segment.band);
	case LEAF_BAND_INDEX: return json_positive(state->segment.band);
	case LEAF_PRICE_KWH: return json_price(state->segment.price);
	default: return NULL;
	}
}

/* NULL if the zone does not have it. */
static json_t *json_leaf(const struct zone *zone, enum report_leaf leaf)
{
	const struct zone_state *state = &zone->state;

	switch (leaf) {
	case LEAF_POWER_W: return json_watts(state->power_w);
	case LEAF_POWER_1M_W: return json_watts(state->power_1m_w);
	case LEAF_POWER_10M_W: return json_watts(state->power_10m_w);
	case LEAF_NOMINAL_W: return json_watts(zone->nominal_w);
	case LEAF_LOAD_PCT: return json_rounded(load_pct(zone, state->power_w), PCT_DECIMALS);
	case LEAF_ENERGY_KWH: return json_zone_kwh(zone, state->energy_total);
	case LEAF_ENERGY_DAY_KWH: return json_zone_kwh(zone, state->energy_day);
	case LEAF_VOLUME_M3:
		return isnan(state->volume_m3) ? NULL : json_rounded(state->volume_m3, M3_DECIMALS);
	default: return zone_electric(zone) ? priced_leaf(state, leaf) : json_null();
	}
}

/* From `first` to `last`. A leaf that the zone does not have is left out. */
static void json_leaves(json_t *json, const struct zone *zone, int first, int last)
{
	for (int leaf = first; leaf <= last; leaf++)
		json_object_set_new(json, report_leaves[leaf],
				    json_leaf(zone, (enum report_leaf)leaf));
}

json_t *report_state(const struct zone *zone, const struct zone_context *context)
{
	const struct zone_state *state = &zone->state;
	json_t *json = json_of_moment();

	json_object_set_new(json, "label", json_string(zone->label));
	json_object_set_new(json, "medium", json_string(zone->medium));
	json_leaves(json, zone, LEAF_POWER_W, LEAF_COST_TOTAL);
	json_object_set_new(json, "day_start", json_time(context, state->day_start));
	json_leaves(json, zone, LEAF_BAND, LEAF_PRICE_KWH);
	json_object_set_new(json, "quality", json_string(quality_name(state->quality)));
	return json;
}

json_t *report_window(const struct zone *zone, const struct window_energy *reading,
		      const struct zone_context *context)
{
	bool priced = zone_electric(zone);
	json_t *json = json_object();

	json_object_set_new(json, "start", json_time(context, reading->window.start));
	json_object_set_new(json, "end", json_time(context, reading->window.end));
	json_object_set_new(json, "power_w", json_watts(reading->power_w));
	json_object_set_new(json, "energy_kwh", json_zone_kwh(zone, reading->energy));
	json_object_set_new(json, "band", json_band(priced ? reading->band : BAND_NONE));
	json_object_set_new(json, "cost", priced ? json_money(reading->cost) : json_null());
	json_object_set_new(json, "quality", json_string(quality_name(reading->quality)));
	json_object_set_new(json, "sync",
			    json_string(window_synchronous(reading->window) ? "top" : "clock"));
	return json;
}

json_t *report_hour(const struct zone *zone, const double power_w[HOUR_MINUTES], ms_t end,
		    const struct zone_context *context)
{
	json_t *json = json_object();
	json_t *powers = json_array();
	json_t *loads = json_array();

	for (size_t i = 0; i < HOUR_MINUTES; i++) {
		json_array_append_new(powers, json_watts(power_w[i]));
		json_array_append_new(loads,
				      json_rounded(load_pct(zone, power_w[i]), PCT_DECIMALS));
	}
	json_object_set_new(json, "end", json_time(context, end));
	json_object_set_new(json, "step_s", json_integer(60));
	json_object_set_new(json, "power_w", powers);
	json_object_set_new(json, "load_pct", loads);
	return json;
}

static void json_amount(json_t *json, struct amount amount)
{
	json_object_set_new(json, "kwh", json_kwh(amount.energy));
	json_object_set_new(json, "cost", json_money(amount.cost));
}

static json_t *json_bands(const struct ledger_day *day)
{
	json_t *bands = json_object();

	for (enum band band = BAND_P; band < BAND_COUNT; band++) {
		json_t *json = json_object();

		json_amount(json, day->bands[band]);
		json_object_set_new(bands, band_name(band), json);
	}
	return bands;
}

static json_t *json_periods(const struct zone *zone, const struct ledger_day *day,
			    const struct zone_context *context)
{
	json_t *array = json_array();
	struct period *periods;
	size_t count =
		ledger_periods(&periods, &zone->balance, context->tariff, day->start, day->end);

	for (size_t i = 0; i < count; i++) {
		json_t *json = json_object();

		json_object_set_new(json, "start", json_time(context, periods[i].start));
		json_object_set_new(json, "end", json_time(context, periods[i].end));
		json_object_set_new(json, "band", json_band(periods[i].band));
		json_amount(json, periods[i].amount);
		json_array_append_new(array, json);
	}
	free(periods);
	return array;
}

json_t *report_day(const struct zone *zone, const struct zone_context *context)
{
	bool priced = zone_electric(zone);
	const struct ledger_day *booked = ledger_day(&zone->ledger, context->now);
	struct ledger_day day = {0};
	char date[CIVIL_ISO_SIZE];
	json_t *json = json_object();

	if (booked)
		day = *booked;
	else
		day.start = day.end = civil_day_start(civil_zone(context), context->now);
	civil_date(date, civil_zone(context), day.start);
	json_object_set_new(json, "day", json_string(date));
	json_object_set_new(json, "day_start", json_time(context, day.start));
	json_object_set_new(json, "energy_kwh", json_zone_kwh(zone, day.total.energy));
	json_object_set_new(json, "cost", priced ? json_money(day.total.cost) : json_null());
	json_object_set_new(json, "bands", priced ? json_bands(&day) : json_object());
	json_object_set_new(json, "periods",
			    priced ? json_periods(zone, &day, context) : json_array());
	return json;
}

json_t *report_tariff(const struct site_settings *settings, const struct segment *segment,
		      const struct zone_context *context)
{
	const struct tariff_settings *tariff = &settings->tariff;
	const struct prices *prices = tariff_prices(tariff, context->now);
	ms_t next_change;
	enum band next = tariff_next(tariff, context->now, segment->band, &next_change);
	json_t *of_bands = json_object();
	json_t *json = json_of_moment();

	for (enum band band = BAND_P; band < BAND_COUNT; band++)
		json_object_set_new(of_bands, band_name(band), json_price(prices->of[band]));
	json_object_set_new(json, "band", json_band(segment->band));
	json_object_set_new(json, "band_index", json_integer(segment->band));
	json_object_set_new(json, "by",
			    json_string(segment->by == BY_CONTACTS ? "contacts" : "calendar"));
	json_object_set_new(json, "agree",
			    segment->agree == UNKNOWN ? json_null()
						      : json_boolean(segment->agree == YES));
	json_object_set_new(json, "price_kwh", json_price(segment->price));
	json_object_set_new(json, "currency", json_string(settings->currency));
	json_object_set_new(json, "vat_included", json_boolean(settings->vat_included));
	json_object_set_new(json, "prices", of_bands);
	json_object_set_new(json, "next_band", json_band(next));
	json_object_set_new(json, "next_change",
			    next == BAND_NONE ? json_null() : json_time(context, next_change));
	json_object_set_new(json, "subscribed_w",
			    json_positive(tariff_subscribed(tariff, context->now, segment->band)));
	return json;
}

json_t *report_demand(const struct site_demand *running, const struct zone_context *context)
{
	const struct demand *demand = &running->demand;
	json_t *json = json_of_moment();

	json_object_set_new(json, "start", json_time(context, running->window.start));
	json_object_set_new(json, "end", json_time(context, running->window.end));
	json_object_set_new(json, "energy_kwh", json_kwh(demand->energy));
	json_object_set_new(json, "projected_w", json_watts(demand->projected_w));
	json_object_set_new(json, "subscribed_w", json_positive(running->subscribed_w));
	json_object_set_new(json, "allowed_w", json_watts(demand->allowed_w));
	json_object_set_new(json, "shed_w", json_watts(demand->shed_w));
	json_object_set_new(json, "alarm", json_boolean(demand->alarm));
	return json;
}

json_t *report_summary(const struct site *site, const struct segment *segment)
{
	const struct zone_state *main = site->main ? &site->main->state : NULL;
	json_t *json = json_of_moment();
	int online = 0;

	for (size_t i = 0; i < site->zones.count; i++)
		online += ((const struct zone *)site->zones.items[i])->state.status == ZONE_ONLINE;
	json_object_set_new(json, "zones", json_integer((json_int_t)site->zones.count));
	json_object_set_new(json, "online", json_integer(online));
	json_object_set_new(json, "power_w", json_watts(main ? main->power_w : NAN));
	json_object_set_new(json, "rest_w",
			    json_watts(site->rest ? site->rest->state.power_w : NAN));
	json_object_set_new(json, "energy_day_kwh",
			    main ? json_kwh(main->energy_day) : json_null());
	json_object_set_new(json, "cost_day", main ? json_money(main->cost_day) : json_null());
	json_object_set_new(json, "cost_hour",
			    json_rounded(main ? main->cost_hour : NAN, MONEY_DECIMALS));
	json_object_set_new(json, "band", json_band(segment->band));
	json_object_set_new(json, "price_kwh", json_price(segment->price));
	return json;
}

static json_t *json_rejection(const struct health *health, const struct zone_context *context)
{
	json_t *json;

	if (!health->rejected_at)
		return json_null();
	json = json_object();
	json_object_set_new(json, "time", json_time(context, health->rejected_at));
	json_object_set_new(json, "topic", json_string(health->rejected_topic));
	json_object_set_new(json, "reason", json_string(health->rejected_reason));
	return json;
}

/* The newest of resets, glitches, rollovers and swaps; indices are pulses or mWh. */
static json_t *json_event(const struct health *health, const struct zone_context *context)
{
	const struct index_event *event = &health->event;
	json_t *json;

	if (!event->t)
		return json_null();
	json = json_object();
	json_object_set_new(json, "time", json_time(context, event->t));
	json_object_set_new(json, "source", json_string(health->event_source));
	json_object_set_new(json, "event", json_string(index_event_name(event->kind)));
	json_object_set_new(json, "before", json_integer(event->before));
	json_object_set_new(json, "after", json_integer(event->after));
	return json;
}

json_t *report_health(const struct health *health, const char *trouble,
		      const struct zone_context *context)
{
	json_t *json = json_of_moment();
	char printable[sizeof(((struct fail *)0)->text)];

	/* A file name may be cut within a character. */
	copy_printable(printable, sizeof(printable), trouble ? trouble : "");
	json_object_set_new(json, "started", json_time(context, health->started));
	json_object_set_new(json, "accepted", json_integer(health->accepted));
	json_object_set_new(json, "duplicate", json_integer(health->duplicate));
	json_object_set_new(json, "late", json_integer(health->late));
	json_object_set_new(json, "rejected", json_integer(health->rejected));
	json_object_set_new(json, "last_rejected", json_rejection(health, context));
	json_object_set_new(json, "deferred", json_integer(health->deferred));
	json_object_set_new(json, "retained_live", json_integer(health->retained_live));
	json_object_set_new(json, "store_trouble", trouble ? json_string(printable) : json_null());
	json_object_set_new(json, "sequence_gaps", json_integer(health->missing));
	json_object_set_new(json, "resets", json_integer(health->resets));
	json_object_set_new(json, "glitches", json_integer(health->glitches));
	json_object_set_new(json, "rollovers", json_integer(health->rollovers));
	json_object_set_new(json, "jumps", json_integer(health->jumps));
	json_object_set_new(json, "swaps", json_integer(health->swaps));
	json_object_set_new(json, "last_event", json_event(health, context));
	json_object_set_new(json, "spurious_tops", json_integer(health->spurious_tops));
	json_object_set_new(json, "contact_faults", json_integer(health->contact_faults));
	json_object_set_new(json, "edges_lost", json_integer(health->edges_lost));
	json_object_set_new(json, "lost_possible", json_integer(health->lost_possible));
	json_object_set_new(json, "blind_ms", json_integer(health->blind_ms));
	json_object_set_new(json, "clock_steps", json_integer(health->clock_steps));
	return json;
}
