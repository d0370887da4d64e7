#include "tests/unit/common/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include <sqlite3.h>

#define SCRIPT_SIZE 100000

void script_run(const char *script, const char *file)
{
	char *sql = calloc(1, SCRIPT_SIZE);
	FILE *stream = fopen(script, "r");
	sqlite3 *handle;

	if (!stream)
		fail_msg("%s: not found; run the test in the project's folder", script);
	assert_in_range(fread(sql, 1, SCRIPT_SIZE - 1, stream), 1, SCRIPT_SIZE - 2);
	fclose(stream);
	assert_int_not_equal(access(file, F_OK), 0);
	assert_int_equal(sqlite3_open(file, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
	free(sql);
}
