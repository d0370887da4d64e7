/* meter_sink.h - the functions that take what a collector's meters count. */
#ifndef COLLECTOR_METER_METERS_METER_SINK_H
#define COLLECTOR_METER_METERS_METER_SINK_H

#include "collector-meter/count/counter.h"

/* What is done with edges, pulses and records. `source` is the position in the configuration, `t` a
 * time on CLOCK_BOOTTIME (of a recording: on its own clock). */
struct meter_sink {
	void *context;
	/* A raw edge, when it is read. May be NULL. */
	void (*edge)(void *context, const struct edge *edge, ms_t t);
	/* Whether the events that an edge causes are to follow it at once, before the next edge. */
	bool stepwise;
	/* A pulse or a record that is certain; those of one source come in the order of their
	 * times. The time of a record is `t`, other times of `event` are on the clock of the lines.
	 */
	void (*event)(void *context, size_t source, const struct counter *counter,
		      const struct counter_event *event, ms_t t);
	/* The edges of a source are seen, or are no longer seen. Called at changes only; offline at
	 * first. */
	void (*online)(void *context, size_t source, bool online);
	/* The recording has ended, and all its events have been given. */
	void (*finished)(void *context);
	/* Where the count of a source continues. False: it begins with `initial_pulses`. May be
	 * NULL. */
	bool (*resume_point)(void *context, size_t source, struct resume_point *point);
	/* Returns true if all records are on the disk. NULL: always. */
	bool (*durable)(void *context);
	/* Returns true if it takes more events. If not, a recording pauses until meters_resume().
	 * NULL: always. */
	bool (*ready)(void *context);
};

#endif
