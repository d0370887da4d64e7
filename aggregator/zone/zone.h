/* zone.h - a zone at a moment: its state, windows and last hour. */
#ifndef AGGREGATOR_ZONE_ZONE_H
#define AGGREGATOR_ZONE_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/balance.h"
#include "aggregator/zone/ledger.h"
#include "aggregator/energy/source.h"
#include "aggregator/tariff/tariff.h"
#include "aggregator/energy/window.h"
#include "common/base/id.h"

enum zone_status { ZONE_ONLINE, ZONE_OFFLINE, ZONE_STALE };
enum quality { QUALITY_MEASURED, QUALITY_ESTIMATED, QUALITY_PARTIAL, QUALITY_STALE };

const char *zone_status_name(enum zone_status status);
const char *quality_name(enum quality quality);

/* A source of a zone. */
struct zone_source {
	struct source *source;
	int sign; /* 1, or -1: subtracted, in the zone of the rest */
};

/* The values of the topic `state`. NAN is unknown. */
struct zone_state {
	enum zone_status status;
	double power_w, power_1m_w, power_10m_w;
	mwh_t energy_total, energy_day;
	double volume_m3; /* of the sources that count a volume; NAN: there are none */
	struct money cost_total, cost_day;
	double cost_hour; /* currency per hour */
	ms_t day_start;
	struct segment segment; /* band and price in force now */
	enum quality quality;
};

bool zone_state_equal(const struct zone_state *a, const struct zone_state *b);

struct zone {
	char id[ID_SIZE];
	char label[LABEL_SIZE];
	char medium[ID_SIZE];
	double nominal_w; /* NAN: unknown */
	enum role role;
	struct zone_source *sources; /* announced ones, in the order of their topics */
	size_t source_count, source_capacity;
	struct balance balance; /* all sources ever assigned to it */
	struct ledger ledger;
	struct zone_state state; /* result of the last zone_evaluate(), stored by the owner */
	/* The largest energy that was published: it stays until the books pass it. 0: none */
	mwh_t published;
};

/* What the results depend on beside the zone itself. Tariff and signals are updated. */
struct zone_context {
	ms_t now;
	struct stale_limits limits;
	struct tariff *tariff;
	const struct period_signals *signals;
	const struct zone *main; /* the site's supply, or NULL */
};

void zone_free(struct zone *zone);

bool zone_electric(const struct zone *zone);

/* Returns false if its meters count a volume only: water, or gas without a coefficient. */
bool zone_counts_energy(const struct zone *zone);

/* Energy and cost of a zone in a window. */
struct window_energy {
	struct window window;
	bool known; /* there are records in a part of it */
	mwh_t energy;
	double power_w; /* NAN: unknown */
	struct money cost;
	enum band band; /* the one in force for most of the time */
	enum quality quality;
};

struct window_energy zone_window_energy(const struct zone *zone, struct window window,
					const struct zone_context *context);

/* The last closed window of 10 minutes, and of 1 minute. Return false if there is none. */
bool zone_last_window(const struct zone *zone, const struct zone_context *context,
		      struct window *window);
bool zone_last_minute(const struct zone *zone, const struct zone_context *context,
		      struct window *minute);

/* Computes the state at `context->now`. */
struct zone_state zone_evaluate(const struct zone *zone, const struct zone_context *context);

/* Returns the energy after `from` between the last records and the newest live readings. */
mwh_t zone_beyond(const struct zone *zone, ms_t from);

/* Returns the mean power of the last minute as its sources send it; NAN if one of them sends none.
 */
double zone_minute_power(const struct zone *zone, const struct zone_context *context);

/* Returns the steps in which the indices of its sources count; 0: they are fine. */
mwh_t zone_index_step(const struct zone *zone);

#define HOUR_MINUTES 60

/* Powers of the last closed minutes, oldest first (NAN: unknown). *end: the end of the last one.
 * Returns false if there are none. */
bool zone_hour(const struct zone *zone, const struct zone_context *context,
	       double power_w[HOUR_MINUTES], ms_t *end);

#endif
