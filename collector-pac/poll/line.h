/* line.h - the meters of one connection: which request is next, and what the answers amount to.
 *
 * The blocks of a meter are requested one after the other, and are independent: an exception for
 * one leaves the rest. A request without answer ends the poll; the next poll of the meter begins
 * with its block, or, if the poll had begun with it, with the next one. No descriptors here: the
 * owner carries the requests out. */
#ifndef COLLECTOR_PAC_POLL_LINE_H
#define COLLECTOR_PAC_POLL_LINE_H

#include "collector-pac/poll/channel.h"
#include "collector-pac/poll/line_state.h"

struct line_request {
	int unit, function, address, count;
};

/* Where results go. */
typedef void line_result(void *context, const struct poll_result *poll);

/* A line of the meters that share the connection of `meters[first]`. Copies what it needs.
 * `period_ms` is for meters without a period of their own; `now` is the monotonic time. */
struct line *line_open(const struct poller_meter *meters, size_t count, size_t first,
		       ms_t period_ms, ms_t now);
void line_close(struct line *line); /* may be NULL */

/* Returns true with the next request of a poll that is going on or begins, or false if none is
 * due. */
bool line_next(struct line *line, ms_t now, struct line_request *request);

/* Returns when line_next() has a request if it has none now. */
ms_t line_due(const struct line *line);

/* Takes the answer to the request. Gives the results of the polls that ended to `done`. */
void line_answer(struct line *line, ms_t now, const struct channel_answer *answer,
		 line_result *done, void *context);

#endif
