/* meter_input.h - one set of lines, those of one source or a recording of all sources, with the
 * counters of its sources; for meters.c only. */
#ifndef COLLECTOR_METER_METERS_METER_INPUT_H
#define COLLECTOR_METER_METERS_METER_INPUT_H

#include "collector-meter/input/lines.h"
#include "collector-meter/meters/meter_sink.h"
#include "collector-meter/settings/settings.h"
#include "common/process/loop.h"

struct meter_input {
	struct meters *meters;
	size_t first, count; /* its sources */
	struct lines *lines; /* NULL: not open */
	bool online;	     /* as last reported to the sink */
	bool paused;	     /* until the sink is ready again */
	bool ended;	     /* the end of the recording was read */
	struct fail trouble; /* the last reason that was logged */
};

struct meters {
	const struct meter_settings *settings;
	struct loop *loop;
	struct meter_sink sink;
	struct loop_timer *timer;
	bool replay;
	ms_t boot_offset; /* CLOCK_BOOTTIME less the clock of the lines */
	size_t source_count, input_count;
	struct counter *counters; /* of each source */
	ns_t *seen_until;	  /* the newest time at which a source was online; NEVER: none */
	struct meter_input *inputs;
};

/* Reads lines, counts and calls the sink. Returns true if there is more to do at once. Call it when
 * the lines are readable, when a level has held for its width, and when a minute is over. */
bool meter_input_work(struct meter_input *input);

/* Informs the sink, if that is a change. */
void meter_input_set_online(struct meter_input *input, bool online);

/* Closes the lines, if they are open, at the end of the program. */
void meter_input_end(struct meter_input *input);

#endif
