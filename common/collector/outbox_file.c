#include "common/collector/outbox_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/collector/outbox_retention.h"
#include "common/process/log.h"

/* An `acked` that was not written costs that so many records are sent once more. */
#define ACKED_WRITTEN 600

/* mark, off_peak and peak are the numbers of enum mark and enum tristate in fact.h. */
static const char *const migrations[] = {
	"CREATE TABLE state (one INTEGER PRIMARY KEY, stream TEXT NOT NULL, acked INTEGER NOT NULL,"
	" newest INTEGER NOT NULL, boot TEXT NOT NULL, thinned INTEGER NOT NULL, undated INTEGER "
	"NOT NULL, origin TEXT NOT NULL);"
	"CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL, pulses INTEGER NOT NULL,"
	" wh REAL NOT NULL, mark INTEGER NOT NULL, t INTEGER NOT NULL, undated INTEGER NOT NULL,"
	" seen_boot INTEGER NOT NULL, anchor INTEGER NOT NULL);"
	"CREATE TABLE record (seq INTEGER PRIMARY KEY, source INTEGER NOT NULL, t INTEGER NOT NULL,"
	" undated INTEGER NOT NULL, pulses INTEGER, wh REAL, mark INTEGER NOT NULL,"
	" off_peak INTEGER NOT NULL, peak INTEGER NOT NULL, blind_ms INTEGER NOT NULL,"
	" lost INTEGER NOT NULL);"
	"CREATE INDEX record_undated ON record (seq) WHERE undated",
	"ALTER TABLE record ADD COLUMN lost_possible INTEGER NOT NULL DEFAULT 0",
	/* Of a person who set the index; else NULL. */
	("ALTER TABLE record ADD COLUMN index_from INTEGER;"
	 "ALTER TABLE record ADD COLUMN index_by TEXT"),
	"ALTER TABLE state RENAME COLUMN thinned TO downsampled",
};

struct outbox_file {
	struct database *database;
	struct outbox_state state;
	struct outbox_positions positions;
	struct outbox_retention retention;
	bool rebooted; /* since the file was written: what is undated is withdrawn */
	int64_t acked_saved, downsampled_saved;
	bool dating;
	ms_t offset; /* if `dating` */
};

struct outbox_state *outbox_file_state(struct outbox_file *file)
{
	return &file->state;
}

struct outbox_positions *outbox_file_positions(struct outbox_file *file)
{
	return &file->positions;
}

void outbox_file_begin_stream(struct outbox_file *file)
{
	outbox_state_begin_stream(&file->state);
}

void outbox_file_date(struct outbox_file *file, ms_t offset)
{
	file->dating = true;
	file->offset = offset;
	outbox_positions_date(&file->positions, offset);
}

bool outbox_file_acknowledge(struct outbox_file *file, int64_t seq, struct fail *fail)
{
	struct outbox_state *state = &file->state;
	bool forward = seq > state->acked;
	int64_t count;

	if (!outbox_records_count(file->database, forward ? state->acked : seq,
				  forward ? seq : state->acked, &count, fail))
		return false;
	state->acked = seq;
	state->unacknowledged += forward ? -count : count;
	return true;
}

/* -------- writing -------- */

static bool state_due(const struct outbox_file *file, bool all)
{
	int64_t grown = file->state.acked - file->acked_saved;

	return !file->state.stream_saved || file->rebooted || grown < 0 || grown >= ACKED_WRITTEN ||
	       (all && (grown > 0 || file->state.downsampled != file->downsampled_saved));
}

static bool write_all(struct outbox_file *file, const struct backlog *rows, bool with_state,
		      int64_t *withdrawn, struct fail *fail)
{
	struct database *database = file->database;
	struct outbox_state state = file->state;

	if (file->rebooted) {
		if (!database_run(database,
				  database_prepare(database, "DELETE FROM record WHERE undated"),
				  fail))
			return false;
		*withdrawn = sqlite3_changes(database_handle(database));
	}
	if (file->dating &&
	    !DATABASE_RUN(database, fail, "UPDATE record SET t = t + ?, undated = 0 WHERE undated",
			  sql_number(file->offset)))
		return false;
	for (size_t i = 0; i < rows->count; i++)
		if (!outbox_records_write(database, &rows->rows[i], fail))
			return false;
	state.undated += *withdrawn;
	return outbox_positions_save(&file->positions, database, fail) &&
	       (!with_state || outbox_state_save(&state, database, fail));
}

/* What a transaction that is on the disk means for what is in memory. */
static bool written(struct outbox_file *file, const struct backlog *rows, bool with_state,
		    int64_t withdrawn)
{
	struct outbox_state *state = &file->state;

	if (rows->count)
		state->newest = rows->rows[rows->count - 1].record.seq;
	state->rows += (int64_t)rows->count - withdrawn;
	/* Nothing undated was ever sent, so it was not acknowledged either. */
	state->unacknowledged += (int64_t)rows->count - withdrawn;
	state->undated += withdrawn;
	file->rebooted = false;
	file->dating = false;
	outbox_positions_set_changed(&file->positions, false);
	if (with_state) {
		state->stream_saved = true;
		file->acked_saved = state->acked;
		file->downsampled_saved = state->downsampled;
	}
	return true;
}

/* The file is a new one. */
static void begin(struct outbox_file *file)
{
	file->state.newest = 0;
	file->state.rows = 0;
	outbox_state_begin_stream(&file->state);
	file->acked_saved = 0;
	file->rebooted = false;
	outbox_positions_set_changed(&file->positions, true);
}

/* After a failure. */
static void recover(struct outbox_file *file)
{
	if (database_damaged(file->database) && database_replace(file->database, NULL))
		begin(file);
}

bool outbox_file_save(struct outbox_file *file, const struct backlog *rows, bool all,
		      struct fail *fail)
{
	static const struct backlog none;
	bool with_state = state_due(file, all);
	int64_t withdrawn = 0;

	if (!rows)
		rows = &none;
	if (!rows->count && !with_state && !file->dating &&
	    !outbox_positions_changed(&file->positions))
		return true;
	if (database_begin(file->database, fail) &&
	    write_all(file, rows, with_state, &withdrawn, fail) &&
	    database_commit(file->database, fail))
		return written(file, rows, with_state, withdrawn);
	database_rollback(file->database);
	recover(file);
	return false;
}

int64_t outbox_file_retention(struct outbox_file *file, int64_t limit, ms_t keep_ms)
{
	return outbox_retention_apply(&file->retention, file->database, &file->state,
				      file->positions.count, limit,
				      outbox_positions_newest(&file->positions) - keep_ms);
}

/* -------- reading -------- */

/* A record that cannot be right. */
static bool delete_wrong(struct outbox_file *file, int64_t seq, const struct fail *wrong,
			 struct fail *fail)
{
	/* Its number must not be given again. */
	if (!DATABASE_RUN(file->database, fail, "UPDATE state SET newest = max(newest, ?)",
			  sql_number(file->state.newest)) ||
	    !outbox_records_delete(file->database, seq, fail))
		return false;
	log_error("%s; record %lld is deleted", wrong->text, (long long)seq);
	file->state.rows--;
	if (seq > file->state.acked)
		file->state.unacknowledged--;
	return true;
}

enum outbox_read outbox_file_next(struct outbox_file *file, int64_t seq, struct outbox_row *row,
				  struct fail *fail)
{
	for (;;) {
		struct fail reason = {0};
		enum outbox_read read = outbox_records_next(file->database, seq,
							    file->positions.count, row, &reason);

		if (read == OUTBOX_WRONG && delete_wrong(file, row->record.seq, &reason, fail))
			continue;
		if (read == OUTBOX_ROW)
			memcpy(row->record.stream, file->state.stream, STREAM_SIZE);
		if (read == OUTBOX_ROW || read == OUTBOX_NONE)
			return read;
		fail_set(fail, "%s", reason.text);
		recover(file);
		return OUTBOX_FAILED;
	}
}

/* -------- opening -------- */

static bool load(struct outbox_file *file, const char *boot, struct fail *fail)
{
	struct outbox_state *state = &file->state;
	enum database_step step = outbox_state_load(state, file->database, fail);

	if (step == DATABASE_END)
		begin(file);
	else if (step == DATABASE_ROW)
		file->rebooted = strcmp(state->boot, boot) != 0;
	snprintf(state->boot, sizeof(state->boot), "%s", boot);
	file->acked_saved = state->acked;
	file->downsampled_saved = state->downsampled;
	return step != DATABASE_FAILED &&
	       outbox_positions_load(&file->positions, file->database, file->rebooted, fail);
}

static bool load_or_replace(struct outbox_file *file, const char *boot, struct fail *fail)
{
	struct fail reason = {0};

	if (load(file, boot, &reason))
		return true;
	if (!database_damaged(file->database))
		return fail_set(fail, "%s", reason.text);
	log_error("%s", reason.text);
	file->state = (struct outbox_state){0};
	outbox_positions_free(&file->positions);
	file->rebooted = false;
	return database_replace(file->database, fail) && load(file, boot, fail);
}

struct outbox_file *outbox_file_open(const char *name, const char *boot, struct fail *fail)
{
	struct outbox_file *file = allocate(1, sizeof(*file));

	file->database =
		database_open(name, migrations, sizeof(migrations) / sizeof(migrations[0]), fail);
	if (!file->database || !load_or_replace(file, boot, fail)) {
		outbox_file_close(file);
		return NULL;
	}
	/* What a reboot changed. On a full disk, with the first records that can be written. */
	outbox_file_save(file, NULL, true, NULL);
	return file;
}

bool outbox_file_origin(struct outbox_file *file, const char *origin, struct fail *fail)
{
	struct outbox_state *state = &file->state;

	if (state->origin[0])
		return strcmp(state->origin, origin) == 0 ||
		       fail_set(fail, "holds %s, not %s, expected a file of its own", state->origin,
				origin);
	snprintf(state->origin, sizeof(state->origin), "%s", origin);
	state->stream_saved = false;
	/* On a full disk, with the first records that can be written. */
	outbox_file_save(file, NULL, true, NULL);
	return true;
}

void outbox_file_close(struct outbox_file *file)
{
	if (!file)
		return;
	database_close(file->database);
	outbox_positions_free(&file->positions);
	free(file);
}
