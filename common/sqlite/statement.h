/* statement.h - SQL statements with their values, and the values of rows, checked.
 *
 * What a file holds is no more to be trusted than what comes over the network: SQLite has no
 * checksums, and a column takes values of any type. */
#ifndef COMMON_SQLITE_STATEMENT_H
#define COMMON_SQLITE_STATEMENT_H

#include <stdint.h>

#include "common/sqlite/database.h"

/* A parameter of a statement. Text and bytes stay the caller's, until the statement has run. */
struct sql_value {
	enum { SQL_NULL, SQL_NUMBER, SQL_REAL, SQL_TEXT, SQL_BYTES } kind;
	int64_t number; /* SQL_BYTES: how many */
	double real;
	const char *text;
};

struct sql_value sql_null(void);
struct sql_value sql_number(int64_t number);
struct sql_value sql_real(double real);
struct sql_value sql_text(const char *text); /* NULL: SQL's NULL */
struct sql_value sql_bytes(const char *bytes, size_t size);

/* The statement of `sql`, as of database_prepare(), with its first `count` parameters bound. */
sqlite3_stmt *sql_bind(struct database *database, const char *sql, const struct sql_value *values,
		       size_t count);

/* Runs a statement to its end. */
bool sql_run(struct database *database, struct fail *fail, const char *sql,
	     const struct sql_value *values, size_t count);

/* The same, with the values as arguments (one at least). */
#define SQL_VALUES(...)	     ((struct sql_value[]){__VA_ARGS__})
#define SQL_VALUE_COUNT(...) (sizeof(SQL_VALUES(__VA_ARGS__)) / sizeof(struct sql_value))
#define DATABASE_BIND(database, sql, ...)                                                          \
	sql_bind(database, sql, SQL_VALUES(__VA_ARGS__), SQL_VALUE_COUNT(__VA_ARGS__))
#define DATABASE_RUN(database, fail, sql, ...)                                                     \
	sql_run(database, fail, sql, SQL_VALUES(__VA_ARGS__), SQL_VALUE_COUNT(__VA_ARGS__))

/* The number in the first column of the first row. False with the reason if there is no row, or no
 * number in it. */
bool sql_one_number(struct database *database, sqlite3_stmt *statement, int64_t *number,
		    struct fail *fail);

/* The row that a statement stands on. The first value that is not as expected is the failure, which
 * names the file, the table and the column; it and those after it read as 0 or "". */
struct sql_row {
	struct database *database;
	sqlite3_stmt *statement;
	const char *table;
	struct fail wrong; /* empty: every value so far was as expected */
};

bool sql_row_null(const struct sql_row *row, int column);
int64_t sql_row_number(struct sql_row *row, int column, int64_t minimum, int64_t maximum);
bool sql_row_flag(struct sql_row *row, int column); /* 0 or 1 */
double sql_row_real(struct sql_row *row, int column, double minimum, double maximum);

/* A choice from 0 to `last`. Any other number is no failure: it is logged, and `otherwise` is
 * returned. */
int sql_row_choice(const struct sql_row *row, int column, int last, int otherwise);

/* Text that is shorter than `size`. */
void sql_row_text(struct sql_row *row, int column, char *text, size_t size);

/* For conditions of the caller's own on the value of `column`. */
void sql_row_unexpected(struct sql_row *row, int column, const char *expected);

#endif
