/* source.h - a meter in the aggregator: its index series, newest reading and status. */
#ifndef AGGREGATOR_ENERGY_SOURCE_H
#define AGGREGATOR_ENERGY_SOURCE_H

#include <stdbool.h>

#include "aggregator/tariff/contacts.h"
#include "aggregator/energy/series.h"
#include "aggregator/energy/power.h"
#include "aggregator/energy/power_mean.h"
#include "aggregator/energy/window.h"
#include "common/contract/fact.h"
#include "common/base/id.h"
#include "common/base/units.h"

/* The time without a message after which a source is stale; at least so many of the intervals that
 * it announced. */
#define STALE_INTERVALS 3
struct stale_limits {
	ms_t pulse; /* its minute records count, too */
	ms_t other;
};

enum counts { COUNTS_UNKNOWN, COUNTS_PULSES, COUNTS_MWH };

struct source {
	char name[2 * ID_SIZE]; /* "collector/source" */
	char collector[ID_SIZE];
	struct about about; /* the newest announcement, also after it was withdrawn */
	bool announced;
	/* The newest announcement, if it contradicts another source's; else its zone is empty. */
	struct about refused;
	bool collector_online, meter_online; /* true until a status is received */
	enum counts counts;
	struct index_series energy;    /* mWh */
	struct index_series volume;    /* ml; of pulse sources that count a volume */
	struct contacts contacts;      /* used only if the source is the main meter */
	struct period_signals signals; /* likewise */
	bool eventful;		       /* there are events, or were */
	ms_t newest;		       /* time of the newest record; NEVER: none */
	ms_t last_seen; /* time of the newest record or live reading, at most now; NEVER: none */

	/* the newest live reading */
	ms_t live_t;		  /* NEVER: none */
	ms_t live_seen;		  /* when it was received, by the clock of this machine */
	int64_t live_count;	  /* pulses or mWh; -1: unknown */
	double live_power_w;	  /* of other sources than pulse sources; NAN: unknown */
	struct power power;	  /* of pulse sources */
	struct power_mean minute; /* of other sources */
	bool live_repeated;	  /* the last reading had the index of the one before it */
	/* The smallest increase after readings of the same index, if it counts in steps; 0: none.
	 */
	mwh_t step;
};

/* Initializes a zeroed source whose name is set. */
void source_open(struct source *source, const char *collector);
void source_close(struct source *source);

/* Returns false, with a reason, if the announcement contradicts the records of the source. */
bool source_admits(const struct source *source, const struct about *about, struct fail *fail);

/* Applies an announcement that source_admits(), in force from `now`. */
void source_announce(struct source *source, const struct about *about, ms_t now);

/* Restores the announcement from the books; the weights are restored separately. */
void source_restore(struct source *source, const struct about *about, bool announced);

/* Sets the weight and the limit of the energy from `weight->from` on (series_set_weight()). */
void source_set_weight(struct source *source, const struct weight *weight);

/* Adds an index, in pulses or mWh; `start`: the collector began to count, or did so again. */
void source_add_index(struct source *source, ms_t t, int64_t count, bool start);

/* Adds a record whose kind was confirmed. */
void source_add_confirmed(struct source *source, ms_t t, int64_t count, bool start,
			  enum point_kind kind);

/* Adds a swap. Returns false if it is known. */
bool source_add_swap(struct source *source, const struct swap *swap);

/* Adds a record; an index that was set is a swap at record->t. *count: the index in pulses or mWh.
 * Returns false, with a reason, if the record contradicts earlier ones. */
bool source_record(struct source *source, const struct record *record, ms_t now, int64_t *count,
		   struct fail *fail);
bool source_live(struct source *source, const struct live *live, ms_t now, struct fail *fail);

bool source_online(const struct source *source);

/* Returns false if the source counts a volume only. */
bool source_counts_energy(const struct source *source);

/* Returns true if the source is online and sent something within its limit. */
bool source_answers(const struct source *source, const struct stale_limits *limits, ms_t now);

/* Returns the instantaneous power in W; NAN if it is unknown or the source does not answer. */
double source_power(const struct source *source, const struct stale_limits *limits, ms_t now);

/* Returns the mean power of the last minute by the source's own figures; NAN if it sends none, or
 * does not answer. */
double source_minute_power(const struct source *source, const struct stale_limits *limits,
			   ms_t now);

/* Returns the energy after `from` between the last record and the newest live reading. */
mwh_t source_beyond(const struct source *source, ms_t from);

#endif
