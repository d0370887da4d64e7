/* lines.h - where edges come from: the GPIO lines of one meter, or a recording of all meters. */
#ifndef COLLECTOR_METER_INPUT_LINES_H
#define COLLECTOR_METER_INPUT_LINES_H

#include "collector-meter/count/edge.h"
#include "collector-meter/input/edge_buffer.h"
#include "collector-meter/settings/settings.h"

enum lines_event {
	LINES_NOTHING, /* for now */
	LINES_START,   /* edges are seen from edge.t on; the first event */
	LINES_LEVEL,   /* the line was on at the start */
	LINES_STARTED, /* all levels at the start have been returned (GPIO only) */
	LINES_EDGE,
	LINES_END,    /* the recording ended at edge.t */
	LINES_FAILED, /* nothing more will come; close */
};

/* The callers read the fields; only the implementations write them. */
struct lines {
	/* Never blocks. The edges of one line come in the order of their times, those of several
	 * lines in any order. `edge` is set for all events except NOTHING and FAILED (START and
	 * END: only t), `fail` for FAILED. */
	enum lines_event (*next)(struct lines *lines, struct edge *edge, struct fail *fail);

	/* Frees `lines`. With `store`, which needs `stored`, the service manager keeps the lines
	 * and the edge buffer for a successor; otherwise its copies are removed. */
	void (*close)(struct lines *lines, bool store);

	int fd; /* readable if there is something for next(); regular files always are */

	/* Every edge before this time has been returned: the time of the last line of a recording;
	 * for GPIO a little before the last LINES_NOTHING for which all lines had been read. */
	ns_t horizon;

	bool repeatable; /* a recording in a file: reopened, it gives the same edges again */
	bool stored;	 /* the service manager has copies of the descriptors */
	struct edge_buffer *buffer; /* NULL for a recording */
};

/* While GPIO lines are read, their horizon is at most this far behind CLOCK_MONOTONIC. */
#define LINES_DELAY (20 * NS_PER_MS)

/* Opens the configured GPIO lines of one source, for both edges. NULL with a reason. */
struct lines *lines_open_gpio(const struct meter_settings *settings, size_t source,
			      struct fail *fail);

/* Takes over the lines of one source that a predecessor left with the service manager, and the
 * edges since then, and brings the new `counter` to `point` (NULL: there is none). Returns neither
 * START nor LEVEL then. NULL if nothing was left, or nothing usable, which is logged. */
struct lines *lines_inherit_gpio(const struct meter_settings *settings, size_t source,
				 const struct resume_point *point, struct counter *counter);

/* Opens settings->replay, with the lines of all sources. NULL with a reason. */
struct lines *lines_open_replay(const struct meter_settings *settings, struct fail *fail);

#endif
