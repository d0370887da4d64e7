/* line_reader.h - a thread that moves edges from the lines of one meter into its edge buffer.
 *
 * It reads edges at once, whatever the program waits for: the kernel queues only 16 edges of a line
 * (ABI 1), and does not report that it drops more. */
#ifndef COLLECTOR_METER_INPUT_LINE_READER_H
#define COLLECTOR_METER_INPUT_LINE_READER_H

#include <pthread.h>
#include <stdatomic.h>

#include "collector-meter/input/edge_buffer.h"

struct line_reader {
	struct edge_buffer *buffer; /* NULL: none yet */
	int fds[LINE_ROLES];	    /* of the lines; -1: no such line */
	int ready;		    /* eventfd, signalled when edges were read or `gone` was set */
	int end;		    /* eventfd, ends the thread */
	pthread_t thread;
	bool has_thread;
	atomic_bool busy; /* the thread may have taken an edge that is not in the buffer yet */
	atomic_bool gone; /* a line will not deliver any more edges */
};

/* A reader without lines and buffer; the caller sets them. False with a reason; close it in any
 * case. */
bool line_reader_open(struct line_reader *reader, struct fail *fail);

/* Starts the thread. False with a reason. */
bool line_reader_start(struct line_reader *reader, struct fail *fail);

/* Reads all edges that a line has now, before the thread is started. */
void line_reader_drain(struct line_reader *reader, enum line_role role);

/* Returns true if every edge that the kernel has queued so far is in the buffer. Sets `gone` if a
 * line is dead. */
bool line_reader_is_idle(struct line_reader *reader);

/* Ends the thread, and closes the lines and the buffer. */
void line_reader_close(struct line_reader *reader);

#endif
