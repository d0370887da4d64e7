#include "aggregator/site/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

void sequence_free(struct sequence *sequence)
{
	free(sequence->runs);
	*sequence = (struct sequence){0};
}

/* Puts a run into the place of those from `first` to before `end`. */
static void runs_replace(struct sequence *sequence, size_t first, size_t end, struct run run)
{
	if (first == end)
		sequence->runs = array_grow(sequence->runs, sequence->count, &sequence->capacity,
					    sizeof(*sequence->runs));
	memmove(&sequence->runs[first + 1], &sequence->runs[end],
		(sequence->count - end) * sizeof(*sequence->runs));
	sequence->runs[first] = run;
	sequence->count = sequence->count + 1 - (end - first);
}

bool sequence_note(struct sequence *sequence, int64_t from, int64_t to, int64_t *first_changed)
{
	struct run run = {from, to};
	size_t end = sequence->count;
	size_t first;
	bool is_new = true;

	*first_changed = INT64_MAX;
	/* From the newest on: that is where numbers come. */
	while (end > 0 && sequence->runs[end - 1].from - 1 > to)
		end--;
	for (first = end; first > 0 && sequence->runs[first - 1].to >= from - 1; first--) {
		struct run old = sequence->runs[first - 1];

		if (old.from <= from && to <= old.to)
			return false;
		run.from = old.from < run.from ? old.from : run.from;
		run.to = old.to > run.to ? old.to : run.to;
	}
	/* A number that was received is not new, but it may name another predecessor. */
	for (size_t i = first; i < end; i++)
		if (sequence->runs[i].from <= to && to <= sequence->runs[i].to)
			is_new = false;
	runs_replace(sequence, first, end, run);
	*first_changed = run.from;
	return is_new;
}

int64_t sequence_complete_to(const struct sequence *sequence)
{
	return sequence->count && sequence->runs[0].from <= 1 ? sequence->runs[0].to : 0;
}

int64_t sequence_missing(const struct sequence *sequence)
{
	int64_t missing = 0;

	for (size_t i = 1; i < sequence->count; i++)
		missing += sequence->runs[i].from - sequence->runs[i - 1].to - 1;
	return missing;
}
