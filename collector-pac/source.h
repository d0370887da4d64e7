/* source.h - what the readings of one meter mean: its status, what is live, what is for the books.
 */
#ifndef COLLECTOR_PAC_SOURCE_H
#define COLLECTOR_PAC_SOURCE_H

#include "collector-pac/guard.h"
#include "common/fact.h"

/* One poll of a meter. */
struct reading {
	bool answered; /* else the rest is not set, but for `monotonic` */
	ms_t t; /* wall clock when the index was read: the middle between question and answer */
	ms_t monotonic; /* when the poll was over, on the monotonic clock */
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
	ms_t record_ms; /* a record at or after every multiple of it on the wall clock */
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

struct news source_read(struct source *source, const struct reading *reading);

#endif
