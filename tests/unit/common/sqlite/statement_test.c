#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/sqlite/statement.h"
#include "tests/unit/common/folder.h"

static const char *const schema[] = {"CREATE TABLE meter (id, name, wh)"};
static char file[200];
static struct database *database;
static struct sql_row row;

static int set_up(void **state)
{
	struct fail fail = {0};

	(void)state;
	folder_make();
	row = (struct sql_row){0};
	snprintf(file, sizeof(file), "%s/meters.db", folder);
	database = database_open(file, schema, 1, &fail);
	if (!database)
		fail_msg("%s", fail.text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sqlite3_reset(row.statement);
	database_close(database);
	folder_remove();
	return 0;
}

/* The row of a meter that is written with `name` and `value`. */
static void write_and_read(struct sql_value name, struct sql_value value)
{
	struct fail fail = {0};

	sqlite3_reset(row.statement);
	if (!DATABASE_RUN(database, &fail, "INSERT INTO meter VALUES (?, ?, ?)", sql_number(7),
			  name, value))
		fail_msg("%s", fail.text);
	row = (struct sql_row){
		.database = database,
		.table = "meter",
		.statement = DATABASE_BIND(
			database, "SELECT id, name, wh FROM meter WHERE id = ? ORDER BY rowid DESC",
			sql_number(7)),
	};
	assert_int_equal(database_step(database, row.statement, &fail), DATABASE_ROW);
}

static void assert_wrong(const char *expected)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "%s: table meter, column %s", file, expected);
	assert_string_equal(row.wrong.text, whole);
}

static void values_of_every_kind_come_back(void **state)
{
	char name[10];

	(void)state;
	write_and_read(sql_text("cuisine"), sql_real(0.1));
	assert_int_equal(sql_row_number(&row, 0, 1, 9), 7);
	sql_row_text(&row, 1, name, sizeof(name));
	assert_string_equal(name, "cuisine");
	assert_true(sql_row_real(&row, 2, 0, 1) == 0.1);
	write_and_read(sql_text(NULL), sql_bytes("a\0b", 3));
	assert_true(sql_row_null(&row, 1));
	assert_int_equal(sqlite3_column_bytes(row.statement, 2), 3);
	assert_string_equal(row.wrong.text, "");
}

static void a_number_out_of_range_is_refused_with_file_and_column(void **state)
{
	(void)state;
	write_and_read(sql_null(), sql_number(10));
	assert_int_equal(sql_row_number(&row, 2, 0, 9), 0);
	assert_wrong("wh: expected a whole number from 0 to 9, found 10");
}

static void a_value_of_another_type_is_refused(void **state)
{
	char name[10];

	(void)state;
	write_and_read(sql_null(), sql_text("1\n2"));
	assert_int_equal(sql_row_number(&row, 2, 0, 9), 0);
	assert_wrong("wh: expected a whole number from 0 to 9, found 1?2");
	write_and_read(sql_null(), sql_null());
	assert_false(sql_row_flag(&row, 2));
	assert_wrong("wh: expected a whole number from 0 to 1, found nothing");
	write_and_read(sql_null(), sql_text("1"));
	assert_true(sql_row_real(&row, 2, 0, 9) == 0);
	assert_wrong("wh: expected a number from 0 to 9, found 1");
	write_and_read(sql_null(), sql_null());
	sql_row_text(&row, 1, name, sizeof(name));
	assert_string_equal(name, "");
	assert_wrong("name: expected text of up to 9 bytes, found nothing");
}

static void text_that_is_too_long_is_refused_not_cut(void **state)
{
	char name[7];

	(void)state;
	write_and_read(sql_text("cuisine"), sql_null());
	sql_row_text(&row, 1, name, sizeof(name));
	assert_string_equal(name, "");
	assert_wrong("name: expected text of up to 6 bytes, found cuisine");
}

static void the_first_wrong_value_is_the_reason(void **state)
{
	(void)state;
	write_and_read(sql_text("cuisine"), sql_number(-1));
	sql_row_number(&row, 2, 0, 9);
	sql_row_flag(&row, 0);
	assert_wrong("wh: expected a whole number from 0 to 9, found -1");
}

static void one_number_is_asked_for_and_its_absence_is_a_failure(void **state)
{
	struct fail fail = {0};
	int64_t number = 0;

	(void)state;
	write_and_read(sql_null(), sql_number(3));
	assert_true(sql_one_number(
		database, database_prepare(database, "SELECT max(wh) FROM meter"), &number, &fail));
	assert_int_equal(number, 3);
	assert_false(sql_one_number(database,
				    database_prepare(database, "SELECT wh FROM meter WHERE id = 1"),
				    &number, &fail));
	assert_string_equal(fail.text, "SELECT wh FROM meter WHERE id = 1: no number found");
	assert_false(sql_one_number(database, database_prepare(database, "SELECT x FROM nowhere"),
				    &number, NULL));
	assert_int_equal(number, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_of_every_kind_come_back),
		TEST(a_number_out_of_range_is_refused_with_file_and_column),
		TEST(a_value_of_another_type_is_refused),
		TEST(text_that_is_too_long_is_refused_not_cut),
		TEST(the_first_wrong_value_is_the_reason),
		TEST(one_number_is_asked_for_and_its_absence_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
