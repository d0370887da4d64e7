/* collector.h - what has come of a collector's records: the numbers of its streams. */
#ifndef AGGREGATOR_SITE_COLLECTOR_H
#define AGGREGATOR_SITE_COLLECTOR_H

#include <stdbool.h>

#include "aggregator/site/sequence.h"
#include "common/base/id.h"

struct collector {
	char name[ID_SIZE];
	bool online;
	struct sequence *streams; /* the newest ones, by their first record */
	size_t stream_count, stream_capacity;
	size_t newest;		/* the stream of the last record */
	int64_t missing_before; /* numbers of streams that are not followed any more */
};

void collector_free(struct collector *collector);

/* The stream of that name, made if there is none. */
struct sequence *collector_stream(struct collector *collector, const char *stream);

/* Notes that a record is dealt with, and makes its stream the newest. *first: runs of the stream
 * that begin below this number are what they were. Returns whether the number is new. */
bool collector_note(struct collector *collector, const struct record *record, int64_t *first);

/* If the records of the newest stream do not name their predecessors, its first number is unknown:
 * a few seconds after the first call it is set to the lowest number that was received. Returns
 * whether this call did so. */
bool collector_set_baseline(struct collector *collector, ms_t monotonic);

/* Fills in the acknowledgement that is due: everything of the newest stream up to the first number
 * that is missing. Returns false if it is not known yet where the stream begins. */
bool collector_ack(const struct collector *collector, struct ack *ack);

#endif
