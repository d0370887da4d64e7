#include "common/collector/outbox_tidy.h"

#define CHUNK 10000

/* Runs a statement that deletes; returns how many records went. */
static int64_t delete_with(struct database *database, struct outbox_state *state,
			   sqlite3_stmt *statement)
{
	int64_t gone;

	if (!database_run(database, statement, NULL))
		return 0;
	gone = sqlite3_changes(database_handle(database));
	state->rows -= gone;
	return gone;
}

static int64_t acknowledged_delete(struct database *database, struct outbox_state *state,
				   ms_t oldest)
{
	sqlite3_stmt *statement = database_prepare(
		database, "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE seq <= ?1 "
			  "AND seq < ?2 ORDER BY seq LIMIT ?3) AND t < ?4");

	sqlite3_bind_int64(statement, 1, state->acked);
	sqlite3_bind_int64(statement, 2, state->newest);
	sqlite3_bind_int64(statement, 3, CHUNK);
	sqlite3_bind_int64(statement, 4, oldest);
	return delete_with(database, state, statement);
}

/* The seq of the record that is `count` records after `seq`, or of the last one. */
static int64_t seq_after(struct database *database, int64_t seq, int64_t count)
{
	sqlite3_stmt *statement = database_prepare(
		database,
		"SELECT max(seq) FROM (SELECT seq FROM record WHERE seq > ?1 ORDER BY seq "
		"LIMIT ?2)");
	int64_t found = seq;

	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_int64(statement, 2, count);
	if (database_step(database, statement, NULL) == DATABASE_ROW &&
	    sqlite3_column_type(statement, 0) != SQLITE_NULL)
		found = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return found;
}

/* Of each source every second one after `seq`, up to `last`; but neither the first nor the last,
 * and nothing precious (see backlog.c) unless `even_precious`; an index that was set never, since
 * without it energy would appear that was not used. */
static int64_t thin(struct database *database, struct outbox_state *state, int64_t seq,
		    int64_t last, bool even_precious)
{
	sqlite3_stmt *statement = database_prepare(
		database,
		"DELETE FROM record WHERE seq IN (SELECT seq FROM (SELECT seq, "
		"row_number() OVER by_source AS place, lead(seq) OVER by_source AS follower "
		"FROM record WHERE seq > ?1 AND seq <= ?2 AND index_from IS NULL AND (?3 OR (mark "
		"NOT IN (?4, ?5, ?6) AND "
		"blind_ms = 0 AND lost = 0 AND NOT lost_possible)) WINDOW by_source AS (PARTITION "
		"BY "
		"source ORDER BY seq)) "
		"WHERE place % 2 = 0 AND follower)");

	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_int64(statement, 2, last);
	sqlite3_bind_int(statement, 3, even_precious);
	sqlite3_bind_int(statement, 4, MARK_START);
	sqlite3_bind_int(statement, 5, MARK_TOP10);
	sqlite3_bind_int(statement, 6, MARK_CONTACTS);
	return delete_with(database, state, statement);
}

static int64_t oldest_delete(struct database *database, struct outbox_state *state)
{
	sqlite3_stmt *statement = database_prepare(
		database,
		"DELETE FROM record WHERE seq = (SELECT min(seq) FROM record WHERE seq < ?1 AND "
		"index_from IS NULL)");

	sqlite3_bind_int64(statement, 1, state->newest);
	return delete_with(database, state, statement);
}

/* The next piece of the oldest half in which something can go. */
static int64_t thin_next(struct outbox_tidy *tidy, struct database *database,
			 struct outbox_state *state, bool even_precious)
{
	bool began = false;

	for (;;) {
		int64_t last, gone;

		if (tidy->at < state->acked || tidy->at >= tidy->until) {
			if (began)
				return 0;
			began = true;
			tidy->at = state->acked;
			tidy->until = seq_after(database, tidy->at, state->rows / 2);
		}
		last = seq_after(database, tidy->at, CHUNK);
		if (last > tidy->until)
			last = tidy->until;
		if (last <= tidy->at)
			return 0;
		gone = thin(database, state, tidy->at, last, even_precious);
		tidy->at = last;
		if (gone)
			return gone;
	}
}

int64_t outbox_tidy(struct outbox_tidy *tidy, struct database *database, struct outbox_state *state,
		    int64_t limit, ms_t oldest)
{
	bool full = state->rows > limit;
	int64_t gone = 0;

	if (acknowledged_delete(database, state, full ? INT64_MAX : oldest) || !full)
		return 0;
	for (int even_precious = 0; !gone && even_precious <= 1; even_precious++)
		gone = thin_next(tidy, database, state, even_precious);
	if (!gone)
		gone = oldest_delete(database, state);
	state->thinned += gone;
	return gone;
}
