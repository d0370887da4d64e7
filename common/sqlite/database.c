#include "common/sqlite/database.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/array.h"
#include "common/base/memory.h"
#include "common/sqlite/database_file.h"

#define BUSY_MS 5000
/* Of a file that was not closed: a larger one is not checked, since that takes as long as reading
 * all of it. */
#define CHECKED_SIZE (64 * 1024 * 1024)

struct statement {
	const char *sql;
	sqlite3_stmt *prepared;
};

struct database {
	char file[PATH_MAX];
	const char *const *migrations;
	size_t version;
	int lock;
	sqlite3 *handle; /* NULL: database_replace() failed */
	bool opened;	 /* without damage, as far as it was checked */
	bool damaged;
	struct statement *statements;
	size_t statement_count, statement_capacity;
};

/* -------- reasons -------- */

static const char *io_verb(int code)
{
	switch (code) {
	case SQLITE_IOERR_READ:
	case SQLITE_IOERR_SHORT_READ: return "read";
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC: return "synced";
	default: return "written";
	}
}

/* The reason for the last failure, which was `code`. */
static bool failed(struct database *database, int code, struct fail *fail)
{
	const char *file = database->file;
	int error = database->handle ? sqlite3_system_errno(database->handle) : 0;

	switch (code & 0xff) {
	case SQLITE_FULL: return fail_set(fail, "%s: the disk is full; make room on it", file);
	case SQLITE_IOERR:
		return fail_set(fail, "%s: cannot be %s: %s; check the disk, and its room", file,
				io_verb(code), error ? strerror(error) : sqlite3_errstr(code));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		database->damaged = true;
		return fail_set(fail, "%s: damaged (%s)", file, sqlite3_errstr(code));
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return fail_set(fail, "%s: cannot be %s: %s; check the owner of file and folder",
				file, (code & 0xff) == SQLITE_CANTOPEN ? "opened" : "written",
				error ? strerror(error) : sqlite3_errstr(code));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_set(fail, "%s: held by another program for more than %d s; end it",
				file, BUSY_MS / 1000);
	case SQLITE_NOMEM: return fail_set(fail, "%s: out of memory", file);
	default:
		return fail_set(fail, "%s: %s", file,
				database->handle ? sqlite3_errmsg(database->handle)
						 : sqlite3_errstr(code));
	}
}

/* -------- statements -------- */

sqlite3 *database_handle(const struct database *database)
{
	return database->handle;
}

sqlite3_stmt *database_prepare(struct database *database, const char *sql)
{
	struct statement statement = {.sql = sql};

	for (size_t i = 0; i < database->statement_count; i++) {
		if (database->statements[i].sql == sql) {
			sqlite3_reset(database->statements[i].prepared);
			sqlite3_clear_bindings(database->statements[i].prepared);
			return database->statements[i].prepared;
		}
	}
	if (!database->handle ||
	    sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       &statement.prepared, NULL) != SQLITE_OK)
		return NULL;
	database->statements =
		array_grow(database->statements, database->statement_count,
			   &database->statement_capacity, sizeof(*database->statements));
	database->statements[database->statement_count++] = statement;
	return statement.prepared;
}

static void forget_statements(struct database *database)
{
	for (size_t i = 0; i < database->statement_count; i++)
		sqlite3_finalize(database->statements[i].prepared);
	database->statement_count = 0;
}

enum database_step database_step(struct database *database, sqlite3_stmt *statement,
				 struct fail *fail)
{
	int code;

	if (!statement) {
		failed(database,
		       database->handle ? sqlite3_extended_errcode(database->handle)
					: SQLITE_CANTOPEN,
		       fail);
		return DATABASE_FAILED;
	}
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		return DATABASE_ROW;
	if (code != SQLITE_DONE)
		failed(database, code, fail);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? DATABASE_END : DATABASE_FAILED;
}

bool database_run(struct database *database, sqlite3_stmt *statement, struct fail *fail)
{
	enum database_step step;

	do
		step = database_step(database, statement, fail);
	while (step == DATABASE_ROW);
	return step == DATABASE_END;
}

bool database_begin(struct database *database, struct fail *fail)
{
	return database_run(database, database_prepare(database, "BEGIN IMMEDIATE"), fail);
}

bool database_commit(struct database *database, struct fail *fail)
{
	if (database_run(database, database_prepare(database, "COMMIT"), fail))
		return true;
	database_rollback(database);
	return false;
}

void database_rollback(struct database *database)
{
	/* After some errors SQLite has rolled back already. */
	if (database->handle && !sqlite3_get_autocommit(database->handle))
		database_run(database, database_prepare(database, "ROLLBACK"), NULL);
}

bool database_damaged(const struct database *database)
{
	return database->damaged;
}

bool database_set_damaged(struct database *database, const char *reason, struct fail *fail)
{
	database->damaged = true;
	return fail_set(fail, "%s", reason);
}

const char *database_name(const struct database *database)
{
	return database->file;
}

/* -------- opening: the file -------- */

static bool execute(struct database *database, const char *sql, struct fail *fail)
{
	int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK || failed(database, code, fail);
}

/* The first column of the first row. */
static bool ask(struct database *database, const char *sql, char answer[100], struct fail *fail)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		snprintf(answer, 100, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || failed(database, code, fail);
}

/* Whether the log of the last process is still there: it was killed. */
static bool left_open(const char *file)
{
	char log[PATH_MAX + 8];
	struct stat status;

	snprintf(log, sizeof(log), "%s-wal", file);
	return stat(log, &status) == 0 && status.st_size > 0 && stat(file, &status) == 0 &&
	       status.st_size <= CHECKED_SIZE;
}

static bool check(struct database *database, struct fail *fail)
{
	char answer[100];

	if (!ask(database, "PRAGMA quick_check(1)", answer, fail))
		return false;
	if (strcmp(answer, "ok") == 0)
		return true;
	database->damaged = true;
	return fail_set(fail, "%s: damaged (%s)", database->file, answer);
}

static bool migrate(struct database *database, size_t version, struct fail *fail)
{
	char sql[60];

	if (version == database->version)
		return true;
	if (!execute(database, "BEGIN IMMEDIATE", fail))
		return false;
	for (size_t i = version; i < database->version; i++)
		if (!execute(database, database->migrations[i], fail))
			goto undo;
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %zu", database->version);
	if (execute(database, sql, fail) && execute(database, "COMMIT", fail))
		return true;
undo:
	if (!sqlite3_get_autocommit(database->handle))
		execute(database, "ROLLBACK", NULL);
	return false;
}

static bool handle_open(struct database *database, const char *pragmas, struct fail *fail)
{
	bool unclean = left_open(database->file);
	char answer[100];
	int code = sqlite3_open_v2(database->file, &database->handle,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				   NULL);

	if (code != SQLITE_OK)
		return failed(database, code, fail);
	sqlite3_busy_timeout(database->handle, BUSY_MS);
	/* Before the file is changed. */
	if (!execute(database, pragmas, fail) ||
	    !ask(database, "SELECT count(*) FROM sqlite_schema", answer, fail) ||
	    !ask(database, "PRAGMA user_version", answer, fail))
		return false;
	if (sqlite3_db_readonly(database->handle, "main"))
		return failed(database, SQLITE_READONLY, fail);
	if (strtoull(answer, NULL, 10) > database->version)
		return fail_set(fail,
				"%s: of version %s, which a newer program wrote; this one supports "
				"versions up to %zu: install the newer one",
				database->file, answer, database->version);
	/* journal_size_limit: a log that grew because of a long reader is truncated. */
	database->opened = (!unclean || check(database, fail)) &&
			   execute(database,
				   "PRAGMA journal_mode = WAL;"
				   "PRAGMA synchronous = FULL;"
				   "PRAGMA temp_store = MEMORY;"
				   "PRAGMA journal_size_limit = 4194304",
				   fail) &&
			   migrate(database, strtoull(answer, NULL, 10), fail);
	return database->opened;
}

static void handle_close(struct database *database)
{
	forget_statements(database);
	/* A file that is damaged, or was not checked, is evidence: it is not changed. */
	if (database->handle && (database->damaged || !database->opened))
		sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(database->handle);
	database->handle = NULL;
	database->opened = false;
}

/* An SQLite file has an index of its log in shared memory, which is a file as well. A disk that has
 * no room even for that can be read by one process alone. */
static bool handle_open_somehow(struct database *database, struct fail *fail)
{
	struct fail first = {0}, second = {0};

	if (handle_open(database, "", &first))
		return true;
	if (database->damaged || access(database->file, F_OK) != 0)
		return fail_set(fail, "%s", first.text);
	handle_close(database);
	return handle_open(database, "PRAGMA locking_mode = EXCLUSIVE", &second) ||
	       fail_set(fail, "%s", database->damaged ? second.text : first.text);
}

static bool set_aside(struct database *database, const char *reason, struct fail *fail)
{
	handle_close(database);
	if (!database_file_set_aside(database->file, reason, fail))
		return false;
	database->damaged = false;
	return true;
}

static bool open_or_replace(struct database *database, struct fail *fail)
{
	struct fail damage = {0};

	if (!database_file_set_log_aside(database->file, fail))
		return false;
	if (handle_open_somehow(database, &damage))
		return true;
	if (!database->damaged)
		return fail_set(fail, "%s", damage.text);
	return set_aside(database, damage.text, fail) && handle_open_somehow(database, fail);
}

bool database_replace(struct database *database, struct fail *fail)
{
	struct fail damage = {0};

	fail_set(&damage, "%s: damaged", database->file);
	if (database->damaged && !set_aside(database, damage.text, fail))
		return false;
	handle_close(database);
	return open_or_replace(database, fail);
}

struct database *database_open(const char *file, const char *const migrations[], size_t count,
			       struct fail *fail)
{
	struct database *database = allocate(1, sizeof(*database));

	database->migrations = migrations;
	database->version = count;
	snprintf(database->file, sizeof(database->file), "%s", file);
	database->lock = database_file_take(database->file, fail);
	if (database->lock >= 0 && open_or_replace(database, fail))
		return database;
	database_close(database);
	return NULL;
}

bool database_newer(const char *file, size_t count)
{
	struct database database = {.version = count};
	char version[100] = "0";

	snprintf(database.file, sizeof(database.file), "%s", file);
	if (sqlite3_open_v2(file, &database.handle, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
		ask(&database, "PRAGMA user_version", version, NULL);
	sqlite3_close(database.handle);
	return strtoull(version, NULL, 10) > count;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	handle_close(database);
	free(database->statements);
	if (database->lock >= 0)
		close(database->lock);
	free(database);
}
