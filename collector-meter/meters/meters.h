/* meters.h - all meters of a collector: reads their lines, counts, and tells a sink. */
#ifndef COLLECTOR_METER_METERS_METERS_H
#define COLLECTOR_METER_METERS_METERS_H

#include "collector-meter/count/counter.h"
#include "collector-meter/settings/settings.h"
#include "common/process/daemon.h"

/* `source` is the position in the configuration, `t` a time on CLOCK_BOOTTIME (or the recording's).
 */
struct meter_sink {
	void *context;
	/* A raw edge, as it is read; may be NULL. */
	void (*edge)(void *context, const struct edge *edge, ms_t t);
	/* Something certain: in the order of time for each source. Times in `event` are those of
	 * the lines, but for the record's, which is `t`. */
	void (*event)(void *context, size_t source, const struct counter *counter,
		      const struct counter_event *event, ms_t t);
	/* Edges of the source are seen, or are no longer. */
	void (*online)(void *context, size_t source, bool online);
	/* The recording is over and everything in it was told. */
	void (*finished)(void *context);
	/* False: nothing was told before, the count begins with `initial_pulses`. May be NULL. */
	bool (*resume_point)(void *context, size_t source, struct resume_point *point);
	/* Whether all that it was told is on the disk. NULL: it always is. */
	bool (*durable)(void *context);
	/* Whether it takes more. If not, a recording waits for meters_resume(). */
	bool (*ready)(void *context);
};

struct meters;

/* Starts reading. GPIO lines that cannot be opened are logged and tried again every 5 s; a
 * recording that cannot be opened is a failure. A bad line in it ends the daemon. */
struct meters *meters_open(const struct meter_settings *settings, struct daemon *daemon,
			   const struct meter_sink *sink, struct fail *fail);
void meters_resume(struct meters *meters);

/* Stops the meters, tells their last records, closes the lines. A recording that can be read again
 * from its beginning is just left: it goes on there, as if nothing had been. */
void meters_close(struct meters *meters);

#endif
