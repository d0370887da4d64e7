/* counter.h - counts the pulses of one meter: edges of its lines in, pulses and records out, in
 * the order of their times.
 *
 * A level is certain only once it has held for its minimum width, and the lines are read one after
 * the other. So changes are held back until all lines are decided beyond them: a record at `t`
 * counts exactly the pulses that began at or before `t`, however late and in whatever order across
 * the lines the edges came. Times of records are whole milliseconds; everything within one
 * millisecond is simultaneous, and the records of that millisecond (in the order start, contacts,
 * top10, minute, stop) all have the count and the contacts at its end.
 *
 *     counter_start, counter_level ...  edges are seen from here on
 *     counter_edge ..., counter_advance takes edges, then declares that none before `until` follow
 *     counter_next ...                  returns what is certain
 *     counter_stop, counter_next ...    edges are no longer seen; counter_start may follow
 *
 * A counter can be saved, and restored in another process that gets the same edges from there on:
 * that process returns what the first one would have returned. */
#ifndef COLLECTOR_METER_COUNT_COUNTER_H
#define COLLECTOR_METER_COUNT_COUNTER_H

#include "collector-meter/count/change_queue.h"
#include "collector-meter/count/edge.h"
#include "collector-meter/count/qualifier.h"
#include "common/contract/fact.h"

struct counter_config {
	bool has_line[LINE_ROLES];
	ns_t min_on; /* widths of a real level, on all lines; 0: any */
	ns_t min_off;
	ns_t min_interval; /* between two pulses; a shorter one is energy, but gives no power */
	int64_t initial_pulses;
};

enum counter_event_kind { COUNTER_PULSE, COUNTER_RECORD };

struct counter_event {
	enum counter_event_kind kind;
	ns_t t; /* of a pulse: when it began */
	int64_t pulses;
	ns_t interval;	      /* since the previous pulse; 0: unknown (first pulse after a start) */
	bool plausible;	      /* the interval is known and not shorter than `min_interval` */
	struct record record; /* its t is on the clock of the lines; stream and seq are not set */
};

/* What a line's qualifier does not count. */
struct counter_notes {
	int64_t lost;	       /* edges that the kernel dropped, if it numbers them */
	int64_t lost_possible; /* signs that it dropped some, if it does not */
	int64_t late; /* levels that came after their time was decided: moved to that time */
};

struct counter {
	struct counter_config config;
	struct qualifier lines[LINE_ROLES];
	ns_t last_edge[LINE_ROLES];
	struct counter_notes notes[LINE_ROLES];
	int64_t implausible; /* pulses too soon after the previous one: no power */

	bool running;
	ns_t until;	/* every edge before this has been given */
	ms_t decided;	/* everything before this may be returned */
	ms_t start_due; /* times of the records to come; FOREVER: none */
	ms_t minute_due;
	ms_t stop_due;
	ms_t paused; /* the newest stop of a pause; NEVER: none */
	ns_t blind;  /* time before the start in which no edges were seen */

	struct change_queue changes;

	/* Everything up to this time, at this time up to this mark, was reported by a predecessor.
	 * NEVER: nothing. */
	ms_t reported;
	enum mark reported_mark;

	ms_t bin; /* the millisecond that is being returned */
	bool bin_open, bin_has_signal;
	unsigned marks; /* of the bin's records that are still to be returned: 1 << enum mark */
	int64_t pulses;
	ns_t last_pulse; /* FOREVER: none since the start */
	bool contact[LINE_ROLES], contact_reported[LINE_ROLES];
	int64_t lost; /* edges, since the last record */
	bool lost_possible;
};

/* The newest record of a source that a predecessor made durable. */
struct resume_point {
	int64_t pulses;
	ns_t until;	/* its time on the clock of the lines */
	enum mark mark; /* of that record */
	bool this_boot; /* `boot` is its time on CLOCK_BOOTTIME */
	ms_t boot;
};

void counter_init(struct counter *counter, const struct counter_config *config);
void counter_free(struct counter *counter);

/* The edges that follow were also given to a predecessor. Its records up to the one at `t` with
 * this mark are not returned again; their pulses are in the initial count and are not counted
 * again. */
void counter_resume(struct counter *counter, ms_t t, enum mark mark);

/* Edges are seen from `t` on; in the `blind` ns before it they were not (0: first start, or
 * unknown). All lines are off; the count continues. */
void counter_start(struct counter *counter, ns_t t, ns_t blind);

/* Sets the level of a line at the start. It is not an edge: no pulse, no signal, no change. */
void counter_level(struct counter *counter, enum line_role role, bool on);

/* Takes an edge of a configured line. The edges of one line come in the order of their times. Edges
 * that the kernel dropped before it are counted, spread evenly over the time since the previous
 * edge; the share of them that was too short is taken to be that of the edges seen so far. */
void counter_edge(struct counter *counter, const struct edge *edge);

/* The most dropped edges that are counted at once; more indicate a fault, and are only reported. */
#define COUNTER_LOST_MAX 1000000

/* Every edge before `until` has been given. */
void counter_advance(struct counter *counter, ns_t until);

/* Edges are seen up to `t`. A level that has not held for its minimum width by then is rejected. */
void counter_stop(struct counter *counter, ns_t t);

/* A successor will see the edges from here on, restored from this counter's state. Adds a `stop`
 * record at the last certain millisecond, unless not even the start is certain, or nothing has
 * happened since the last pause. Call it after counter_next() has returned everything. */
void counter_pause(struct counter *counter);

/* Removes the next pulse or record that is certain. Returns false if there is none. */
bool counter_next(struct counter *counter, struct counter_event *event);

/* The time before which counter_advance() makes nothing certain if no edge comes; FOREVER while
 * stopped. */
ns_t counter_deadline(const struct counter *counter);

/* -------- for a successor (counter_state.c) -------- */

/* A counter as plain bytes, for a process whose struct counter is the same. Increase the layout
 * when a field of the same size changes its meaning. */
#define COUNTER_LAYOUT	      1
#define COUNTER_STATE_CHANGES 32
struct counter_state {
	struct counter counter;
	struct line_change changes[COUNTER_STATE_CHANGES];
};

/* Returns false if the counter does not run, too many changes are pending, or a millisecond has
 * been returned in part; try again later. */
bool counter_save(const struct counter *counter, struct counter_state *state);

/* Returns true if counter_restore() can use the state, whatever wrote it. */
bool counter_state_valid(const struct counter_state *state);

/* Brings a new counter to a valid saved state, except for its configuration. */
void counter_restore(struct counter *counter, const struct counter_state *state);

#endif
