/* report.h - the payloads that the aggregator publishes. All return a string to free(). */
#ifndef AGGREGATOR_PUBLISH_REPORT_H
#define AGGREGATOR_PUBLISH_REPORT_H

#include "aggregator/zone/demand.h"
#include "aggregator/site/health.h"
#include "aggregator/zone/zone.h"

char *report_state(const struct zone *zone, const struct zone_state *state,
		   const struct zone_context *context);

#define REPORT_LEAVES 14

/* Bare scalars of a state payload: calls `leaf` with each one's position among all that there may
 * be (below REPORT_LEAVES), name and text. */
void report_leaves(const char *state,
		   void (*leaf)(void *context, size_t position, const char *name, const char *text),
		   void *context);

char *report_window(const struct zone *zone, const struct reading *reading,
		    const struct zone_context *context);
char *report_hour(const struct zone *zone, const double power_w[HOUR_MINUTES], ms_t end,
		  const struct zone_context *context);

/* The local day that holds `now`, from the books alone. */
char *report_day(const struct zone *zone, const struct zone_context *context);

struct tariff_now {
	struct segment segment;
	enum band next_band; /* BAND_NONE: unknown */
	ms_t next_change;
	int64_t subscribed_w; /* 0: none configured */
	const char *currency;
	bool vat_included;
};

char *report_tariff(const struct tariff_now *now, const struct zone_context *context);

struct demand_now {
	struct window window;
	struct demand demand;
	int64_t subscribed_w;
};

char *report_demand(const struct demand_now *now, const struct zone_context *context);

struct summary {
	int zones, online;
	const struct zone_state *main; /* NULL: no main zone */
	double rest_w;		       /* NAN: unknown */
	struct segment segment;
};

char *report_summary(const struct summary *summary, const struct zone_context *context);

char *report_health(const struct health *health, const struct zone_context *context);

#endif
