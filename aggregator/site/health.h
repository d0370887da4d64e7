/* health.h - counters for operators: how facts were received. */
#ifndef AGGREGATOR_SITE_HEALTH_H
#define AGGREGATOR_SITE_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "aggregator/energy/index_event.h"
#include "common/base/fail.h"
#include "common/base/id.h"
#include "common/contract/topic.h"
#include "common/base/units.h"

struct health {
	ms_t started;
	/* records */
	int64_t accepted;
	int64_t duplicate; /* of the accepted: seen before */
	int64_t late;	   /* of the accepted: older than another of the same source */
	int64_t missing;   /* sequence numbers below a collector's newest that never came */
	int64_t deferred;  /* not taken, because too many wait for being stored: they come again */
	int64_t retained_live; /* live readings that the broker kept: ignored */
	/* messages of any kind that were refused */
	int64_t rejected;
	ms_t rejected_at; /* 0: never */
	char rejected_topic[TOPIC_SIZE];
	char rejected_reason[200];
	/* the books */
	int64_t resets, glitches, rollovers, jumps, swaps;
	struct index_event event; /* the newest of these; t is 0: none */
	char event_source[2 * ID_SIZE];
	int64_t spurious_tops;
	int64_t contact_faults;
	/* edges that a kernel lost, as collectors reported */
	int64_t edges_lost;
	int64_t lost_possible; /* records: how many edges is not known, or whether any */
	int64_t blind_ms;
	int64_t clock_steps; /* of this machine's wall clock, by more than a second */
};

/* Copies any bytes; those that cannot be printed become '?'. */
void copy_printable(char *to, size_t size, const char *from);

#endif
