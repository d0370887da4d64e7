/* poll_result.h - what is polled, and what comes of it. */
#ifndef COLLECTOR_PAC_POLL_POLL_RESULT_H
#define COLLECTOR_PAC_POLL_POLL_RESULT_H

#include "collector-pac/meter/meter_state.h"
#include "collector-pac/meter/profile.h"
#include "collector-pac/poll/outcome.h"

/* Meters of the same host and port, or of the same serial line, share a connection. */
struct poller_meter {
	const char *name; /* for the log; may be NULL */
	struct link_peer peer;
	const struct profile *profile;
	ms_t period_ms; /* 0: the poller's */
};

struct poll_result {
	size_t meter; /* index in the array given to poller_open() */
	struct measurement measurement;
	struct link_result result; /* of the first request that failed, or of the last one */
	ms_t period_ms; /* that the meter really gets: longer than its own if its connection or the
			 * meter cannot keep up */
	/* Counts of this meter so far: */
	int64_t polls;
	int64_t failed; /* polls without a complete answer */
	int64_t missed; /* slots without a poll: the previous poll was still running, or the
			 * poller paused after a failure. Not those in which other meters on the
			 * same connection came first: the period is longer then */
};

#endif
