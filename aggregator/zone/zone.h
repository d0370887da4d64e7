/* zone.h - what is known of a zone at a moment: state, windows, the last hour, the day. */
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

/* A source's part in a zone: 1, or -1 where the zone is what the source leaves over. */
struct zone_source {
	struct source *source;
	int sign;
};

/* Everything in the topic `state`. NAN is unknown. */
struct zone_state {
	enum zone_status status;
	double power_w, power_1m_w, power_10m_w;
	mwh_t energy_total, energy_day;
	double volume_m3; /* of sources that count volume; NAN: none does */
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
	struct zone_source *sources; /* announced sources, in the order of their topics */
	size_t source_count, source_capacity;
	struct balance balance; /* all sources that ever belonged to it */
	struct ledger ledger;
	struct zone_state state; /* as of the last zone_evaluate(), of the owner of the zone */
};

/* What a look at a zone needs to know beside the zone. All sorted. */
struct zone_context {
	ms_t now;
	struct stale_limits limits;
	struct tariff *tariff;
	const struct grid *grid;
	const struct zone *main; /* the site's supply, or NULL */
};

void zone_free(struct zone *zone);

bool zone_electric(const struct zone *zone);

/* False where its meters only count a volume: water, or gas without a coefficient. */
bool zone_counts_energy(const struct zone *zone);

enum zone_status zone_status(const struct zone *zone, const struct zone_context *context);

/* A window with its energy. */
struct window_energy {
	struct window window;
	bool known; /* there are records for some of it */
	mwh_t energy;
	double power_w; /* NAN where not known */
	struct money cost;
	enum band band; /* in force for most of its time */
	enum quality quality;
};

struct window_energy zone_window_energy(const struct zone *zone, struct window window,
					const struct zone_context *context);

/* The last closed 10-minute window, and the last closed 1-minute one. False where none is. */
bool zone_last_window(const struct zone *zone, const struct zone_context *context,
		      struct window *window);
bool zone_last_minute(const struct zone *zone, const struct zone_context *context,
		      struct window *minute);

struct zone_state zone_evaluate(const struct zone *zone, const struct zone_context *context);

/* Energy between the last records and the newest live readings, after `from`. */
mwh_t zone_beyond(const struct zone *zone, ms_t from);

#define HOUR_MINUTES 60

/* The last closed minutes, oldest first; power is NAN where not known. False where there are none.
 */
bool zone_hour(const struct zone *zone, const struct zone_context *context,
	       double power_w[HOUR_MINUTES], ms_t *end);

#endif
