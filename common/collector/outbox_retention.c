#include "common/collector/outbox_retention.h"

#include <stdlib.h>

#include "common/base/memory.h"
#include "common/collector/downsample.h"
#include "common/collector/outbox_records.h"

#define CHUNK 10000

static int64_t acknowledged_delete(struct database *database, struct outbox_state *state,
				   ms_t oldest)
{
	int64_t gone;

	if (!DATABASE_RUN(database, NULL,
			  "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE seq <= ? "
			  "AND seq < ? ORDER BY seq LIMIT ?) AND t < ?",
			  sql_number(state->acked), sql_number(state->newest), sql_number(CHUNK),
			  sql_number(oldest)))
		return 0;
	gone = sqlite3_changes(database_handle(database));
	state->rows -= gone;
	return gone;
}

/* The seq of the record that is `count` records after `seq`, or of the last one. */
static int64_t seq_after(struct database *database, int64_t seq, int64_t count)
{
	int64_t found = seq;

	sql_one_number(database,
		       DATABASE_BIND(database,
				     "SELECT coalesce(max(seq), ?1) FROM (SELECT seq FROM record "
				     "WHERE seq > ?1 ORDER BY seq LIMIT ?2)",
				     sql_number(seq), sql_number(count)),
		       &found, NULL);
	return found;
}

/* Records whose source or marks cannot be right are left to outbox_file_next(). */
static size_t read_samples(struct database *database, int64_t seq, int64_t last, size_t sources,
			   struct sample samples[CHUNK])
{
	sqlite3_stmt *statement = DATABASE_BIND(
		database,
		"SELECT seq, source, mark, blind_ms, lost, lost_possible, index_from IS NOT NULL "
		"FROM record WHERE seq > ? AND seq <= ? AND source BETWEEN 1 AND ? ORDER BY seq "
		"LIMIT ?",
		sql_number(seq), sql_number(last), sql_number((int64_t)sources), sql_number(CHUNK));
	size_t count = 0;

	while (database_step(database, statement, NULL) == DATABASE_ROW) {
		const struct record record = {
			.mark = (enum mark)sqlite3_column_int(statement, 2),
			.blind_ms = sqlite3_column_int64(statement, 3),
			.lost = sqlite3_column_int64(statement, 4),
			.lost_possible = sqlite3_column_int(statement, 5),
			.index_set = sqlite3_column_int(statement, 6),
		};

		samples[count++] = (struct sample){
			.seq = sqlite3_column_int64(statement, 0),
			.source = (size_t)sqlite3_column_int64(statement, 1) - 1,
			.rank = sample_rank(&record),
		};
	}
	return count;
}

static bool delete_dropped(struct database *database, const struct sample *samples, size_t count)
{
	if (!database_begin(database, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (samples[i].dropped && !outbox_records_delete(database, samples[i].seq, NULL)) {
			database_rollback(database);
			return false;
		}
	return database_commit(database, NULL);
}

/* Of the records after `seq`, up to `last`. Returns how many went. */
static int64_t downsample_part(struct database *database, int64_t seq, int64_t last, size_t sources,
			       enum sample_rank rank)
{
	struct sample *samples = allocate(CHUNK, sizeof(*samples));
	size_t count = read_samples(database, seq, last, sources, samples);
	size_t dropped = downsample(samples, count, rank);

	if (dropped && !delete_dropped(database, samples, count))
		dropped = 0;
	free(samples);
	return (int64_t)dropped;
}

static int64_t oldest_delete(struct database *database, const struct outbox_state *state)
{
	if (!DATABASE_RUN(database, NULL,
			  "DELETE FROM record WHERE seq = (SELECT min(seq) FROM record WHERE seq > "
			  "? AND seq < ? AND index_from IS NULL)",
			  sql_number(state->acked), sql_number(state->newest)))
		return 0;
	return sqlite3_changes(database_handle(database));
}

/* The next part of the oldest half in which something can go. */
static int64_t downsample_next(struct outbox_retention *retention, struct database *database,
			       const struct outbox_state *state, size_t sources,
			       enum sample_rank rank)
{
	bool began = false;

	for (;;) {
		int64_t last, gone;

		if (retention->at < state->acked || retention->at >= retention->until) {
			if (began)
				return 0;
			began = true;
			retention->at = state->acked;
			retention->until = seq_after(database, retention->at, state->rows / 2);
		}
		last = seq_after(database, retention->at, CHUNK);
		if (last > retention->until)
			last = retention->until;
		if (last <= retention->at)
			return 0;
		gone = downsample_part(database, retention->at, last, sources, rank);
		retention->at = last;
		if (gone)
			return gone;
	}
}

int64_t outbox_retention_apply(struct outbox_retention *retention, struct database *database,
			       struct outbox_state *state, size_t sources, int64_t limit,
			       ms_t oldest)
{
	bool full = state->rows > limit;
	int64_t gone;

	if (acknowledged_delete(database, state, full ? INT64_MAX : oldest) || !full)
		return 0;
	gone = downsample_next(retention, database, state, sources, SAMPLE_ORDINARY);
	if (!gone)
		gone = downsample_next(retention, database, state, sources, SAMPLE_MARKED);
	if (!gone)
		gone = oldest_delete(database, state);
	state->rows -= gone;
	state->unacknowledged -= gone;
	state->downsampled += gone;
	return gone;
}
