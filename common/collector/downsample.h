/* downsample.h - which records go if there are too many: of a full outbox, and of the backlog.
 *
 * Indices are cumulative: without a record no energy is lost, only time resolution. */
#ifndef COMMON_COLLECTOR_DOWNSAMPLE_H
#define COMMON_COLLECTOR_DOWNSAMPLE_H

#include <stddef.h>

#include "common/contract/fact.h"

enum sample_rank {
	SAMPLE_ORDINARY, /* an index, and nothing more */
	SAMPLE_MARKED,	 /* start, top10, contacts, blind_ms, lost or lost_possible */
	SAMPLE_SETTING,	 /* a person set the index: without it energy would appear that was not
			    used, so it never goes */
};

/* What counts of a record. */
struct sample {
	int64_t seq;
	size_t source; /* a small number: memory is taken for all up to the largest one */
	enum sample_rank rank;
	bool dropped;
};

enum sample_rank sample_rank(const struct record *record);

/* Marks every second sample of each source as dropped, but neither its first nor its last, and none
 * above `rank`. `samples` are in the order of seq. Returns how many are dropped. */
size_t downsample(struct sample *samples, size_t count, enum sample_rank rank);

#endif
