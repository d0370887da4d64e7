/* poller.h - polls every meter periodically, all of them in one thread that never waits for a
 * single one, and queues the results for the main thread.
 *
 * Not in the main thread: the outbox is synced to the disk there, which may take longer than a
 * period. */
#ifndef COLLECTOR_PAC_POLL_POLLER_H
#define COLLECTOR_PAC_POLL_POLLER_H

#include "collector-pac/poll/poll_result.h"

#define POLLER_METERS 500

struct poller;

/* Starts polling `count` meters (1..POLLER_METERS) every `period_ms`. Copies what it needs of
 * `meters`. Raises the limit of open files if necessary. Returns NULL on failure, with a reason. */
struct poller *poller_open(const struct poller_meter *meters, size_t count, ms_t period_ms,
			   struct fail *fail);

/* Ends polling. Polls that are going on have no result. */
void poller_stop(struct poller *poller);

/* Stops, and frees the poller. Does not wait for a name server. `poller` may be NULL. */
void poller_close(struct poller *poller);

/* Becomes readable 50 ms after the first result is queued, until all are taken. */
int poller_fd(const struct poller *poller);

/* Takes up to `room` results out of the queue, oldest first. */
size_t poller_take(struct poller *poller, struct poll_result *polls, size_t room);

/* Results that were dropped, oldest first, because the queue was full. */
int64_t poller_lost(struct poller *poller);

#endif
