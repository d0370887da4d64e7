#include "common/collector/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

/* What is known of a source while its records are passed. */
struct passage {
	bool passed;  /* a record of it was */
	size_t spare; /* one more than the place of one that goes if another follows; 0: none */
};

static bool is_precious(const struct record *record)
{
	return record->mark == MARK_START || record->mark == MARK_TOP10 ||
	       record->mark == MARK_CONTACTS || record->blind_ms || record->lost ||
	       record->lost_possible;
}

static size_t sources_end(const struct backlog *backlog)
{
	size_t end = 0;

	for (size_t i = 0; i < backlog->count; i++)
		if (backlog->rows[i].source >= end)
			end = backlog->rows[i].source + 1;
	return end;
}

/* Sets the seq of those that go to 0. */
static void choose(struct backlog *backlog, struct passage *passages, bool even_precious)
{
	for (size_t i = 0; i < backlog->count; i++) {
		struct passage *passage = &passages[backlog->rows[i].source];
		bool may_go = even_precious || !is_precious(&backlog->rows[i].record);

		if (passage->spare) {
			backlog->rows[passage->spare - 1].record.seq = 0;
			passage->spare = 0;
		} else if (passage->passed && may_go) {
			passage->spare = i + 1;
		}
		passage->passed = true;
	}
}

static size_t compact(struct backlog *backlog)
{
	size_t before = backlog->count;

	backlog->count = 0;
	for (size_t i = 0; i < before; i++)
		if (backlog->rows[i].record.seq)
			backlog->rows[backlog->count++] = backlog->rows[i];
	return before - backlog->count;
}

static size_t thin(struct backlog *backlog, bool even_precious)
{
	struct passage *passages = calloc(sources_end(backlog), sizeof(*passages));

	if (!passages)
		return 0;
	choose(backlog, passages, even_precious);
	free(passages);
	return compact(backlog);
}

static size_t make_room(struct backlog *backlog)
{
	size_t gone = thin(backlog, false);

	if (!gone)
		gone = thin(backlog, true);
	if (!gone) {
		backlog->rows[0].record.seq = 0;
		gone = compact(backlog);
	}
	return gone;
}

size_t backlog_add(struct backlog *backlog, const struct outbox_row *row)
{
	size_t gone = backlog->count == BACKLOG_LIMIT ? make_room(backlog) : 0;

	backlog->rows = array_grow(backlog->rows, backlog->count, &backlog->capacity,
				   sizeof(*backlog->rows));
	backlog->rows[backlog->count++] = *row;
	return gone;
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
