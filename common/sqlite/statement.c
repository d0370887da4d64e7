#include "common/sqlite/statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/process/log.h"

/* -------- values of parameters -------- */

struct sql_value sql_null(void)
{
	return (struct sql_value){.kind = SQL_NULL};
}

struct sql_value sql_number(int64_t number)
{
	return (struct sql_value){.kind = SQL_NUMBER, .number = number};
}

struct sql_value sql_real(double real)
{
	return (struct sql_value){.kind = SQL_REAL, .real = real};
}

struct sql_value sql_text(const char *text)
{
	return (struct sql_value){.kind = text ? SQL_TEXT : SQL_NULL, .text = text};
}

struct sql_value sql_bytes(const char *bytes, size_t size)
{
	return (struct sql_value){.kind = SQL_BYTES, .number = (int64_t)size, .text = bytes};
}

/* -------- statements -------- */

static void bind(sqlite3_stmt *statement, int parameter, const struct sql_value *value)
{
	switch (value->kind) {
	case SQL_NULL: break;
	case SQL_NUMBER: sqlite3_bind_int64(statement, parameter, value->number); break;
	case SQL_REAL: sqlite3_bind_double(statement, parameter, value->real); break;
	case SQL_TEXT:
		sqlite3_bind_text(statement, parameter, value->text, -1, SQLITE_STATIC);
		break;
	case SQL_BYTES:
		sqlite3_bind_blob64(statement, parameter, value->text ? value->text : "",
				    (sqlite3_uint64)value->number, SQLITE_STATIC);
		break;
	}
}

sqlite3_stmt *sql_bind(struct database *database, const char *sql, const struct sql_value *values,
		       size_t count)
{
	sqlite3_stmt *statement = database_prepare(database, sql);

	for (size_t i = 0; i < count; i++)
		bind(statement, (int)i + 1, &values[i]);
	return statement;
}

bool sql_run(struct database *database, struct fail *fail, const char *sql,
	     const struct sql_value *values, size_t count)
{
	return database_run(database, sql_bind(database, sql, values, count), fail);
}

bool sql_one_number(struct database *database, sqlite3_stmt *statement, int64_t *number,
		    struct fail *fail)
{
	enum database_step step = database_step(database, statement, fail);
	bool found = step == DATABASE_ROW && sqlite3_column_type(statement, 0) == SQLITE_INTEGER;

	if (found)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	if (!found && step != DATABASE_FAILED)
		fail_set(fail, "%s: no number found", sqlite3_sql(statement));
	return found;
}

/* -------- values of rows -------- */

bool sql_row_null(const struct sql_row *row, int column)
{
	return sqlite3_column_type(row->statement, column) == SQLITE_NULL;
}

void sql_row_unexpected(struct sql_row *row, int column, const char *expected)
{
	const char *found = (const char *)sqlite3_column_text(row->statement, column);
	char shown[40];

	/* Not what would break the line of a log. */
	snprintf(shown, sizeof(shown), "%s", found ? found : "nothing");
	for (char *c = shown; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	fail_set(&row->wrong, "%s: table %s, column %s: expected %s, found %s",
		 database_name(row->database), row->table,
		 sqlite3_column_name(row->statement, column), expected, shown);
}

int64_t sql_row_number(struct sql_row *row, int column, int64_t minimum, int64_t maximum)
{
	int64_t number = sqlite3_column_int64(row->statement, column);
	char expected[80];

	if (sqlite3_column_type(row->statement, column) == SQLITE_INTEGER && number >= minimum &&
	    number <= maximum)
		return number;
	snprintf(expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRId64, minimum,
		 maximum);
	sql_row_unexpected(row, column, expected);
	return 0;
}

bool sql_row_flag(struct sql_row *row, int column)
{
	return sql_row_number(row, column, 0, 1);
}

int sql_row_choice(const struct sql_row *row, int column, int last, int otherwise)
{
	struct sql_row value = *row;
	int number;

	value.wrong.text[0] = '\0';
	number = (int)sql_row_number(&value, column, 0, last);
	if (!value.wrong.text[0])
		return number;
	log_error("%s; it is replaced by %d", value.wrong.text, otherwise);
	return otherwise;
}

double sql_row_real(struct sql_row *row, int column, double minimum, double maximum)
{
	int type = sqlite3_column_type(row->statement, column);
	double real = sqlite3_column_double(row->statement, column);
	char expected[80];

	if ((type == SQLITE_FLOAT || type == SQLITE_INTEGER) && real >= minimum && real <= maximum)
		return real;
	snprintf(expected, sizeof(expected), "a number from %g to %g", minimum, maximum);
	sql_row_unexpected(row, column, expected);
	return 0;
}

void sql_row_text(struct sql_row *row, int column, char *text, size_t size)
{
	/* Before the conversion, after which it is undefined. */
	bool is_text = sqlite3_column_type(row->statement, column) == SQLITE_TEXT;
	const char *found = (const char *)sqlite3_column_text(row->statement, column);
	char expected[80];

	text[0] = '\0';
	if (is_text && found && strlen(found) < size) {
		memcpy(text, found, strlen(found) + 1);
		return;
	}
	snprintf(expected, sizeof(expected), "text of up to %zu bytes", size - 1);
	sql_row_unexpected(row, column, expected);
}
