/* line_log.h - what is to be known about a connection, each thing once. */
#ifndef COLLECTOR_PAC_POLL_LINE_LOG_H
#define COLLECTOR_PAC_POLL_LINE_LOG_H

#include "collector-pac/poll/inbox.h"
#include "collector-pac/poll/line_state.h"

/* Logs, once a meter, that something was dropped that answered another request. */
void line_log_stray(struct line *line, struct stray stray);

/* Logs, once, that the device closes the connection after each answer. */
void line_log_single(struct line *line, int single_answers);

/* Logs, once a meter, that it seems to need pauses between requests. `half`: the first request of
 * this poll was answered, and no other one. */
void line_log_half(struct line *line, struct line_meter *meter, bool half);

/* Logs if the period of the meters begins to stretch, or no longer does; once an hour. */
void line_log_pace(struct line *line);

/* Logs, once a block, that the meter refuses it. */
void line_log_refusal(struct line *line, struct line_meter *meter, size_t block,
		      const struct link_result *result);

/* Logs the `count` faults that the inspection of the meter's wiring found. */
void line_log_wiring(const struct line *line, const struct line_meter *meter, size_t count);

#endif
