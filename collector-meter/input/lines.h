/* lines.h - the one interface to inputs: GPIO lines of a meter, or a recording of all meters. */
#ifndef COLLECTOR_METER_INPUT_LINES_H
#define COLLECTOR_METER_INPUT_LINES_H

#include "collector-meter/count/edge.h"
#include "collector-meter/input/journal.h"
#include "collector-meter/settings/settings.h"

struct lines;

enum lines_event {
	LINES_NOTHING, /* now */
	LINES_START,   /* from edge.t on edges are seen; comes first */
	LINES_LEVEL,   /* the line was on at the start */
	LINES_SEEN,    /* all levels were told (GPIO only) */
	LINES_EDGE,
	LINES_END,    /* the recording is over, at edge.t */
	LINES_FAILED, /* nothing more will come; close */
};

/* Opens the configured GPIO lines of one source, for both edges (lines_gpio.c). */
struct lines *lines_open_gpio(const struct settings *settings, size_t source, struct fail *fail);

/* Takes over the lines of one source that a process before this one left to the service manager,
 * with the edges that came since, and brings the new `counter` to where `told` (NULL: nothing) was
 * told; there is neither START nor LEVEL then. NULL: nothing was left, or nothing of use, which is
 * logged. */
struct lines *lines_inherit_gpio(const struct settings *settings, size_t source,
				 const struct told *told, struct counter *counter);

/* Opens settings->replay with the lines of all sources (lines_replay.c). */
struct lines *lines_open_replay(const struct settings *settings, struct fail *fail);

void lines_close(struct lines *lines);

/* Whether the service manager keeps the lines; lines_leave() leaves them to a successor. */
bool lines_stay(const struct lines *lines);
void lines_leave(struct lines *lines);

/* Readable when lines_next() has something. Regular files always are. */
int lines_fd(const struct lines *lines);

/* Never waits. The edges of one line come in order; across lines their times tell. `edge` is
 * filled for all events but NOTHING and FAILED (START and END: only t); `fail` for FAILED. */
enum lines_event lines_next(struct lines *lines, struct edge *edge, struct fail *fail);

/* Opened anew it tells the same again, from the beginning: a recording in a file. */
bool lines_repeat(const struct lines *lines);

/* Every edge before this time has been given: the time of the last line of a recording; for GPIO
 * a little before the last LINES_NOTHING at which all was read. */
ns_t lines_horizon(const struct lines *lines);

/* Where edges are kept for a successor; NULL for a recording. */
struct journal *lines_journal(const struct lines *lines);

/* The horizon of GPIO lines stays at most so far behind CLOCK_MONOTONIC while they are read. */
#define LINES_DELAY (20 * NS_PER_MS)

/* -------- for those who implement it -------- */

struct lines_operations {
	enum lines_event (*next)(struct lines *lines, struct edge *edge, struct fail *fail);
	void (*close)(struct lines *lines, bool leave);
};

/* First member of their structs. */
struct lines {
	const struct lines_operations *operations;
	int fd;
	bool repeat, stay;
	ns_t horizon;
	struct journal *journal;
};

#endif
