/* database_file.h - an SQLite file from outside: its folders, its lock, its removal. */
#ifndef COMMON_SQLITE_DATABASE_FILE_H
#define COMMON_SQLITE_DATABASE_FILE_H

#include "common/base/fail.h"

/* Creates the missing folders of `file`, and locks FILE.lock for this process. Returns the lock's
 * descriptor, to be closed after the last use of the file, or -1 on failure. */
int database_file_take(const char *file, struct fail *fail);

/* Renames a file that nobody has open, and its log, to FILE.damaged-<UTC time>. Logs that, with the
 * reason. */
bool database_file_set_aside(const char *file, const char *reason, struct fail *fail);

/* The same for a log without its file, which SQLite would delete: it is left if a power cut
 * interrupted the renaming. */
bool database_file_set_log_aside(const char *file, struct fail *fail);

/* Whether a process has locked it now. */
bool database_file_used(const char *file);

#endif
