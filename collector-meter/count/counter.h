/* counter.h - one meter: edges of its lines in, pulses and marks out, in the order of their times.
 *
 * A level is certain only once it has held for its minimum width, and lines are read one after the
 * other. So what happened is held back until every line is settled beyond it: a record at `t`
 * counts exactly the pulses that began at or before `t`, however late and in whatever order across
 * the lines the edges came. Times of records are whole milliseconds; what happens within one
 * millisecond happens at once, and its records (in the order start, contacts, top10, minute, stop)
 * all carry the count and the contacts at its end.
 *
 *     counter_start, counter_level …    from here on edges are seen
 *     counter_edge …, counter_advance   whatever came, then: nothing before `until` is to come
 *     counter_next …                    takes out what is certain now
 *     counter_stop, counter_next …      edges are no longer seen; counter_start may follow
 *
 * A counter can be saved, and restored in another process that gets the same edges from there on:
 * it tells from there on what the first one would have.
 */
#ifndef COLLECTOR_METER_COUNT_COUNTER_H
#define COLLECTOR_METER_COUNT_COUNTER_H

#include "collector-meter/count/edge.h"
#include "collector-meter/count/qualifier.h"
#include "common/contract/fact.h"

struct counter_config {
	bool has_line[LINE_ROLES];
	ns_t min_on; /* widths of a real level, all lines; 0: any */
	ns_t min_off;
	ns_t min_interval; /* of two pulses; a shorter one is energy, but no power */
	int64_t initial_pulses;
};

enum counter_event_kind { COUNTER_PULSE, COUNTER_MARK };

struct counter_event {
	enum counter_event_kind kind;
	ns_t t; /* of a pulse: when it began */
	int64_t pulses;
	ns_t interval;	      /* since the pulse before; 0: unknown (the first one after a start) */
	bool plausible;	      /* the interval is known and not below the smallest plausible one */
	struct record record; /* of a mark; t is on the clock of the lines; no stream, no seq */
};

/* A real level, or a loss, that waits until every line is settled beyond it. */
struct counter_change {
	enum line_role role;
	struct level level; /* of a loss: only its time */
	bool is_loss;
	int64_t lost; /* edges; 0: not known whether, and how many */
};

/* What was noticed of a line, beside what its qualifier counts. */
struct counter_notes {
	int64_t lost;	       /* edges that the kernel dropped, where it numbers them */
	int64_t lost_possible; /* signs that it dropped some, where it does not */
	int64_t late;	       /* levels that came after their time was settled: taken as of then */
};

struct counter {
	struct counter_config config;
	struct qualifier lines[LINE_ROLES];
	ns_t last_edge[LINE_ROLES];
	struct counter_notes notes[LINE_ROLES];
	int64_t implausible; /* pulses that came too soon after the one before: no power */

	bool running;
	ns_t until;	/* every edge before this has been given */
	ms_t decided;	/* everything before this may be taken out */
	ms_t start_due; /* times of the marks to come; INT64_MAX: none */
	ms_t minute_due;
	ms_t stop_due;
	ms_t paused; /* the newest stop of a pause; INT64_MIN: none */
	ns_t blind;  /* before the start */

	struct counter_change *changes; /* in the order of their times */
	size_t change_first, change_end, change_capacity;

	ms_t reported; /* up to here, with the mark `reported_mark`, all was told before; INT64_MIN:
			* nothing
			*/
	enum mark reported_mark;

	ms_t bin; /* the millisecond being taken out */
	bool bin_open, bin_has_signal;
	unsigned marks; /* of it that are still to be given: bit 1 << enum mark */
	int64_t pulses;
	ns_t last_pulse; /* INT64_MAX: none since the start */
	bool contact[LINE_ROLES], contact_reported[LINE_ROLES];
	int64_t lost; /* edges, since the last mark */
	bool lost_possible;
};

/* How far a source was told before this start. */
struct resume_point {
	int64_t pulses;
	ns_t until;	/* on the clock of the lines */
	enum mark mark; /* the record then */
	bool this_boot; /* `boot` is the record's time on CLOCK_BOOTTIME */
	ms_t boot;
};

/* A counter as plain bytes, for a process whose struct counter is the same. */
#define COUNTER_LAYOUT	      1 /* to be raised when a member of the same size means another thing */
#define COUNTER_STATE_CHANGES 32
struct counter_state {
	struct counter counter;
	struct counter_change changes[COUNTER_STATE_CHANGES];
};

void counter_init(struct counter *counter, const struct counter_config *config);
void counter_free(struct counter *counter);

/* A recording is seen once more: what happened up to the record at `t` with the mark `last` is in
 * the pulses that the count begins with, and was told. It is looked at, but neither counted nor
 * told again. */
void counter_resume(struct counter *counter, ms_t t, enum mark last);

/* From `t` on edges are seen; before it they were not for `blind` ns (0: at the first start, or
 * unknown). Lines are off; the count goes on. */
void counter_start(struct counter *counter, ns_t t, ns_t blind);

/* The level a line had at the start, if it was on. It is no edge: no pulse, no top, no change. */
void counter_level(struct counter *counter, enum line_role role, bool on);

/* An edge of a configured line. Edges of one line come in the order of their times. Those that the
 * kernel dropped before it are counted in, spread evenly over the time since the last one; as many
 * of them are taken to have been too short as of those that were seen. */
void counter_edge(struct counter *counter, const struct edge *edge);

/* So many are counted in at once; more are a fault of something, and only reported. */
#define COUNTER_LOST_MAX 1000000

/* Every edge before `until` has been given. */
void counter_advance(struct counter *counter, ns_t until);

/* Edges are seen up to `t`. A level that did not reach its minimum width by then does not count. */
void counter_stop(struct counter *counter, ns_t t);

/* Edges go on to be seen, by a successor that gets this counter's state and tells what follows: a
 * `stop` at the last millisecond that is certain. Only once counter_next() has given everything;
 * nothing where not even the start was certain, or nothing since the last pause. */
void counter_pause(struct counter *counter);

/* False: too much is pending now, or a millisecond is half told; a later moment will do. */
bool counter_save(const struct counter *counter, struct counter_state *state);

/* Of a counter that was saved, all but its configuration. `counter` is a new one. */
void counter_restore(struct counter *counter, const struct counter_state *state);

/* Takes out the next thing that is certain, if there is one. */
bool counter_next(struct counter *counter, struct counter_event *event);

/* Until when counter_advance() brings nothing new if no edge comes; INT64_MAX while stopped. */
ns_t counter_deadline(const struct counter *counter);

#endif
