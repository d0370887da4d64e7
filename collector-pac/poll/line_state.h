/* line_state.h - the state of a line (line.h), also for its log. */
#ifndef COLLECTOR_PAC_POLL_LINE_STATE_H
#define COLLECTOR_PAC_POLL_LINE_STATE_H

#include "collector-pac/bus/turns.h"
#include "collector-pac/meter/inspection.h"
#include "collector-pac/poll/poll_result.h"

struct line_meter {
	size_t index; /* the poller's */
	char *name;   /* for the log */
	int unit;
	struct register_block *blocks; /* those that power and index need */
	size_t block_count;
	struct totals totals; /* before any block */
	size_t first;	      /* block with which the next poll begins */
	int64_t polls, failed;
	int half; /* polls in a row of which only the first request was answered */
	bool half_logged;
	bool stray_logged, *refused_logged; /* the latter for each block */
	struct inspection inspection;
};

struct line {
	struct link_peer peer; /* of the connection */
	char *host, *device;
	struct turns turns;
	struct line_meter *meters;
	unsigned int chance; /* state of rand_r() */
	int unconnected;     /* attempts to connect that failed in a row */
	ms_t closed_until;   /* no attempt before this */
	bool stretched, single_logged;
	ms_t pace_from; /* a change of `stretched` is not logged before this */

	/* The poll that is going on: */
	size_t meter; /* turns.count: none */
	size_t asked; /* blocks asked so far */
	struct totals totals;
	struct poll_result poll;
	bool complete;
};

#endif
