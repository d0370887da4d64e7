/* poller.h - asks every meter at its time, each in a thread of its own with its own connection, and
 * queues the readings for the program's main thread. */
#ifndef COLLECTOR_PAC_POLL_POLLER_H
#define COLLECTOR_PAC_POLL_POLLER_H

#include "collector-pac/poll/link.h"
#include "collector-pac/meter/profile.h"
#include "collector-pac/meter/meter_state.h"

/* libmodbus waits with select(), which ends at descriptor 1023: twice as many leave room enough
 * for all that the program opens besides. */
#define POLLER_METERS 500

struct poller;

struct poller_meter {
	struct link_peer peer;
	const struct profile *profile;
};

/* One poll as it comes out of the queue, with the counts of its meter so far. */
struct poll_result {
	size_t meter; /* its place in the array that poller_open() was given */
	struct measurement measurement;
	struct link_result result; /* of the request that failed, or of the last one */
	int64_t polls;		   /* begun */
	int64_t failed;		   /* of them not answered */
	int64_t missed;		   /* slots without a poll: the one before still ran, or the meter
				    * did not answer and was given a pause */
};

/* Starts polling `count` meters (1..POLLER_METERS) every `period_ms`. `meters` and what it points
 * at belong to the caller and are to outlive the poller. Raises the limit of open files if need
 * be. NULL on failure, with a reason. */
struct poller *poller_open(const struct poller_meter *meters, size_t count, ms_t period_ms,
			   struct fail *fail);

/* No further poll is begun. */
void poller_stop(struct poller *poller);

/* Stops, and waits at most 3 s for the threads; one that is stuck in a name's look-up is left
 * behind, with what it uses: close the poller when the program is about to end. */
void poller_close(struct poller *poller);

/* Readable while polls are queued, from 50 ms after the first of them. */
int poller_fd(const struct poller *poller);

/* Takes up to `room` polls out of the queue, oldest first. */
size_t poller_take(struct poller *poller, struct poll_result *polls, size_t room);

/* Polls that were lost because nobody took them for long: the oldest go. */
int64_t poller_lost(struct poller *poller);

#endif
