#include "aggregator/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"

void sequence_free(struct sequence *sequence)
{
	free(sequence->runs);
	*sequence = (struct sequence){0};
}

static void run_remove(struct sequence *sequence, size_t i)
{
	sequence->count--;
	memmove(&sequence->runs[i], &sequence->runs[i + 1],
		(sequence->count - i) * sizeof(*sequence->runs));
}

static void run_insert(struct sequence *sequence, size_t i, int64_t number)
{
	sequence->runs = array_grow(sequence->runs, sequence->count, &sequence->capacity,
				    sizeof(*sequence->runs));
	memmove(&sequence->runs[i + 1], &sequence->runs[i],
		(sequence->count - i) * sizeof(*sequence->runs));
	sequence->runs[i] = (struct run){number, number};
	sequence->count++;
}

bool sequence_note(struct sequence *sequence, int64_t number)
{
	size_t i = sequence->count;
	struct run *before, *after;

	/* From the newest on: that is where numbers come. */
	while (i > 0 && sequence->runs[i - 1].from > number)
		i--;
	before = i > 0 ? &sequence->runs[i - 1] : NULL;
	after = i < sequence->count ? &sequence->runs[i] : NULL;
	if (before && number <= before->to)
		return false;
	if (before && number == before->to + 1) {
		before->to = number;
		if (after && after->from == number + 1) {
			before->to = after->to;
			run_remove(sequence, i);
		}
	} else if (after && after->from == number + 1) {
		after->from = number;
	} else {
		run_insert(sequence, i, number);
	}
	return true;
}

int64_t sequence_missing(const struct sequence *sequence)
{
	int64_t missing = 0;

	for (size_t i = 1; i < sequence->count; i++)
		missing += sequence->runs[i].from - sequence->runs[i - 1].to - 1;
	return missing;
}
