#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/collector/outbox_file.h"
#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"
#include "tests/unit/common/script.h"

#define T0 INT64_C(1764000000000)

static char name[200];
static struct outbox_file *file;

static void open_file(void)
{
	struct fail fail = {0};

	file = outbox_file_open(name, "this boot", &fail);
	if (!file)
		fail_msg("%s", fail.text);
}

/* Changes the file from outside, while nobody has it open, and opens it. */
static void change(const char *sql)
{
	sqlite3 *handle;

	outbox_file_close(file);
	assert_int_equal(sqlite3_open(name, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
	open_file();
}

/* Three records of a pulse meter and one of another. */
static int set_up(void **state)
{
	struct outbox_row rows[] = {
		{.record = {.seq = 1, .t = T0, .is_pulse = true, .pulses = 11, .mark = MARK_START}},
		{.record = {.seq = 2,
			    .t = T0,
			    .is_pulse = true,
			    .pulses = 12,
			    .mark = MARK_MINUTE,
			    .index_set = true,
			    .index_from = 9,
			    .index_by = "Anna"}},
		{.record = {.seq = 3, .t = T0, .wh = 0.1, .mark = MARK_NONE}, .source = 1},
		{.record = {.seq = 4, .t = T0, .is_pulse = true, .pulses = 13, .mark = MARK_STOP}},
	};
	struct backlog backlog = {.rows = rows, .count = 4};
	struct fail fail = {0};

	(void)state;
	folder_make();
	logged_begin();
	snprintf(name, sizeof(name), "%s/cuisine.outbox", folder);
	open_file();
	outbox_positions_set(outbox_file_positions(file),
			     outbox_positions_source(outbox_file_positions(file), "global"),
			     &(struct outbox_position){.pulses = 13, .mark = MARK_STOP, .t = T0});
	outbox_positions_set(outbox_file_positions(file),
			     outbox_positions_source(outbox_file_positions(file), "self"),
			     &(struct outbox_position){.wh = 0.1, .mark = MARK_NONE, .t = T0});
	if (!outbox_file_save(file, &backlog, true, &fail))
		fail_msg("%s", fail.text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outbox_file_close(file);
	logged_end();
	folder_remove();
	return 0;
}

/* All that is in the file, in short: "1 2<1 3<2 4<3", each with the number before it. */
static void assert_records(const char *expected)
{
	struct fail fail = {0};
	struct outbox_row row;
	enum outbox_read read;
	char text[200] = "";
	size_t length = 0;

	for (int64_t seq = 0; (read = outbox_file_next(file, seq, &row, &fail)) == OUTBOX_ROW;
	     seq = row.record.seq)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%lld<%lld",
					   length ? " " : "", (long long)row.record.seq,
					   (long long)row.record.prev);
	assert_int_equal(read, OUTBOX_NONE);
	assert_string_equal(text, expected);
}

static void assert_logged(const char *text)
{
	if (!logged(text))
		fail_msg("not logged: %s", text);
}

/* -------- values that cannot be right -------- */

static void a_wrong_record_is_deleted_with_one_error_and_the_others_come(void **state)
{
	static const struct {
		const char *change, *expected;
	} cases[] = {
		{"t = -1", "column t: expected a whole number from 0 to 253402300799999, found -1"},
		{"t = 'noon'", "column t: expected"},
		{"source = 3", "column source: expected a whole number from 1 to 2, found 3"},
		{"source = 0", "column source: expected"},
		{"source = -9223372036854775808", "column source: expected"},
		{"undated = 7", "column undated: expected a whole number from 0 to 1, found 7"},
		{"pulses = -1", "column pulses: expected a whole number from 0 to"},
		{"pulses = 9e15 + 2", "column pulses: expected"},
		{"blind_ms = -1", "column blind_ms: expected"},
		{"lost = x'00'", "column lost: expected"},
		{"lost_possible = 2", "column lost_possible: expected"},
		{"index_from = -1", "column index_from: expected"},
		{"index_by = NULL", "column index_by: expected text of up to 64 bytes"},
		{"index_by = printf('%.*c', 65, 'a')", "column index_by: expected text"},
		{"index_by = char(10)", "column index_by: expected 1 to 64 bytes of UTF-8 text"},
		{"pulses = NULL, wh = 1", "column pulses: expected a number, since the index"},
		{"pulses = NULL, wh = 9e99", "column wh: expected a number from 0 to 9e+12"},
		{"pulses = NULL", "column wh: expected a number from 0 to 9e+12, found nothing"},
	};
	char sql[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tear_down(NULL);
		set_up(NULL);
		snprintf(sql, sizeof(sql), "UPDATE record SET %s WHERE seq = 2", cases[i].change);
		change(sql);
		assert_records("1<0 3<1 4<3");
		snprintf(sql, sizeof(sql), "%s: table record, %s", name, cases[i].expected);
		assert_logged(sql);
		assert_int_equal(logged("record 2 is deleted"), 1);
		assert_int_equal(outbox_file_state(file)->rows, 3);
		assert_int_equal(outbox_file_state(file)->unacknowledged, 3);
		assert_records("1<0 3<1 4<3");
		assert_int_equal(logged("deleted"), 1);
	}
}

static void the_number_of_a_wrong_record_is_not_given_again(void **state)
{
	(void)state;
	change("UPDATE record SET t = -1 WHERE seq = 4");
	assert_records("1<0 2<1 3<2");
	change("SELECT 1");
	assert_int_equal(outbox_file_state(file)->newest, 4);
	assert_records("1<0 2<1 3<2");
}

static void a_choice_that_does_not_exist_is_replaced_and_logged(void **state)
{
	struct outbox_row row;

	(void)state;
	change("UPDATE record SET mark = 17, peak = 3 WHERE seq = 1;"
	       "UPDATE record SET mark = 6 WHERE seq = 3");
	assert_int_equal(outbox_file_next(file, 0, &row, NULL), OUTBOX_ROW);
	assert_int_equal(row.record.mark, MARK_MINUTE);
	assert_int_equal(row.record.peak, UNKNOWN);
	assert_int_equal(outbox_file_next(file, 2, &row, NULL), OUTBOX_ROW);
	assert_int_equal(row.record.mark, MARK_NONE);
	assert_logged("table record, column mark: expected a whole number from 0 to 4, found 17");
	assert_logged("table record, column peak: expected a whole number from 0 to 2, found 3");
	assert_logged("table record, column mark: expected a whole number from 0 to 5, found 6");
}

static void a_file_whose_state_or_positions_are_wrong_is_set_aside(void **state)
{
	static const struct {
		const char *change, *expected;
	} cases[] = {
		{"UPDATE state SET stream = 'x'", "table state, column stream: expected 16 digits"},
		{"UPDATE state SET stream = stream || '0'", "column stream: expected text of up"},
		{"UPDATE state SET acked = 5", "column acked: expected a whole number from 0 to 4"},
		{"UPDATE state SET newest = 'many'", "column newest: expected"},
		{"UPDATE state SET downsampled = -1", "column downsampled: expected"},
		{"UPDATE state SET undated = 0.5", "column undated: expected"},
		{"UPDATE state SET boot = x'00'", "column boot: expected text"},
		{"UPDATE state SET origin = printf('%.*c', 41, 'a')", "column origin: expected"},
		{"UPDATE source SET id = 9 WHERE id = 2",
		 "table source, column id: expected a whole number from 2 to 2, found 9"},
		{"UPDATE source SET name = 'self'", "column name: expected an id of its own"},
		{"UPDATE source SET name = 'a/b' WHERE id = 1", "column name: expected an id"},
		{"UPDATE source SET pulses = -1", "column pulses: expected"},
		{"UPDATE source SET wh = 'x'", "column wh: expected"},
		{"UPDATE source SET t = -1", "table source, column t: expected"},
		{"UPDATE source SET undated = 2", "column undated: expected"},
		{"UPDATE source SET seen_boot = -2", "column seen_boot: expected"},
		{"UPDATE source SET anchor = 9e18", "column anchor: expected"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tear_down(NULL);
		set_up(NULL);
		change(cases[i].change);
		assert_logged(cases[i].expected);
		assert_int_equal(logged("set aside"), 1);
		assert_true(folder_find(".damaged-", NULL) >= 1);
		assert_int_equal(outbox_file_state(file)->rows, 0);
		assert_records("");
	}
}

static void what_cannot_be_counted_is_not_acknowledged(void **state)
{
	struct fail fail = {0};
	sqlite3 *handle;

	(void)state;
	/* The statement is not made yet, and the table is gone. */
	assert_int_equal(sqlite3_open(name, &handle), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(handle, "ALTER TABLE record RENAME TO away", NULL, NULL, NULL),
		SQLITE_OK);
	assert_false(outbox_file_acknowledge(file, 3, &fail));
	assert_non_null(strstr(fail.text, "no such table: record"));
	assert_int_equal(outbox_file_state(file)->acked, 0);
	assert_int_equal(outbox_file_state(file)->unacknowledged, 4);
	assert_int_equal(
		sqlite3_exec(handle, "ALTER TABLE away RENAME TO record", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(handle);
	assert_true(outbox_file_acknowledge(file, 3, &fail));
	assert_int_equal(outbox_file_state(file)->unacknowledged, 1);
	assert_true(outbox_file_acknowledge(file, 1, &fail));
	assert_int_equal(outbox_file_state(file)->unacknowledged, 3);
}

/* -------- older files -------- */

/* An outbox that an older program wrote (outbox_v3.sql says which): all that it holds comes back.
 */
static void a_file_of_the_third_version_keeps_what_it_holds(void **state)
{
	const struct outbox_state *file_state;
	const struct outbox_position *position;
	int64_t rows = 0, pulses = 0, seqs = 0, times = 0, marks[MARK_NONE] = {0};
	struct outbox_row row = {.record.seq = 0};

	(void)state;
	outbox_file_close(file);
	assert_int_equal(remove(name), 0);
	script_run("tests/unit/common/collector/outbox_v3.sql", name);
	open_file();
	file_state = outbox_file_state(file);
	assert_string_equal(file_state->stream, "d73bb56f49d281d3");
	assert_int_equal(file_state->acked, 10);
	assert_int_equal(file_state->newest, 53);
	assert_int_equal(file_state->rows, 43);
	assert_int_equal(file_state->unacknowledged, 43);
	assert_int_equal(file_state->downsampled, 7);
	assert_int_equal(file_state->undated, 0);
	assert_true(outbox_file_origin(file, "what a recording counts", NULL));
	assert_false(outbox_file_origin(file, "what lines count", NULL));
	position = outbox_positions_find(outbox_file_positions(file), "global");
	assert_int_equal(position->pulses, 1844);
	assert_int_equal(position->mark, MARK_STOP);
	assert_int_equal(position->t, 1358205600000);
	position = outbox_positions_find(outbox_file_positions(file), "gaz");
	assert_int_equal(position->pulses, 2000);
	assert_int_equal(position->mark, MARK_START);
	assert_int_equal(position->t, 1795860022116);
	while (outbox_file_next(file, row.record.seq, &row, NULL) == OUTBOX_ROW) {
		rows++;
		pulses += row.record.pulses;
		seqs += row.record.seq;
		times += row.record.t;
		marks[row.record.mark]++;
		assert_string_equal(row.record.stream, "d73bb56f49d281d3");
	}
	assert_int_equal(rows, 43);
	assert_int_equal(pulses, 37927);
	assert_int_equal(seqs, 1376);
	assert_int_equal(times, 58840474945513);
	assert_int_equal(marks[MARK_TOP10], 1);
	assert_int_equal(marks[MARK_MINUTE], 33);
	assert_int_equal(marks[MARK_CONTACTS], 6);
	assert_int_equal(marks[MARK_START], 1);
	assert_int_equal(marks[MARK_STOP], 2);
	assert_true(row.record.index_set);
	assert_int_equal(row.record.index_from, 113);
	assert_string_equal(row.record.index_by, "Anna");
	assert_int_equal(row.record.blind_ms, 437654422116);
	assert_int_equal(logged("damaged") + logged("deleted"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wrong_record_is_deleted_with_one_error_and_the_others_come),
		TEST(the_number_of_a_wrong_record_is_not_given_again),
		TEST(a_choice_that_does_not_exist_is_replaced_and_logged),
		TEST(a_file_whose_state_or_positions_are_wrong_is_set_aside),
		TEST(what_cannot_be_counted_is_not_acknowledged),
		TEST(a_file_of_the_third_version_keeps_what_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
