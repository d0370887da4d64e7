/* source.h - one meter as the aggregator sees it: its index series, its newest reading, whether it
 * lives.
 */
#ifndef AGGREGATOR_ENERGY_SOURCE_H
#define AGGREGATOR_ENERGY_SOURCE_H

#include <stdbool.h>

#include "aggregator/tariff/contacts.h"
#include "aggregator/energy/series.h"
#include "aggregator/energy/power.h"
#include "aggregator/energy/window.h"
#include "common/contract/fact.h"
#include "common/base/id.h"
#include "common/base/units.h"

/* How long a source may be silent before it counts as stale. */
struct stale_limits {
	ms_t pulse; /* its minute records prove that it lives */
	ms_t other;
};

enum counts { COUNTS_UNKNOWN, COUNTS_PULSES, COUNTS_MWH };

struct source {
	char name[2 * ID_SIZE]; /* "collector/source" */
	char collector[ID_SIZE];
	struct about about; /* the newest; holds while `announced` */
	bool announced;
	struct about
		refused; /* the newest, where it did not fit to another source's; else no zone */
	bool collector_online, meter_online; /* as last heard; true until heard */
	enum counts counts;
	struct index_series energy; /* mWh */
	struct index_series volume; /* ml; of pulse sources that count volume */
	struct contacts contacts;   /* they count where the source is the main meter */
	struct grid signals;	    /* likewise */
	bool eventful;		    /* there are events, or were */
	ms_t newest;		    /* of all records; NEVER: none */
	ms_t last_seen;		    /* when the last fact came that proves life; NEVER: never */

	/* the newest live reading */
	ms_t live_t;	     /* NEVER: none */
	ms_t live_seen;	     /* when it came, by our clock */
	int64_t live_count;  /* pulses or mWh; -1: the meter could not give it */
	double live_power_w; /* other than pulse sources; NAN likewise */
	struct power power;  /* pulse sources */
};

/* Fills a source that has its name already. */
void source_open(struct source *source, const char *collector);
void source_close(struct source *source);

/* False, with a reason, where an announcement contradicts what the source is known to record. */
bool source_admits(const struct source *source, const struct about *about, struct fail *fail);

/* Takes an announcement that was admitted, in force from `now`. */
void source_announce(struct source *source, const struct about *about, ms_t now);

/* Puts back what was announced; the weights come apart. */
void source_restore(struct source *source, const struct about *about, bool announced);

/* Takes an index, in what the source counts. */
void source_fact(struct source *source, ms_t t, int64_t count);

/* Takes a swap. False where it is known already. */
bool source_swap(struct source *source, const struct swap *swap);

/* *count: the index that was taken. One that was set at record->t is the swap of that moment. */
bool source_record(struct source *source, const struct record *record, ms_t now, int64_t *count,
		   struct fail *fail);
bool source_live(struct source *source, const struct live *live, ms_t now, struct fail *fail);

bool source_online(const struct source *source);

/* False where it only counts a volume. */
bool source_counts_energy(const struct source *source);

/* Online, and heard of within the limit. */
bool source_answers(const struct source *source, const struct stale_limits *limits, ms_t now);

/* Instantaneous power in W; NAN where unknown or where the source does not answer. */
double source_power(const struct source *source, const struct stale_limits *limits, ms_t now);

/* Energy between the last record and the newest live reading, as far as it lies after `from`. */
mwh_t source_beyond(const struct source *source, ms_t from);

#endif
