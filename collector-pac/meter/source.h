/* source.h - what the readings of one meter mean: its status, what is live, what is for the books.
 */
#ifndef COLLECTOR_PAC_METER_SOURCE_H
#define COLLECTOR_PAC_METER_SOURCE_H

#include "collector-pac/meter/guard.h"
#include "common/contract/fact.h"

/* One poll of a meter. */
struct reading {
	bool answered;	/* else the rest is not set */
	ms_t t;		/* CLOCK_BOOTTIME when the index was read: the middle of the request */
	double power_w; /* NAN: the meter could not give it */
	double wh;	/* NAN likewise; else 0..9e12 */
};

enum source_state {
	SOURCE_UNKNOWN, /* not said yet */
	SOURCE_ONLINE,
	SOURCE_OFFLINE,
};

/* So many failures in a row make a meter offline; one success makes it online. */
#define SOURCE_FAILURES 3

struct source {
	ms_t record_ms; /* a record at or after every multiple of it on the clock */
	enum source_state state;
	int failures;	  /* in a row */
	bool aligned;	  /* `recorded` is set */
	int64_t recorded; /* t / record_ms of the newest record, or of the first reading */
	enum guard_verdict verdict;
	struct guard guard;
};

/* What is to be published after a reading. */
struct news {
	bool state_changed;
	bool verdict_changed; /* the index was held back or accepted again: see `verdict` */
	double wh_before;     /* the accepted index before this reading; NAN: none */
	bool has_live;
	struct live live;
	bool has_record;
	struct record record; /* stream and seq are still to come */
};

/* `nominal_w` may be NAN. */
struct source source_start(ms_t record_ms, double nominal_w);

/* The index of the newest record before this start, so that the first reading is judged, too. `at`
 * is its time on CLOCK_BOOTTIME, less than 0 for one before the machine's start. */
void source_resume(struct source *source, double wh, ms_t at);

/* `offset` leads from CLOCK_BOOTTIME to the time of day, along which records are aligned; 0 while
 * that is not known. Times in the news are on CLOCK_BOOTTIME. */
struct news source_read(struct source *source, const struct reading *reading, ms_t offset);

#endif
