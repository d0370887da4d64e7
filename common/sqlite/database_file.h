/* database_file.h - what is around an SQLite file: its folders, its lock, and its end. */
#ifndef COMMON_SQLITE_DATABASE_FILE_H
#define COMMON_SQLITE_DATABASE_FILE_H

#include "common/base/fail.h"

/* Makes the folders of `file` where they are missing, and takes FILE.lock for this process. Returns
 * the lock's descriptor, to be closed after the last use of the file; -1 on failure. */
int database_file_take(const char *file, struct fail *fail);

/* Renames a file that nobody has open, with what belongs to it, to FILE.damaged-<UTC time>, and
 * logs that with the reason. */
bool database_file_set_aside(const char *file, const char *reason, struct fail *fail);

/* The same for a log without its file, which SQLite would delete: what is left where setting aside
 * was cut short. */
bool database_file_set_log_aside(const char *file, struct fail *fail);

#endif
