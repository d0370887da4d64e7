/* sequence.h - which of a collector's sequence numbers are dealt with, whatever their order. */
#ifndef AGGREGATOR_SITE_SEQUENCE_H
#define AGGREGATOR_SITE_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/fact.h"

/* Numbers [from, to] have come, or will never come. */
struct run {
	int64_t from, to;
};

struct sequence {
	char stream[STREAM_SIZE];
	struct run *runs; /* ascending, never adjacent */
	size_t count, capacity;
	bool linked; /* since the start, records came that name their predecessor */
	bool bare;   /* since the start, records came that do not */
	ms_t known;  /* monotonic time of the first call of collector_take_baseline(); 0: none */
};

void sequence_free(struct sequence *sequence);

/* Notes that the numbers from..to are dealt with. Returns whether `to` was not before. *first: runs
 * that begin below this number are what they were; INT64_MAX: all are. */
bool sequence_note(struct sequence *sequence, int64_t from, int64_t to, int64_t *first);

/* Everything up to and including this number is dealt with; 0: not even 1 is. */
int64_t sequence_complete_to(const struct sequence *sequence);

/* How many numbers between the first and the newest are not dealt with. */
int64_t sequence_missing(const struct sequence *sequence);

#endif
