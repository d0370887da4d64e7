/* poller.h - polls every meter periodically, each in a thread and over a connection of its own, and
 * queues the results for the main thread. */
#ifndef COLLECTOR_PAC_POLL_POLLER_H
#define COLLECTOR_PAC_POLL_POLLER_H

#include "collector-pac/meter/meter_state.h"
#include "collector-pac/meter/profile.h"
#include "collector-pac/poll/link.h"

/* libmodbus waits with select(), which is limited to descriptors below 1024; half of them are left
 * for the rest of the program. */
#define POLLER_METERS 500

struct poller;

struct poller_meter {
	struct link_peer peer;
	const struct profile *profile;
};

struct poll_result {
	size_t meter; /* index in the array given to poller_open() */
	struct measurement measurement;
	struct link_result result; /* of the request that failed, or of the last one */
	/* Counts of this meter so far: */
	int64_t polls;
	int64_t failed; /* polls without a complete answer */
	int64_t missed; /* slots without a poll: the previous poll was still running, or the
			 * poller paused after a failed connection */
};

/* Starts polling `count` meters (1..POLLER_METERS) every `period_ms`. Copies what it needs of
 * `meters`. Raises the limit of open files if necessary. Returns NULL on failure, with a reason. */
struct poller *poller_open(const struct poller_meter *meters, size_t count, ms_t period_ms,
			   struct fail *fail);

/* Begins no further poll. */
void poller_stop(struct poller *poller);

/* Stops, and waits up to 3 s for the threads. Name resolution has no time limit: if a thread is
 * still in it then, the last thread to end frees the poller. `poller` may be NULL. */
void poller_close(struct poller *poller);

/* Becomes readable 50 ms after the first result is queued, until all are taken. */
int poller_fd(const struct poller *poller);

/* Takes up to `room` results out of the queue, oldest first. */
size_t poller_take(struct poller *poller, struct poll_result *polls, size_t room);

/* Results that were dropped, oldest first, because the queue was full. */
int64_t poller_lost(struct poller *poller);

#endif
