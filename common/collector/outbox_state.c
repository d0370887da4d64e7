#include "common/collector/outbox_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

void outbox_state_begin_stream(struct outbox_state *state)
{
	uint64_t stream;

	/* Does not fail for so few bytes (getrandom(2)). */
	(void)!getrandom(&stream, sizeof(stream), 0);
	snprintf(state->stream, sizeof(state->stream), "%016" PRIx64, stream);
	state->stream_saved = false;
	state->acked = 0;
	state->unacknowledged = state->rows;
}

static void read_state(struct outbox_state *state, struct sql_row *row)
{
	sql_row_text(row, 0, state->stream, sizeof(state->stream));
	if (strspn(state->stream, "0123456789abcdef") != STREAM_SIZE - 1)
		sql_row_unexpected(row, 0, "16 digits 0-9 and a-f");
	state->newest = sql_row_number(row, 2, 0, INT64_MAX);
	state->acked = sql_row_number(row, 1, 0, state->newest);
	state->downsampled = sql_row_number(row, 3, 0, INT64_MAX);
	state->undated = sql_row_number(row, 4, 0, INT64_MAX);
	sql_row_text(row, 5, state->boot, sizeof(state->boot));
	sql_row_text(row, 6, state->origin, sizeof(state->origin));
	state->rows = sql_row_number(row, 7, 0, INT64_MAX);
	state->unacknowledged = sql_row_number(row, 8, 0, INT64_MAX);
	state->stream_saved = true;
}

enum database_step outbox_state_load(struct outbox_state *state, struct database *database,
				     struct fail *fail)
{
	struct sql_row row = {
		.database = database,
		.table = "state",
		.statement = database_prepare(
			database,
			"SELECT stream, acked, max(newest, coalesce((SELECT max(seq) FROM record), "
			"0)) AS newest, downsampled, undated, boot, origin, (SELECT count(*) FROM "
			"record), (SELECT count(*) FROM record WHERE seq > acked) FROM state"),
	};
	enum database_step step = database_step(database, row.statement, fail);

	if (step != DATABASE_ROW)
		return step;
	read_state(state, &row);
	sqlite3_reset(row.statement);
	if (!row.wrong.text[0])
		return DATABASE_ROW;
	database_set_damaged(database, row.wrong.text, fail);
	return DATABASE_FAILED;
}

bool outbox_state_save(const struct outbox_state *state, struct database *database,
		       struct fail *fail)
{
	return DATABASE_RUN(
		database, fail,
		"INSERT OR REPLACE INTO state (one, stream, acked, newest, boot, downsampled, "
		"undated, origin) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
		sql_text(state->stream), sql_number(state->acked), sql_number(state->newest),
		sql_text(state->boot), sql_number(state->downsampled), sql_number(state->undated),
		sql_text(state->origin));
}
