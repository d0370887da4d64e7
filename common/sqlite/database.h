/* database.h - an SQLite file that survives kills, power cuts and full disks.
 *
 * What database_commit() confirmed is on the disk (WAL, synchronous=FULL); what it did not confirm
 * is undone. The file belongs to one process at a time (FILE.lock); others may read it and
 * copy it (sqlite3 FILE ".backup COPY"). A damaged file is set aside, never overwritten. */
#ifndef COMMON_SQLITE_DATABASE_H
#define COMMON_SQLITE_DATABASE_H

#include <stddef.h>

#include <sqlite3.h>

#include "common/base/fail.h"

struct database;

/* Opens `file`, or creates it and its folders. `migrations[i]`, one or more SQL statements, leads
 * from version i of the schema to i + 1; all missing ones run in one transaction. The array must
 * outlive the database. Returns NULL on failure: another process uses the file, its version is
 * newer, it cannot be written. A damaged file is renamed to FILE.damaged-<time>, which is logged,
 * and a new one is created. An existing file can be opened, and read, on a full disk. */
struct database *database_open(const char *file, const char *const migrations[], size_t count,
			       struct fail *fail);
void database_close(struct database *database);

/* After database_open() failed: whether the version of `file` is above `count`, so that trying
 * again is useless. */
bool database_newer(const char *file, size_t count);

/* For sqlite3_changes() and the like. Changes with database_replace(). */
sqlite3 *database_handle(const struct database *database);

/* The statement of `sql`, reset, without values. It is prepared once and identified by the address
 * of its text, which must outlive the database. Returns NULL on failure: values can be bound to it
 * without effect, and database_run() and database_step() set the reason. */
sqlite3_stmt *database_prepare(struct database *database, const char *sql);

/* Runs a statement to its end. */
bool database_run(struct database *database, sqlite3_stmt *statement, struct fail *fail);

enum database_step { DATABASE_ROW, DATABASE_END, DATABASE_FAILED };

/* Steps to the next row. After the last one the statement is reset. A caller that stops earlier
 * must call sqlite3_reset(): a statement on a row keeps the file's log from being emptied. */
enum database_step database_step(struct database *database, sqlite3_stmt *statement,
				 struct fail *fail);

/* One transaction: begin, run …, commit. If a statement fails, call database_rollback() instead of
 * database_commit(), which rolls back itself if it fails. */
bool database_begin(struct database *database, struct fail *fail);
bool database_commit(struct database *database, struct fail *fail);
void database_rollback(struct database *database);

/* Whether the file was found damaged: by a statement, or by the caller, whose reason names what it
 * found. The latter returns false. */
bool database_damaged(const struct database *database);
bool database_set_damaged(struct database *database, const char *reason, struct fail *fail);

/* The file's name. */
const char *database_name(const struct database *database);

/* Sets the file aside as database_open() does, and continues with a new one. After a failure only
 * database_replace() and database_close() may be called. */
bool database_replace(struct database *database, struct fail *fail);

#endif
