/* results.h - the queue of results from the thread that polls to the main thread. */
#ifndef COLLECTOR_PAC_POLL_RESULTS_H
#define COLLECTOR_PAC_POLL_RESULTS_H

#include <stdbool.h>

#include "collector-pac/poll/poll_result.h"

struct results;

/* NULL on failure, with errno. */
struct results *results_open(size_t capacity);
void results_close(struct results *results); /* may be NULL */

/* Adds a result; if the queue is full, the oldest one is dropped and counted. */
void results_put(struct results *results, const struct poll_result *poll);

/* See poller.h. */
int results_fd(const struct results *results);
size_t results_take(struct results *results, struct poll_result *polls, size_t room);
int64_t results_lost(struct results *results);

#endif
