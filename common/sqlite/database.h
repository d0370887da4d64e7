/* database.h - an SQLite file that survives kills, power cuts and full disks.
 *
 * What database_commit() confirmed is on the disk (WAL, synchronous=FULL); what it did not confirm
 * is undone. The file belongs to one process at a time (FILE.lock); others may look into it and
 * copy it (sqlite3 FILE ".backup COPY"). A damaged file is set aside, never overwritten. */
#ifndef COMMON_SQLITE_DATABASE_H
#define COMMON_SQLITE_DATABASE_H

#include <stddef.h>

#include <sqlite3.h>

#include "common/base/fail.h"

struct database;

/* Opens `file`, or makes it and the folders that it is in. `migrations[i]`, one or more SQL
 * statements, leads from version i of the schema to i + 1; all that are missing are done in one
 * transaction. Both are kept, not copied. NULL on failure: another process uses the file, it is of
 * a newer version, it cannot be written. A file that is damaged is renamed to FILE.damaged-<time>,
 * with a line in the log, and a new one is begun. An existing file can be opened, and read, on a
 * full disk. */
struct database *database_open(const char *file, const char *const migrations[], size_t count,
			       struct fail *fail);
void database_close(struct database *database);

/* After database_open() failed: whether `file` is of a version beyond `count`, so that it is of no
 * use to try again. */
bool database_newer(const char *file, size_t count);

/* For sqlite3_changes() and the like; another one after database_replace(). */
sqlite3 *database_handle(const struct database *database);

/* The statement of `sql`, reset, without values. It is made once and known by the address of its
 * text, which is to live as long. NULL on failure: then what is bound to it goes nowhere, and
 * database_run() and database_step() give the reason. */
sqlite3_stmt *database_prepare(struct database *database, const char *sql);

/* Runs a statement to its end. */
bool database_run(struct database *database, sqlite3_stmt *statement, struct fail *fail);

enum database_step { DATABASE_ROW, DATABASE_END, DATABASE_FAILED };

/* The next row. After the last one the statement is reset; whoever stops earlier calls
 * sqlite3_reset(), since a statement that stands on a row keeps the file's log from being
 * emptied. */
enum database_step database_step(struct database *database, sqlite3_stmt *statement,
				 struct fail *fail);

/* One transaction: begin, run …, commit. Where anything fails call database_rollback() instead;
 * database_commit() does so itself. */
bool database_begin(struct database *database, struct fail *fail);
bool database_commit(struct database *database, struct fail *fail);
void database_rollback(struct database *database);

/* Whether the file was found damaged: by a statement, or by the caller, whose reason names what it
 * found. The latter returns false. */
bool database_damaged(const struct database *database);
bool database_set_damaged(struct database *database, const char *reason, struct fail *fail);

/* The file's name. */
const char *database_name(const struct database *database);

/* Sets the file aside as at opening, and goes on with a new one. Where that fails nothing but
 * trying again, or closing, is of use. */
bool database_replace(struct database *database, struct fail *fail);

#endif
