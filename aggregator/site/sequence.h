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
	bool linked;	/* its records tell which one was before them, */
	bool bare;	/* or do not; since the start, both */
	bool changed;	/* since it was stored; */
	int64_t stored; /* what is stored of runs that begin below this number is so still */
	ms_t known;	/* monotonic time of the first look at it; 0: none yet */
};

void sequence_free(struct sequence *sequence);

/* Notes that the numbers from..to are dealt with. False where `to` was already. */
bool sequence_note(struct sequence *sequence, int64_t from, int64_t to);

/* It is as it was stored. */
void sequence_stored(struct sequence *sequence);

/* Everything up to and including this number is dealt with; 0: not even 1 is. */
int64_t sequence_mark(const struct sequence *sequence);

/* How many numbers between the first and the newest are not dealt with. */
int64_t sequence_missing(const struct sequence *sequence);

#endif
