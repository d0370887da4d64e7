/* report.h - the payloads that the aggregator publishes, as JSON values. All return a new
 * reference. What is said of a moment has no member "time" yet: the publisher adds it, since a
 * payload that differs in its time only is not published. */
#ifndef AGGREGATOR_REPORT_REPORT_H
#define AGGREGATOR_REPORT_REPORT_H

#include "aggregator/site/site.h"
#include "common/json/json.h"

/* zone->state, of the moment context->now. */
json_t *report_state(const struct zone *zone, const struct zone_context *context);

/* Members of a state that are published as bare scalars, too, in its order. A zone may not have
 * all. */
enum report_leaf {
	LEAF_POWER_W,
	LEAF_POWER_1M_W,
	LEAF_POWER_10M_W,
	LEAF_NOMINAL_W,
	LEAF_LOAD_PCT,
	LEAF_ENERGY_KWH,
	LEAF_ENERGY_DAY_KWH,
	LEAF_VOLUME_M3,
	LEAF_COST_HOUR,
	LEAF_COST_DAY,
	LEAF_COST_TOTAL,
	LEAF_BAND,
	LEAF_BAND_INDEX,
	LEAF_PRICE_KWH,
	REPORT_LEAVES
};

extern const char *const report_leaves[REPORT_LEAVES];

json_t *report_window(const struct zone *zone, const struct window_energy *reading,
		      const struct zone_context *context);
json_t *report_hour(const struct zone *zone, const double power_w[HOUR_MINUTES], ms_t end,
		    const struct zone_context *context);

/* The local day that holds `now`, from the books alone. */
json_t *report_day(const struct zone *zone, const struct zone_context *context);

/* The tariff at context->now; `segment` is that of context->tariff. */
json_t *report_tariff(const struct site_settings *settings, const struct segment *segment,
		      const struct zone_context *context);

json_t *report_demand(const struct site_demand *demand, const struct zone_context *context);

json_t *report_summary(const struct site *site, const struct segment *segment);

/* `trouble`: why the books cannot be written; NULL: they can. */
json_t *report_health(const struct health *health, const char *trouble,
		      const struct zone_context *context);

#endif
