/* meter_state.h - the state of one meter over its measurements: online or not, the live reading,
 * and which readings become records. */
#ifndef COLLECTOR_PAC_METER_METER_STATE_H
#define COLLECTOR_PAC_METER_METER_STATE_H

#include "collector-pac/meter/guard.h"
#include "common/contract/fact.h"

/* One poll of a meter. */
struct measurement {
	bool answered;	/* if not, the rest is not set */
	ms_t t;		/* CLOCK_BOOTTIME at the middle of the request for the index */
	double power_w; /* NAN: unknown */
	double wh;	/* index, 0..9e12, in Wh or what else is counted; NAN: unknown */
};

/* Multiplies power and index by the ratio of the current and voltage transformers. */
void measurement_scale(struct measurement *measurement, double ratio);

enum meter_status {
	METER_UNKNOWN, /* before the first answer and the first METER_FAILURES failures */
	METER_ONLINE,
	METER_OFFLINE,
};

/* A meter is offline after this many failures in a row, and online after one answer. */
#define METER_FAILURES 3

struct meter_state {
	ms_t record_ms; /* interval of records, aligned to multiples of it in the time of day */
	enum meter_status status;
	int failures;	  /* in a row, at most METER_FAILURES */
	bool aligned;	  /* `recorded` is set */
	int64_t recorded; /* number of the interval of the newest record or the first reading */
	enum guard_verdict verdict;
	struct guard guard; /* guard_resume() sets the index from before this start */
};

/* What follows from a measurement and is to be published. Times are on CLOCK_BOOTTIME. */
struct meter_results {
	bool status_changed;
	bool verdict_changed; /* the index is now in doubt, or accepted again: see `verdict` */
	double wh_before;     /* the accepted index before this measurement; NAN: none */
	bool has_live;
	struct live live; /* no index that is in doubt */
	bool has_record;
	struct record record; /* any index; stream and seq are not set */
};

/* `limit_w`: see guard.h. */
struct meter_state meter_state_start(ms_t record_ms, double limit_w);

/* `offset` is added to CLOCK_BOOTTIME for the time of day, to which records are aligned; it is 0
 * while the time of day is unknown. */
struct meter_results meter_state_update(struct meter_state *state,
					const struct measurement *measurement, ms_t offset);

#endif
