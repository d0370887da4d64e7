#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector-meter/input/lines.h"

/* -------- a recording of two meters -------- */

static struct source_settings sources[] = {
	{.source = "global", .lines = {{.given = true}, {.given = true}, {.given = true}}},
	{.source = "gaz", .lines = {{.given = true}}},
};

static struct meter_settings settings = {.sources = {.count = 2, .items = sources}};

static char directory[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/replay_test.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(settings.replay, sizeof(settings.replay), "%s/edges", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(settings.replay);
	return rmdir(directory);
}

static struct lines *open_text(const char *text)
{
	struct fail fail = {0};
	FILE *file = fopen(settings.replay, "w");
	struct lines *lines;

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	lines = lines_open_replay(&settings, &fail);
	if (!lines)
		fail_msg("%s", fail.text);
	return lines;
}

static struct edge an_edge(size_t source, enum line_role role, bool on, ns_t t)
{
	return (struct edge){.source = source, .role = role, .on = on, .t = t};
}

static void assert_next(struct lines *lines, enum lines_event expected, struct edge edge)
{
	struct fail fail = {0};
	struct edge found = {0};
	enum lines_event event = lines->next(lines, &found, &fail);

	if (event == LINES_FAILED)
		fail_msg("%s", fail.text);
	assert_int_equal(event, expected);
	if (event == LINES_NOTHING)
		return;
	assert_int_equal(found.t, edge.t);
	if (event != LINES_EDGE)
		return;
	assert_int_equal(found.source, edge.source);
	assert_int_equal(found.role, edge.role);
	assert_int_equal(found.on, edge.on);
}

static void assert_refused(const char *text, const char *reason)
{
	struct lines *lines = open_text(text);
	struct fail fail = {0};
	struct edge edge;
	enum lines_event event;
	char expected[500];

	do {
		event = lines->next(lines, &edge, &fail);
		assert_int_not_equal(event, LINES_NOTHING);
	} while (event == LINES_START || event == LINES_EDGE);
	assert_int_equal(event, LINES_FAILED);
	snprintf(expected, sizeof(expected), "%s:%s", settings.replay, reason);
	assert_string_equal(fail.text, expected);
	lines->close(lines, false);
}

#define T(seconds, ns) ((seconds)*NS_PER_SECOND + (ns))

/* -------- what is read -------- */

static void edges_have_the_times_of_the_recording_to_the_nanosecond(void **state)
{
	struct lines *lines = open_text("# a comment\n"
					"\n"
					"1358204400.25 global.pulse 1\n"
					"1358204400.3 global.pulse 0 # and another\n"
					" 1358204400.300000001\tgaz.pulse   1\r\n"
					"1358204402 global.top 1\n"
					"1358204402. global.off-peak 1\n"
					"1358204402.999999999 global.top 0\n");

	(void)state;
	assert_next(lines, LINES_START, (struct edge){.t = T(1358204400, 250000000)});
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_PULSE, true, T(1358204400, 250000000)));
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_PULSE, false, T(1358204400, 300000000)));
	assert_int_equal(lines->horizon, T(1358204400, 300000000));
	assert_next(lines, LINES_EDGE, an_edge(1, LINE_PULSE, true, T(1358204400, 300000001)));
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_SIGNAL, true, T(1358204402, 0)));
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_OFF_PEAK, true, T(1358204402, 0)));
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_SIGNAL, false, T(1358204402, 999999999)));
	assert_next(lines, LINES_END, (struct edge){.t = T(1358204402, 999999999)});
	assert_next(lines, LINES_NOTHING, (struct edge){0});
	lines->close(lines, false);
}

static void a_bare_time_lets_time_pass_up_to_the_end(void **state)
{
	struct lines *lines = open_text("1000\n1001.5 gaz.pulse 1\n2000\n3000.125");

	(void)state;
	assert_next(lines, LINES_START, (struct edge){.t = T(1000, 0)});
	assert_next(lines, LINES_EDGE, an_edge(1, LINE_PULSE, true, T(1001, 500000000)));
	assert_next(lines, LINES_END, (struct edge){.t = T(3000, 125000000)});
	assert_int_equal(lines->horizon, T(3000, 125000000));
	lines->close(lines, false);
}

static void a_level_of_0_at_the_first_time_is_no_edge(void **state)
{
	struct lines *lines = open_text("1000 global.off-peak 0\n"
					"1000 global.top 1\n"
					"1000.000 global.pulse 0\n"
					"1001 global.pulse 0\n");

	(void)state;
	assert_next(lines, LINES_START, (struct edge){.t = T(1000, 0)});
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_SIGNAL, true, T(1000, 0)));
	assert_next(lines, LINES_EDGE, an_edge(0, LINE_PULSE, false, T(1001, 0)));
	assert_next(lines, LINES_END, (struct edge){.t = T(1001, 0)});
	lines->close(lines, false);
}

static void a_recording_longer_than_any_buffer_is_read_whole(void **state)
{
	FILE *file = fopen(settings.replay, "w");
	struct fail fail = {0};
	struct lines *lines;

	(void)state;
	assert_non_null(file);
	fprintf(file, "0\n");
	for (int i = 1; i <= 20000; i++)
		fprintf(file, "%d.5 global.pulse %d\n", i, i % 2);
	fclose(file);
	lines = lines_open_replay(&settings, &fail);
	assert_non_null(lines);
	assert_next(lines, LINES_START, (struct edge){0});
	for (int i = 1; i <= 20000; i++)
		assert_next(lines, LINES_EDGE, an_edge(0, LINE_PULSE, i % 2, T(i, 500000000)));
	assert_next(lines, LINES_END, (struct edge){.t = T(20000, 500000000)});
	lines->close(lines, false);
}

static void a_fifo_waits_for_more_even_when_its_writer_goes_away(void **state)
{
	struct fail fail = {0};
	struct lines *lines;
	int writer;

	(void)state;
	unlink(settings.replay);
	assert_int_equal(mkfifo(settings.replay, 0600), 0);
	lines = lines_open_replay(&settings, &fail);
	assert_non_null(lines);
	assert_next(lines, LINES_NOTHING, (struct edge){0});
	for (int i = 1; i <= 3; i++) {
		char text[64];
		int size = snprintf(text, sizeof(text), "%d gaz.pulse 1\n%d gaz.pu", i, i);

		writer = open(settings.replay, O_WRONLY | O_NONBLOCK);
		assert_true(writer >= 0);
		assert_int_equal(write(writer, text, (size_t)size), size);
		if (i == 1)
			assert_next(lines, LINES_START, (struct edge){.t = T(1, 0)});
		assert_next(lines, LINES_EDGE, an_edge(1, LINE_PULSE, true, T(i, 0)));
		/* Half a line is none yet. */
		assert_next(lines, LINES_NOTHING, (struct edge){0});
		assert_int_equal(write(writer, "lse 0\n", 6), 6);
		close(writer);
		if (i > 1)
			assert_next(lines, LINES_EDGE, an_edge(1, LINE_PULSE, false, T(i, 0)));
		assert_next(lines, LINES_NOTHING, (struct edge){0});
	}
	lines->close(lines, false);
	unlink(settings.replay);
}

/* -------- what is refused -------- */

#define NO_TIME " expected a Unix time in seconds with at most 9 decimals, such as 1358204400.25"

static void a_bad_line_is_refused_with_its_place_and_what_was_expected(void **state)
{
	(void)state;
	assert_refused("1000\nyesterday global.pulse 1\n", "2:" NO_TIME);
	assert_refused("1000.0000000001 global.pulse 1\n", "1:" NO_TIME);
	assert_refused("99999999999 global.pulse 1\n", "1:" NO_TIME);
	assert_refused("-5 global.pulse 1\n", "1:" NO_TIME);
	assert_refused("1000,5 global.pulse 1\n", "1:" NO_TIME);
	assert_refused("# x\n1000 global.pulse\n",
		       "2: expected SECONDS SOURCE.LINE LEVEL with the level 0 or 1");
	assert_refused("1000 global.pulse 2\n",
		       "1: expected SECONDS SOURCE.LINE LEVEL with the level 0 or 1");
	assert_refused("1000 global.pulse 10\n",
		       "1: expected SECONDS SOURCE.LINE LEVEL with the level 0 or 1");
	assert_refused("1000 global.pulse 1 1\n",
		       "1: expected SECONDS SOURCE.LINE LEVEL with the level 0 or 1");
	assert_refused(
		"1000 global.peak 1\n",
		"1: \"global.peak\" is not a line of the configuration, expected SOURCE.pulse, "
		"SOURCE.top, SOURCE.off-peak or SOURCE.peak, such as global.pulse");
	assert_refused(
		"1000 gaz.pulses 1\n",
		"1: \"gaz.pulses\" is not a line of the configuration, expected SOURCE.pulse, "
		"SOURCE.top, SOURCE.off-peak or SOURCE.peak, such as global.pulse");
}

static void a_time_that_goes_back_is_refused(void **state)
{
	(void)state;
	assert_refused("1000\n1001 gaz.pulse 1\n1000.999999999 gaz.pulse 0\n",
		       "3: the time is before that of the line above, expected ascending times");
}

static void an_empty_recording_is_refused(void **state)
{
	(void)state;
	assert_refused("", " contains no time, expected lines TIME NAME LEVEL");
	assert_refused("# nothing\n", " contains no time, expected lines TIME NAME LEVEL");
}

static void a_line_without_end_is_refused(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, '7', sizeof(text) - 1);
	assert_refused(text, "1: the line is too long");
}

static void a_recording_that_is_not_there_is_a_failure(void **state)
{
	struct fail fail = {0};
	char expected[500];

	(void)state;
	unlink(settings.replay);
	assert_null(lines_open_replay(&settings, &fail));
	snprintf(expected, sizeof(expected),
		 "replay: %s: No such file or directory, expected a file of edges or a FIFO",
		 settings.replay);
	assert_string_equal(fail.text, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_have_the_times_of_the_recording_to_the_nanosecond),
		cmocka_unit_test(a_bare_time_lets_time_pass_up_to_the_end),
		cmocka_unit_test(a_level_of_0_at_the_first_time_is_no_edge),
		cmocka_unit_test(a_recording_longer_than_any_buffer_is_read_whole),
		cmocka_unit_test(a_fifo_waits_for_more_even_when_its_writer_goes_away),
		cmocka_unit_test(a_bad_line_is_refused_with_its_place_and_what_was_expected),
		cmocka_unit_test(a_time_that_goes_back_is_refused),
		cmocka_unit_test(an_empty_recording_is_refused),
		cmocka_unit_test(a_line_without_end_is_refused),
		cmocka_unit_test(a_recording_that_is_not_there_is_a_failure),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
