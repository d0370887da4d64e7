#include "common/collector/backlog.h"

#include <stdlib.h>

#include "common/base/array.h"
#include "common/base/memory.h"
#include "common/collector/downsample.h"

static void compact(struct backlog *backlog, const struct sample *samples)
{
	size_t before = backlog->count;

	backlog->count = 0;
	for (size_t i = 0; i < before; i++)
		if (!samples[i].dropped)
			backlog->rows[backlog->count++] = backlog->rows[i];
}

static size_t drop_oldest(struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		samples[i].dropped = samples[i].rank != SAMPLE_SETTING;
		if (samples[i].dropped)
			return 1;
	}
	return 0;
}

static size_t make_room(struct backlog *backlog)
{
	struct sample *samples = allocate(backlog->count, sizeof(*samples));
	size_t dropped;

	for (size_t i = 0; i < backlog->count; i++)
		samples[i] = (struct sample){
			.seq = backlog->rows[i].record.seq,
			.source = backlog->rows[i].source,
			.rank = sample_rank(&backlog->rows[i].record),
		};
	dropped = downsample(samples, backlog->count, SAMPLE_ORDINARY);
	if (!dropped)
		dropped = downsample(samples, backlog->count, SAMPLE_MARKED);
	if (!dropped)
		dropped = drop_oldest(samples, backlog->count);
	if (dropped)
		compact(backlog, samples);
	free(samples);
	return dropped;
}

size_t backlog_add(struct backlog *backlog, const struct outbox_row *row)
{
	size_t dropped = backlog->count >= BACKLOG_LIMIT ? make_room(backlog) : 0;

	backlog->rows = array_grow(backlog->rows, backlog->count, &backlog->capacity,
				   sizeof(*backlog->rows));
	backlog->rows[backlog->count++] = *row;
	return dropped;
}

void backlog_date(struct backlog *backlog, ms_t offset)
{
	for (size_t i = 0; i < backlog->count; i++) {
		if (backlog->rows[i].undated)
			backlog->rows[i].record.t += offset;
		backlog->rows[i].undated = false;
	}
}

void backlog_clear(struct backlog *backlog)
{
	backlog->count = 0;
}

void backlog_free(struct backlog *backlog)
{
	free(backlog->rows);
	*backlog = (struct backlog){0};
}
