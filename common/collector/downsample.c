#include "common/collector/downsample.h"

#include <stdlib.h>

#include "common/base/memory.h"

/* A source, while its samples are passed. */
struct passage {
	bool passed;		  /* a sample of it was */
	struct sample *candidate; /* is dropped if another sample of the source follows */
};

enum sample_rank sample_rank(const struct record *record)
{
	if (record->index_set)
		return SAMPLE_SETTING;
	if (record->mark == MARK_START || record->mark == MARK_TOP10 ||
	    record->mark == MARK_CONTACTS || record->blind_ms || record->lost ||
	    record->lost_possible)
		return SAMPLE_MARKED;
	return SAMPLE_ORDINARY;
}

static size_t sources_end(const struct sample *samples, size_t count)
{
	size_t end = 1;

	for (size_t i = 0; i < count; i++)
		if (samples[i].source >= end)
			end = samples[i].source + 1;
	return end;
}

size_t downsample(struct sample *samples, size_t count, enum sample_rank rank)
{
	struct passage *passages = allocate(sources_end(samples, count), sizeof(*passages));
	size_t dropped = 0;

	for (size_t i = 0; i < count; i++) {
		struct passage *passage = &passages[samples[i].source];

		if (passage->candidate) {
			passage->candidate->dropped = true;
			passage->candidate = NULL;
			dropped++;
		} else if (passage->passed && samples[i].rank <= rank &&
			   samples[i].rank != SAMPLE_SETTING) {
			passage->candidate = &samples[i];
		}
		passage->passed = true;
	}
	free(passages);
	return dropped;
}
