#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/collector/backlog.h"
#include "common/collector/downsample.h"
#include "common/collector/outbox_file.h"
#include "tests/unit/common/folder.h"
#include "tests/unit/common/seed.h"

#define T0 INT64_C(1764000000000)

/* One letter a sample, lower case of source 0, upper case of source 1: o ordinary, m marked, s a
 * setting. Those that are dropped become dots. */
static void assert_left(const char *text, enum sample_rank rank, const char *expected)
{
	struct sample samples[40] = {0};
	size_t count = strlen(text), dots = 0;
	char left[41] = "";

	for (size_t i = 0; i < count; i++) {
		char letter = (char)(text[i] | ('a' - 'A'));

		samples[i].seq = (int64_t)i + 1;
		samples[i].source = letter != text[i];
		samples[i].rank = letter == 's' ? SAMPLE_SETTING
						: (letter == 'm' ? SAMPLE_MARKED : SAMPLE_ORDINARY);
		dots += expected[i] == '.';
	}
	assert_int_equal(downsample(samples, count, rank), dots);
	for (size_t i = 0; i < count; i++)
		left[i] = samples[i].dropped ? '.' : text[i];
	assert_string_equal(left, expected);
}

static void every_second_sample_goes_but_neither_the_first_nor_the_last(void **state)
{
	(void)state;
	assert_left("o", SAMPLE_ORDINARY, "o");
	assert_left("oo", SAMPLE_ORDINARY, "oo");
	assert_left("ooo", SAMPLE_ORDINARY, "o.o");
	assert_left("oooo", SAMPLE_ORDINARY, "o.oo");
	assert_left("ooooo", SAMPLE_ORDINARY, "o.o.o");
}

static void sources_do_not_count_for_each_other(void **state)
{
	(void)state;
	assert_left("oOoOoO", SAMPLE_ORDINARY, "oO..oO");
	assert_left("OoooO", SAMPLE_ORDINARY, "Oo.oO");
}

static void marked_samples_go_only_with_the_higher_rank(void **state)
{
	(void)state;
	assert_left("ommmo", SAMPLE_ORDINARY, "ommmo");
	assert_left("ommmo", SAMPLE_MARKED, "o.m.o");
}

static void settings_never_go(void **state)
{
	(void)state;
	assert_left("osssomo", SAMPLE_MARKED, "osss.mo");
	assert_left("ssssss", SAMPLE_SETTING, "ssssss");
}

static void a_record_that_holds_more_than_an_index_has_a_higher_rank(void **state)
{
	(void)state;
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_MINUTE}), SAMPLE_ORDINARY);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_NONE}), SAMPLE_ORDINARY);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_STOP}), SAMPLE_ORDINARY);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_TOP10}), SAMPLE_MARKED);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_START}), SAMPLE_MARKED);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_CONTACTS}), SAMPLE_MARKED);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_MINUTE, .blind_ms = 1}),
			 SAMPLE_MARKED);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_MINUTE, .lost = 1}),
			 SAMPLE_MARKED);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_MINUTE, .lost_possible = true}),
			 SAMPLE_MARKED);
	assert_int_equal(sample_rank(&(struct record){.mark = MARK_START, .index_set = true}),
			 SAMPLE_SETTING);
}

/* -------- backlog and file -------- */

static struct outbox_row random_row(int64_t seq)
{
	static const enum mark marks[] = {MARK_MINUTE, MARK_MINUTE, MARK_MINUTE,  MARK_TOP10,
					  MARK_STOP,   MARK_START,  MARK_CONTACTS};
	struct outbox_row row = {
		.source = (size_t)seed_below(3),
		.record = {.seq = seq,
			   .t = T0 + seq,
			   .is_pulse = true,
			   .mark = marks[seed_below(7)],
			   .blind_ms = seed_below(20) == 0,
			   .lost = seed_below(20) == 0,
			   .lost_possible = seed_below(20) == 0,
			   .index_set = seed_below(20) == 0,
			   .index_by = "Anna"},
	};

	return row;
}

static void save(struct outbox_file *file, const struct backlog *rows)
{
	struct fail fail = {0};

	if (!outbox_file_save(file, rows, true, &fail))
		fail_msg("%s", fail.text);
}

/* A file with the sources "0", "1" and "2". */
static struct outbox_file *open_file(void)
{
	struct fail fail = {0};
	struct outbox_position position = {.t = T0};
	struct outbox_file *file;
	char name[200];

	snprintf(name, sizeof(name), "%s/cuisine.outbox", folder);
	file = outbox_file_open(name, "boot", &fail);
	if (!file)
		fail_msg("%s", fail.text);
	for (int i = 0; i < 3; i++)
		outbox_positions_set(outbox_file_positions(file),
				     outbox_positions_source(outbox_file_positions(file),
							     (char[]){(char)('0' + i), '\0'}),
				     &position);
	return file;
}

static void backlog_and_file_choose_the_same_records(void **state)
{
	struct outbox_file *file = open_file();
	struct backlog backlog = {0}, rows = {0};
	struct outbox_row row;
	struct fail fail = {0};
	int64_t seq = 0, settings = 0, dropped;

	(void)state;
	seed_start(__func__);
	for (int64_t i = 1; i <= BACKLOG_LIMIT; i++) {
		row = random_row(i);
		settings += row.record.index_set;
		backlog_add(&backlog, &row);
		backlog_add(&rows, &row);
	}
	save(file, &rows);
	backlog_clear(&rows);
	/* The file's oldest half is the same. */
	for (int64_t i = BACKLOG_LIMIT + 1; i <= 2 * BACKLOG_LIMIT; i++) {
		row = random_row(i);
		if (i == BACKLOG_LIMIT + 1)
			dropped = (int64_t)backlog_add(&backlog, &row);
		backlog_add(&rows, &row);
	}
	save(file, &rows);
	assert_in_range(dropped, 1000, 5000);
	assert_int_equal(outbox_file_retention(file, BACKLOG_LIMIT, 0), dropped);
	for (size_t i = 0; i < backlog.count; i++) {
		assert_int_equal(outbox_file_next(file, seq, &row, &fail), OUTBOX_ROW);
		seq = row.record.seq;
		assert_int_equal(seq, backlog.rows[i].record.seq);
		settings -= seq <= BACKLOG_LIMIT && row.record.index_set;
	}
	assert_int_equal(seq, BACKLOG_LIMIT + 1);
	assert_int_equal(settings, 0);
	outbox_file_close(file);
	backlog_free(&backlog);
	backlog_free(&rows);
}

static void a_backlog_of_settings_drops_none_of_them(void **state)
{
	struct backlog backlog = {0};

	(void)state;
	for (int64_t i = 1; i <= BACKLOG_LIMIT + 10; i++) {
		struct outbox_row row = {.record = {.seq = i, .mark = MARK_START}};

		row.record.index_set = i != 3;
		/* The only other one goes first, and nothing after it. */
		assert_int_equal(backlog_add(&backlog, &row), i == BACKLOG_LIMIT + 1);
	}
	assert_int_equal(backlog.count, BACKLOG_LIMIT + 9);
	assert_int_equal(backlog.rows[2].record.seq, 4);
	backlog_free(&backlog);
}

static int set_up(void **state)
{
	(void)state;
	folder_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_second_sample_goes_but_neither_the_first_nor_the_last),
		cmocka_unit_test(sources_do_not_count_for_each_other),
		cmocka_unit_test(marked_samples_go_only_with_the_higher_rank),
		cmocka_unit_test(settings_never_go),
		cmocka_unit_test(a_record_that_holds_more_than_an_index_has_a_higher_rank),
		cmocka_unit_test_setup_teardown(backlog_and_file_choose_the_same_records, set_up,
						tear_down),
		cmocka_unit_test(a_backlog_of_settings_drops_none_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
