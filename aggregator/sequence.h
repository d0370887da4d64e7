/* sequence.h - which of a collector's sequence numbers have come, whatever their order. */
#ifndef AGGREGATOR_SEQUENCE_H
#define AGGREGATOR_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fact.h"

/* Numbers [from, to] have come. */
struct run {
	int64_t from, to;
};

struct sequence {
	char stream[STREAM_SIZE];
	struct run *runs; /* ascending, never adjacent */
	size_t count, capacity;
};

void sequence_free(struct sequence *sequence);

/* Notes a number. False if it had come before. */
bool sequence_note(struct sequence *sequence, int64_t number);

/* How many numbers between the first and the newest have not come. */
int64_t sequence_missing(const struct sequence *sequence);

#endif
