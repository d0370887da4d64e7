/* meters.h - all meters of a collector: reads their lines, counts, and calls a sink. */
#ifndef COLLECTOR_METER_METERS_METERS_H
#define COLLECTOR_METER_METERS_METERS_H

#include "collector-meter/count/counter.h"
#include "collector-meter/settings/settings.h"
#include "common/process/loop.h"

/* What is done with edges, pulses and records. `source` is the position in the configuration, `t` a
 * time on CLOCK_BOOTTIME (of a recording: on its own clock). */
struct meter_sink {
	void *context;
	/* A raw edge, when it is read. May be NULL. */
	void (*edge)(void *context, const struct edge *edge, ms_t t);
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
	/* Where the count of a source goes on. False: it begins with `initial_pulses`. May be NULL.
	 */
	bool (*resume_point)(void *context, size_t source, struct resume_point *point);
	/* Returns true if all records are on the disk. NULL: always. */
	bool (*durable)(void *context);
	/* Returns true if it takes more events. If not, a recording pauses until meters_resume().
	 * NULL: always. */
	bool (*ready)(void *context);
};

struct meters;

/* Starts reading. GPIO lines that cannot be opened are logged, and opened again every 5 s; if a
 * recording cannot be opened, returns NULL with a reason. An invalid line of it stops the loop. */
struct meters *meters_open(const struct meter_settings *settings, struct loop *loop,
			   const struct meter_sink *sink, struct fail *fail);
void meters_resume(struct meters *meters);

/* Gives the sink the last records and closes the lines. If the service manager keeps them, a
 * successor goes on with them, and with the levels that are not certain yet. A recording in a file
 * is closed without a stop: the next process goes on in it as if there had been no interruption. */
void meters_close(struct meters *meters);

#endif
