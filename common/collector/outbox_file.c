#include "common/collector/outbox_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/array.h"
#include "common/sqlite/database.h"
#include "common/collector/outbox_tidy.h"

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
};

struct source {
	char name[ID_SIZE];
	bool known; /* there is a place */
	bool changed;
	struct outbox_place place;
};

struct outbox_file {
	struct database *database;
	struct outbox_state state;
	char boot[41], origin[41];
	bool booted; /* since the file was written: what is undated is withdrawn */
	int64_t acked_saved, thinned_saved;
	bool dating;
	ms_t offset;		/* where `dating` */
	struct source *sources; /* their numbers in the file are one more */
	size_t source_count, source_capacity;
	struct outbox_tidy tidy;
};

struct outbox_state *outbox_file_state(struct outbox_file *file)
{
	return &file->state;
}

void outbox_file_begin_stream(struct outbox_file *file)
{
	uint64_t stream;

	/* Does not fail for so few bytes (getrandom(2)). */
	(void)!getrandom(&stream, sizeof(stream), 0);
	snprintf(file->state.stream, sizeof(file->state.stream), "%016" PRIx64, stream);
	file->state.stream_saved = false;
	file->state.acked = 0;
}

void outbox_file_date(struct outbox_file *file, ms_t offset)
{
	file->dating = true;
	file->offset = offset;
	for (size_t i = 0; i < file->source_count; i++) {
		struct source *source = &file->sources[i];

		if (!source->place.undated)
			continue;
		source->place.t += offset;
		source->place.anchor = offset;
		source->place.undated = false;
		source->changed = true;
	}
}

/* -------- sources -------- */

static struct source *source_find(const struct outbox_file *file, const char *name)
{
	for (size_t i = 0; i < file->source_count; i++)
		if (strcmp(file->sources[i].name, name) == 0)
			return &file->sources[i];
	return NULL;
}

size_t outbox_file_source(struct outbox_file *file, const char *name)
{
	struct source *source = source_find(file, name);

	if (source)
		return (size_t)(source - file->sources);
	file->sources = array_grow(file->sources, file->source_count, &file->source_capacity,
				   sizeof(*file->sources));
	source = &file->sources[file->source_count];
	*source = (struct source){0};
	snprintf(source->name, sizeof(source->name), "%s", name);
	return file->source_count++;
}

const char *outbox_file_name(const struct outbox_file *file, size_t source)
{
	return file->sources[source].name;
}

const struct outbox_place *outbox_file_place(const struct outbox_file *file, const char *name)
{
	const struct source *source = source_find(file, name);

	return source && source->known ? &source->place : NULL;
}

bool outbox_file_anchor(const struct outbox_file *file, ms_t *offset)
{
	ms_t newest = -1;

	for (size_t i = 0; i < file->source_count; i++) {
		const struct outbox_place *place = &file->sources[i].place;

		if (!place->anchor || place->seen_boot <= newest)
			continue;
		newest = place->seen_boot;
		*offset = place->anchor;
	}
	return newest >= 0;
}

void outbox_file_set_place(struct outbox_file *file, size_t source,
			   const struct outbox_place *place)
{
	file->sources[source].place = *place;
	file->sources[source].known = true;
	file->sources[source].changed = true;
}

/* -------- writing -------- */

static bool run(struct outbox_file *file, const char *sql, int64_t value, struct fail *fail)
{
	sqlite3_stmt *statement = database_prepare(file->database, sql);

	if (sqlite3_bind_parameter_count(statement))
		sqlite3_bind_int64(statement, 1, value);
	return database_run(file->database, statement, fail);
}

static bool write_row(struct outbox_file *file, const struct outbox_row *row, struct fail *fail)
{
	const struct record *record = &row->record;
	sqlite3_stmt *statement = database_prepare(
		file->database,
		"INSERT INTO record (seq, source, t, undated, pulses, wh, mark, off_peak, peak, "
		"blind_ms, lost, lost_possible, index_from, index_by) VALUES (?1, ?2, ?3, ?4, ?5, "
		"?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");

	sqlite3_bind_int64(statement, 1, record->seq);
	sqlite3_bind_int64(statement, 2, (int64_t)row->source + 1);
	sqlite3_bind_int64(statement, 3, record->t);
	sqlite3_bind_int(statement, 4, row->undated);
	if (record->is_pulse)
		sqlite3_bind_int64(statement, 5, record->pulses);
	else
		sqlite3_bind_double(statement, 6, record->wh);
	sqlite3_bind_int(statement, 7, (int)record->mark);
	sqlite3_bind_int(statement, 8, (int)record->off_peak);
	sqlite3_bind_int(statement, 9, (int)record->peak);
	sqlite3_bind_int64(statement, 10, record->blind_ms);
	sqlite3_bind_int64(statement, 11, record->lost);
	sqlite3_bind_int(statement, 12, record->lost_possible);
	if (record->index_set) {
		sqlite3_bind_int64(statement, 13, record->index_from);
		sqlite3_bind_text(statement, 14, record->index_by, -1, SQLITE_STATIC);
	}
	return database_run(file->database, statement, fail);
}

static bool write_source(struct outbox_file *file, size_t index, struct fail *fail)
{
	const struct source *source = &file->sources[index];
	sqlite3_stmt *statement = database_prepare(
		file->database, "INSERT OR REPLACE INTO source (id, name, pulses, wh, mark, t, "
				"undated, seen_boot, anchor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
				"?8, ?9)");

	sqlite3_bind_int64(statement, 1, (int64_t)index + 1);
	sqlite3_bind_text(statement, 2, source->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, source->place.pulses);
	sqlite3_bind_double(statement, 4, source->place.wh);
	sqlite3_bind_int(statement, 5, (int)source->place.mark);
	sqlite3_bind_int64(statement, 6, source->place.t);
	sqlite3_bind_int(statement, 7, source->place.undated);
	sqlite3_bind_int64(statement, 8, source->place.seen_boot);
	sqlite3_bind_int64(statement, 9, source->place.anchor);
	return database_run(file->database, statement, fail);
}

static bool write_state(struct outbox_file *file, int64_t undated, struct fail *fail)
{
	const struct outbox_state *state = &file->state;
	sqlite3_stmt *statement = database_prepare(
		file->database, "INSERT OR REPLACE INTO state (one, stream, acked, newest, boot, "
				"thinned, undated, origin) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)");

	sqlite3_bind_text(statement, 1, state->stream, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, state->acked);
	sqlite3_bind_int64(statement, 3, state->newest);
	sqlite3_bind_text(statement, 4, file->boot, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, state->thinned);
	sqlite3_bind_int64(statement, 6, undated);
	sqlite3_bind_text(statement, 7, file->origin, -1, SQLITE_STATIC);
	return database_run(file->database, statement, fail);
}

static bool state_due(const struct outbox_file *file, bool all)
{
	int64_t grown = file->state.acked - file->acked_saved;

	return !file->state.stream_saved || file->booted || grown < 0 || grown >= ACKED_WRITTEN ||
	       (all && (grown > 0 || file->state.thinned != file->thinned_saved));
}

static bool sources_changed(const struct outbox_file *file)
{
	for (size_t i = 0; i < file->source_count; i++)
		if (file->sources[i].changed)
			return true;
	return false;
}

bool outbox_file_settled(const struct outbox_file *file)
{
	return !sources_changed(file);
}

static bool write_all(struct outbox_file *file, const struct backlog *rows, bool with_state,
		      int64_t *withdrawn, struct fail *fail)
{
	if (file->booted) {
		if (!run(file, "DELETE FROM record WHERE undated", 0, fail))
			return false;
		*withdrawn = sqlite3_changes(database_handle(file->database));
	}
	if (file->dating && !run(file, "UPDATE record SET t = t + ?1, undated = 0 WHERE undated",
				 file->offset, fail))
		return false;
	for (size_t i = 0; i < rows->count; i++)
		if (!write_row(file, &rows->rows[i], fail))
			return false;
	for (size_t i = 0; i < file->source_count; i++)
		if (file->sources[i].changed && !write_source(file, i, fail))
			return false;
	return !with_state || write_state(file, file->state.undated + *withdrawn, fail);
}

/* What a transaction that is on the disk means for what is in memory. */
static void written(struct outbox_file *file, const struct backlog *rows, bool with_state,
		    int64_t withdrawn)
{
	struct outbox_state *state = &file->state;

	if (rows->count)
		state->newest = rows->rows[rows->count - 1].record.seq;
	state->rows += (int64_t)rows->count - withdrawn;
	state->undated += withdrawn;
	file->booted = false;
	file->dating = false;
	for (size_t i = 0; i < file->source_count; i++)
		file->sources[i].changed = false;
	if (with_state) {
		state->stream_saved = true;
		file->acked_saved = state->acked;
		file->thinned_saved = state->thinned;
	}
}

/* In a file that has nothing yet. */
static void begin(struct outbox_file *file)
{
	outbox_file_begin_stream(file);
	file->state.newest = 0;
	file->state.rows = 0;
	file->acked_saved = 0;
	file->booted = false;
	for (size_t i = 0; i < file->source_count; i++)
		file->sources[i].changed = file->sources[i].known;
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
	if (!rows->count && !with_state && !file->dating && !sources_changed(file))
		return true;
	if (database_begin(file->database, fail) &&
	    write_all(file, rows, with_state, &withdrawn, fail) &&
	    database_commit(file->database, fail)) {
		written(file, rows, with_state, withdrawn);
		return true;
	}
	database_rollback(file->database);
	recover(file);
	return false;
}

/* -------- reading -------- */

/* A column as one of the first `count` values of an enum, which may be an index; `otherwise` if it
 * is none of them. */
static int enum_column(sqlite3_stmt *statement, int column, int count, int otherwise)
{
	int number = sqlite3_column_int(statement, column);

	return number >= 0 && number < count ? number : otherwise;
}

static void read_row(sqlite3_stmt *statement, struct outbox_row *row)
{
	struct record *record = &row->record;
	bool is_pulse = sqlite3_column_type(statement, 4) != SQLITE_NULL;

	*record = (struct record){
		.seq = sqlite3_column_int64(statement, 0),
		.t = sqlite3_column_int64(statement, 2),
		.is_pulse = is_pulse,
		.pulses = sqlite3_column_int64(statement, 4),
		.wh = sqlite3_column_double(statement, 5),
		.mark = (enum mark)enum_column(statement, 6, MARK_NONE,
					       is_pulse ? MARK_MINUTE : MARK_NONE),
		.off_peak = (enum tristate)enum_column(statement, 7, UNKNOWN, UNKNOWN),
		.peak = (enum tristate)enum_column(statement, 8, UNKNOWN, UNKNOWN),
		.blind_ms = sqlite3_column_int64(statement, 9),
		.lost = sqlite3_column_int64(statement, 10),
		.has_prev = true,
		.prev = sqlite3_column_int64(statement, 11),
		.lost_possible = sqlite3_column_int(statement, 12),
	};
	record->index_set = sqlite3_column_type(statement, 13) != SQLITE_NULL;
	if (record->index_set) {
		record->index_from = sqlite3_column_int64(statement, 13);
		snprintf(record->index_by, sizeof(record->index_by), "%s",
			 (const char *)sqlite3_column_text(statement, 14));
	}
	row->source = (size_t)sqlite3_column_int64(statement, 1) - 1;
	row->undated = sqlite3_column_int(statement, 3);
}

enum outbox_read outbox_file_next(struct outbox_file *file, int64_t seq, struct outbox_row *row,
				  struct fail *fail)
{
	sqlite3_stmt *statement = database_prepare(
		file->database,
		"SELECT r.seq, r.source, r.t, r.undated, r.pulses, r.wh, r.mark, r.off_peak, "
		"r.peak, r.blind_ms, r.lost, (SELECT max(seq) FROM record WHERE seq < r.seq), "
		"r.lost_possible, r.index_from, r.index_by "
		"FROM record AS r JOIN source ON source.id = r.source WHERE r.seq > ?1 "
		"ORDER BY r.seq LIMIT 1");
	enum database_step step;

	sqlite3_bind_int64(statement, 1, seq);
	step = database_step(file->database, statement, fail);
	if (step == DATABASE_ROW) {
		read_row(statement, row);
		memcpy(row->record.stream, file->state.stream, STREAM_SIZE);
		sqlite3_reset(statement);
		return OUTBOX_ROW;
	}
	if (step == DATABASE_FAILED)
		recover(file);
	return step == DATABASE_END ? OUTBOX_NONE : OUTBOX_FAILED;
}

int64_t outbox_file_count(struct outbox_file *file, int64_t seq, int64_t last)
{
	sqlite3_stmt *statement = database_prepare(
		file->database, "SELECT count(*) FROM record WHERE seq > ?1 AND seq <= ?2");
	int64_t count = -1;

	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_int64(statement, 2, last);
	if (database_step(file->database, statement, NULL) == DATABASE_ROW)
		count = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return count;
}

int64_t outbox_file_tidy(struct outbox_file *file, int64_t limit, ms_t keep_ms)
{
	ms_t newest = 0;

	for (size_t i = 0; i < file->source_count; i++)
		if (!file->sources[i].place.undated && file->sources[i].place.t > newest)
			newest = file->sources[i].place.t;
	return outbox_tidy(&file->tidy, file->database, &file->state, limit, newest - keep_ms);
}

/* -------- opening -------- */

static bool load_state(struct outbox_file *file, struct fail *fail)
{
	struct outbox_state *state = &file->state;
	sqlite3_stmt *statement = database_prepare(
		file->database,
		"SELECT stream, acked, max(newest, coalesce((SELECT max(seq) FROM record), 0)), "
		"thinned, undated, boot, (SELECT count(*) FROM record), origin FROM state");
	enum database_step step = database_step(file->database, statement, fail);

	if (step == DATABASE_END)
		begin(file);
	if (step != DATABASE_ROW)
		return step == DATABASE_END;
	snprintf(state->stream, sizeof(state->stream), "%s",
		 (const char *)sqlite3_column_text(statement, 0));
	state->stream_saved = true;
	state->acked = file->acked_saved = sqlite3_column_int64(statement, 1);
	state->newest = sqlite3_column_int64(statement, 2);
	state->thinned = file->thinned_saved = sqlite3_column_int64(statement, 3);
	state->undated = sqlite3_column_int64(statement, 4);
	file->booted = strcmp(file->boot, (const char *)sqlite3_column_text(statement, 5)) != 0;
	state->rows = sqlite3_column_int64(statement, 6);
	snprintf(file->origin, sizeof(file->origin), "%s",
		 (const char *)sqlite3_column_text(statement, 7));
	sqlite3_reset(statement);
	return true;
}

/* The newest time of a source whose undated records are withdrawn. */
static ms_t newest_dated(struct outbox_file *file, int64_t id)
{
	sqlite3_stmt *statement =
		database_prepare(file->database, "SELECT coalesce(max(t), 0) FROM record WHERE "
						 "source = ?1 AND NOT undated");
	ms_t newest = 0;

	sqlite3_bind_int64(statement, 1, id);
	if (database_step(file->database, statement, NULL) == DATABASE_ROW)
		newest = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return newest;
}

static bool load_sources(struct outbox_file *file, struct fail *fail)
{
	sqlite3_stmt *statement = database_prepare(
		file->database,
		"SELECT name, pulses, wh, mark, t, undated, seen_boot, anchor, id FROM source "
		"ORDER BY id");
	enum database_step step;

	while ((step = database_step(file->database, statement, fail)) == DATABASE_ROW) {
		struct outbox_place place = {
			.pulses = sqlite3_column_int64(statement, 1),
			.wh = sqlite3_column_double(statement, 2),
			.mark = (enum mark)enum_column(statement, 3, MARK_NONE, MARK_NONE),
			.t = sqlite3_column_int64(statement, 4),
			.undated = sqlite3_column_int(statement, 5),
			.seen_boot = sqlite3_column_int64(statement, 6),
			.anchor = sqlite3_column_int64(statement, 7),
		};
		const char *name = (const char *)sqlite3_column_text(statement, 0);
		size_t index = outbox_file_source(file, name);

		if (file->booted) {
			place.seen_boot = -1;
			if (place.undated)
				place.t = newest_dated(file, sqlite3_column_int64(statement, 8));
			place.undated = false;
		}
		outbox_file_set_place(file, index, &place);
		file->sources[index].changed = file->booted;
	}
	return step == DATABASE_END;
}

struct outbox_file *outbox_file_open(const char *name, const char *boot, struct fail *fail)
{
	struct outbox_file *file = calloc(1, sizeof(*file));
	struct fail reason = {0};

	if (!file) {
		fail_set(fail, "%s: memory is out", name);
		return NULL;
	}
	snprintf(file->boot, sizeof(file->boot), "%s", boot);
	file->database =
		database_open(name, migrations, sizeof(migrations) / sizeof(migrations[0]), fail);
	if (!file->database)
		goto failed;
	while (!load_state(file, &reason) || !load_sources(file, &reason)) {
		if (!database_damaged(file->database) || !database_replace(file->database, fail)) {
			fail_set(fail, "%s", reason.text);
			goto failed;
		}
		file->source_count = 0;
	}
	/* What a reboot changed. On a full disk, with the first records that can be written. */
	outbox_file_save(file, NULL, true, NULL);
	return file;
failed:
	outbox_file_close(file);
	return NULL;
}

bool outbox_file_origin(struct outbox_file *file, const char *origin, struct fail *fail)
{
	if (file->origin[0])
		return strcmp(file->origin, origin) == 0 ||
		       fail_set(fail, "holds %s, not %s, expected a file of its own", file->origin,
				origin);
	snprintf(file->origin, sizeof(file->origin), "%s", origin);
	file->state.stream_saved = false;
	/* On a full disk, with the first records that can be written. */
	outbox_file_save(file, NULL, true, NULL);
	return true;
}

void outbox_file_close(struct outbox_file *file)
{
	if (!file)
		return;
	database_close(file->database);
	free(file->sources);
	free(file);
}
