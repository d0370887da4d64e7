/* script.h - SQLite files for tests, as older programs wrote them. */
#ifndef TESTS_UNIT_COMMON_SCRIPT_H
#define TESTS_UNIT_COMMON_SCRIPT_H

/* Makes `file`, which must not exist, from the SQL in `script`, a path below the project's folder.
 */
void script_run(const char *script, const char *file);

#endif
