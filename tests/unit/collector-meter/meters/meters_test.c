/* The meters in a real loop: recordings from a file, and GPIO lines whose kernel is
 * played here by a pipe for each line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/gpio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector-meter/input/lines.h"
#include "collector-meter/input/lines_gpiod.h"
#include "collector-meter/meters/meters.h"
#include "common/process/clock.h"

static ns_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

/* -------- the kernel's side of GPIO lines -------- */

static struct {
	int write_end; /* 0: not open, -1: the chip is gone */
	bool level;
	uint32_t sequence;
} wires[8];
static bool chip_is_missing;
static ns_t early; /* an edge to on that comes between the request and the reading of the level */

const enum gpio_abi gpio_abi = GPIO_ABI_2;

static void wire(size_t offset, bool on, ns_t t)
{
	struct gpio_v2_line_event event = {
		.timestamp_ns = (uint64_t)t,
		.id = on ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE,
		.line_seqno = ++wires[offset].sequence,
	};

	assert_int_equal(write(wires[offset].write_end, &event, sizeof(event)), sizeof(event));
}

static void unplug(size_t offset)
{
	close(wires[offset].write_end); /* POLLHUP */
	wires[offset].write_end = -1;
}

int gpio_line_open(const struct line_settings *line, bool *level, struct fail *fail)
{
	int ends[2];

	if (chip_is_missing) {
		fail_set(fail, "there is no chip");
		return -1;
	}
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	if (wires[line->offset].write_end > 0)
		close(wires[line->offset].write_end);
	wires[line->offset].write_end = ends[1];
	wires[line->offset].sequence = 0;
	if (early)
		wire((size_t)line->offset, true, early);
	*level = wires[line->offset].level;
	return ends[0];
}

/* -------- meters, and what their sink got -------- */

static struct source_settings sources[2];
static struct meter_settings settings = {.sources = {.count = 2, .items = sources}};

static struct bench {
	struct loop *loop;
	struct meters *meters;
	size_t pulses[2], marks[2], edges;
	struct record last[2], first[2];
	bool has_before;
	struct resume_point before[2];
	ms_t last_pulse;
	bool online[2], finished;
	size_t room;	      /* events it takes before it is not ready */
	size_t stop_at_pulse; /* stops the loop; 0: never */
} bench;

static void take_edge(void *context, const struct edge *edge, ms_t t)
{
	(void)context;
	(void)edge;
	(void)t;
	bench.edges++;
}

static void take_event(void *context, size_t source, const struct counter *counter,
		       const struct counter_event *event, ms_t t)
{
	(void)context;
	(void)counter;
	assert_true(bench.online[source]);
	assert_true(bench.room > 0);
	bench.room--;
	if (event->kind == COUNTER_RECORD) {
		assert_int_equal(event->record.t, t);
		if (!bench.marks[source]++)
			bench.first[source] = event->record;
		bench.last[source] = event->record;
		return;
	}
	bench.pulses[source]++;
	bench.last_pulse = t;
	if (bench.pulses[source] == bench.stop_at_pulse)
		loop_stop(bench.loop, EXIT_DONE);
}

static void take_online(void *context, size_t source, bool online)
{
	(void)context;
	assert_int_not_equal(bench.online[source], online);
	bench.online[source] = online;
}

static void take_finished(void *context)
{
	(void)context;
	bench.finished = true;
	loop_stop(bench.loop, EXIT_DONE);
}

static bool is_ready(void *context)
{
	(void)context;
	return bench.room > 0;
}

static bool resume_point(void *context, size_t source, struct resume_point *point)
{
	(void)context;
	*point = bench.before[source];
	return bench.has_before;
}

static const struct meter_sink sink = {
	.edge = take_edge,
	.event = take_event,
	.online = take_online,
	.finished = take_finished,
	.resume_point = resume_point,
	.ready = is_ready,
};

static const struct line_settings no_line;

static int set_up(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	memset(wires, 0, sizeof(wires));
	early = 0;
	chip_is_missing = false;
	settings.replay[0] = '\0';
	for (int s = 0; s < 2; s++) {
		sources[s] = (struct source_settings){.source = "a",
						      .min_on_ms = 30,
						      .min_off_ms = 30,
						      .min_interval_ms = NAN,
						      .nominal_w = NAN};
		sources[s].source[0] = (char)('a' + s);
		for (int role = 0; role < LINE_ROLES; role++)
			sources[s].lines[role] = (struct line_settings){
				.given = true, .chip = "c", .offset = s * LINE_ROLES + role};
	}
	sources[1].lines[LINE_SIGNAL] = no_line;
	bench.room = SIZE_MAX;
	bench.loop = loop_open();
	assert_non_null(bench.loop);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	meters_close(bench.meters);
	loop_close(bench.loop);
	for (int i = 0; i < 8; i++)
		if (wires[i].write_end > 0)
			close(wires[i].write_end);
	if (settings.replay[0])
		unlink(settings.replay);
	return 0;
}

static void open_meters(void)
{
	struct fail fail = {0};

	bench.meters = meters_open(&settings, bench.loop, &sink, &fail);
	if (!bench.meters)
		fail_msg("%s", fail.text);
}

static void close_meters(void)
{
	meters_close(bench.meters);
	bench.meters = NULL;
}

/* A recording of `count` pulses a second on both meters, and `end` after it. */
static void record_pulses(int count, const char *end)
{
	FILE *file;
	int fd;

	strcpy(settings.replay, "/tmp/meters_test.XXXXXX");
	fd = mkstemp(settings.replay);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	fprintf(file, "1358204400 a.top 1\n1358204400 b.peak 1\n1358204400.1 a.top 0\n");
	for (int i = 1; i <= count; i++)
		for (int level = 1; level >= 0; level--)
			for (int meter = 'a'; meter <= 'b'; meter++)
				fprintf(file, "%d.%d %c.pulse %d\n", 1358204400 + i, 1 - level,
					meter, level);
	fputs(end, file);
	fclose(file);
}

/* -------- recordings -------- */

static void a_recording_is_reported_completely_and_then_ends(void **state)
{
	(void)state;
	record_pulses(10000, "");
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_true(bench.finished);
	assert_int_equal(bench.edges, 3 + 40000);
	for (int s = 0; s < 2; s++) {
		assert_int_equal(bench.pulses[s], 10000);
		assert_false(bench.online[s]);
		assert_int_equal(bench.last[s].mark, MARK_STOP);
		assert_int_equal(bench.last[s].t, INT64_C(1358214400100));
		assert_int_equal(bench.last[s].pulses, 10000);
	}
	/* start, top10 of one, 166 minutes, stop */
	assert_int_equal(bench.marks[0], 1 + 1 + 166 + 1);
	assert_int_equal(bench.marks[1], 1 + 166 + 1);
	assert_int_equal(bench.last[0].peak, NO);
	assert_int_equal(bench.last[1].peak, YES);
}

static void make_room(void *context)
{
	(void)context;
	bench.room = 777;
	meters_resume(bench.meters);
}

static void a_recording_waits_for_a_sink_that_is_not_ready(void **state)
{
	(void)state;
	/* A month of minutes in a single line, too. */
	record_pulses(2000, "1360800000\n");
	bench.room = 500;
	open_meters();
	loop_every(bench.loop, 1, make_room, NULL);
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_true(bench.finished);
	for (int s = 0; s < 2; s++) {
		assert_int_equal(bench.pulses[s], 2000);
		assert_int_equal(bench.last[s].mark, MARK_STOP);
		assert_int_equal(bench.last[s].t, INT64_C(1360800000000));
	}
	assert_int_equal(bench.marks[1], 1 + 43260 + 1);
}

static void a_bad_line_ends_the_program_with_a_failure(void **state)
{
	(void)state;
	record_pulses(10, "1358204500 a.pulse on\n");
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_FAILED);
	assert_false(bench.finished);
}

static void a_recording_that_is_left_has_no_stop_and_goes_on_at_its_resume_point(void **state)
{
	size_t marks[2], pulses[2];

	(void)state;
	record_pulses(10000, "");
	bench.stop_at_pulse = 4000;
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	close_meters();
	assert_false(bench.finished);
	for (int s = 0; s < 2; s++) {
		assert_false(bench.online[s]);
		assert_int_equal(bench.last[s].mark, MARK_MINUTE);
		bench.before[s] = (struct resume_point){.pulses = bench.last[s].pulses,
							.until = bench.last[s].t * NS_PER_MS,
							.mark = bench.last[s].mark};
		marks[s] = bench.marks[s];
		pulses[s] = (size_t)bench.last[s].pulses;
		bench.marks[s] = bench.pulses[s] = 0;
	}
	loop_close(bench.loop);
	bench.loop = loop_open();
	bench.has_before = true;
	bench.stop_at_pulse = 0;
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_true(bench.finished);
	for (int s = 0; s < 2; s++) {
		assert_int_equal(pulses[s] + bench.pulses[s], 10000);
		assert_int_equal(bench.last[s].pulses, 10000);
		assert_int_equal(bench.last[s].mark, MARK_STOP);
		assert_int_equal(marks[s] + bench.marks[s], (s == 0 ? 3 : 2) + 166);
	}
}

static void a_recording_after_its_resume_point_begins_with_the_time_between(void **state)
{
	(void)state;
	record_pulses(10, "");
	bench.has_before = true;
	bench.before[0] = (struct resume_point){
		.pulses = 1000, .until = INT64_C(1358204398500) * NS_PER_MS, .mark = MARK_STOP};
	bench.before[1] = (struct resume_point){
		.pulses = 2000, .until = INT64_C(1358204400000) * NS_PER_MS, .mark = MARK_STOP};
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_int_equal(bench.first[0].mark, MARK_START);
	assert_int_equal(bench.first[0].blind_ms, 1500);
	assert_int_equal(bench.first[0].pulses, 1000);
	assert_int_equal(bench.last[0].pulses, 1010);
	/* The record at its first moment was a stop: that was the last of it. */
	assert_int_equal(bench.first[1].mark, MARK_STOP);
	assert_int_equal(bench.last[1].pulses, 2010);
}

static void a_pipe_that_is_left_has_a_stop(void **state)
{
	static const char text[] = "1358204400\n1358204401 a.pulse 1\n1358204402 a.pulse 0\n"
				   "1358204403\n";
	int fd;

	(void)state;
	strcpy(settings.replay, "/tmp/meters_test.XXXXXX");
	close(mkstemp(settings.replay));
	unlink(settings.replay);
	assert_int_equal(mkfifo(settings.replay, 0600), 0);
	fd = open(settings.replay, O_RDWR);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	bench.stop_at_pulse = 1;
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	close_meters();
	close(fd);
	assert_int_equal(bench.last[0].mark, MARK_STOP);
	assert_int_equal(bench.last[0].pulses, 1);
}

/* -------- GPIO -------- */

static void a_pulse_is_reported_when_it_is_certain_with_the_boot_time_of_its_edge(void **state)
{
	ns_t edge;
	ms_t expected;

	(void)state;
	open_meters();
	bench.stop_at_pulse = 1;
	edge = now();
	expected = clock_boot();
	wire(0, true, edge);
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_true(now() >= edge + 30 * NS_PER_MS);
	assert_in_range(bench.last_pulse, expected - 5, expected + 5);
	assert_int_equal(bench.pulses[0], 1);
	assert_int_equal(bench.pulses[1], 0);
	assert_true(bench.online[0] && bench.online[1]);
	close_meters();
	assert_false(bench.online[0] || bench.online[1]);
	assert_int_equal(bench.last[0].mark, MARK_STOP);
	assert_int_equal(bench.last[0].pulses, 1);
}

static void a_count_goes_on_and_records_how_long_edges_were_not_seen(void **state)
{
	ns_t before = now();

	(void)state;
	bench.has_before = true;
	bench.before[0] = (struct resume_point){.pulses = 1000, .until = before - 5000 * NS_PER_MS};
	/* Before this boot. */
	bench.before[1] = (struct resume_point){.pulses = 2000, .until = -7000 * NS_PER_MS};
	open_meters();
	bench.stop_at_pulse = 1;
	wire(0, true, now() + 2 * NS_PER_MS);
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	close_meters();
	assert_int_equal(bench.first[0].pulses, 1000);
	assert_in_range(bench.first[0].blind_ms, 5000, 5000 + (now() - before) / NS_PER_MS + 1);
	assert_int_equal(bench.first[1].pulses, 2000);
	assert_in_range(bench.first[1].blind_ms, 7000 + before / NS_PER_MS,
			7000 + now() / NS_PER_MS + 1);
	assert_int_equal(bench.last[0].pulses, 1001);
}

static void lines_come_back(void *context)
{
	(void)context;
	if (bench.marks[0] == 2 && chip_is_missing) {
		chip_is_missing = false;
		bench.marks[0] = 0;
	}
	if (bench.marks[0] && !chip_is_missing && bench.online[0])
		loop_stop(bench.loop, EXIT_DONE);
}

static void a_chip_that_comes_back_records_how_long_it_was_gone(void **state)
{
	(void)state;
	open_meters();
	chip_is_missing = true;
	loop_every(bench.loop, 1, lines_come_back, NULL);
	unplug(LINE_SIGNAL);
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_int_equal(bench.first[0].mark, MARK_START);
	/* It is looked for every 5 s. */
	assert_in_range(bench.first[0].blind_ms, 4000, 60000);
}

static void an_edge_before_the_level_was_read_shows_the_level_at_the_start(void **state)
{
	(void)state;
	/* All lines go on between the request and the reading, which is on: a pulse, and a
	 * contact that was open at the start. */
	early = now() + 2 * NS_PER_MS;
	for (int i = 0; i < 8; i++)
		wires[i].level = true;
	bench.stop_at_pulse = 1;
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	close_meters();
	assert_int_equal(bench.pulses[0], 1);
	assert_int_equal(bench.last[0].peak, YES);
	assert_true(bench.marks[0] >= 3); /* start, contacts, top10, stop */
}

static void levels_at_the_start_are_in_the_start_record_and_are_no_pulses(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		wires[i].level = true;
	open_meters();
	bench.stop_at_pulse = 1;
	{
		ns_t t = now();

		wire(LINE_ROLES + LINE_PULSE, false, t);
		wire(LINE_ROLES + LINE_PULSE, true, t + 31 * NS_PER_MS);
	}
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	close_meters();
	assert_int_equal(bench.pulses[0], 0);
	assert_int_equal(bench.pulses[1], 1);
	assert_int_equal(bench.marks[0], 2);
	assert_int_equal(bench.last[0].off_peak, YES);
	assert_int_equal(bench.last[0].peak, YES);
}

static size_t ticks;

static void tick(void *context)
{
	(void)context;
	if (++ticks == 20)
		loop_stop(bench.loop, EXIT_DONE);
}

static void a_meter_whose_chip_is_missing_is_offline_and_the_program_goes_on(void **state)
{
	(void)state;
	chip_is_missing = true;
	ticks = 0;
	open_meters();
	loop_every(bench.loop, 1, tick, NULL);
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_false(bench.online[0] || bench.online[1]);
}

/* The sink asserts that each call is a change. */
static void meters_that_end_before_they_began_are_not_reported(void **state)
{
	(void)state;
	open_meters();
	close_meters();
	assert_false(bench.online[0] || bench.online[1]);
	assert_int_equal(bench.marks[0], 0);
	record_pulses(0, "");
	assert_int_equal(truncate(settings.replay, 0), 0);
	open_meters();
	assert_int_equal(loop_run(bench.loop), EXIT_FAILED);
	close_meters();
	assert_int_equal(bench.marks[0], 0);
}

static void a_chip_that_goes_away_stops_its_meter_only(void **state)
{
	(void)state;
	ticks = 0;
	open_meters();
	loop_every(bench.loop, 1, tick, NULL);
	unplug(LINE_SIGNAL);
	assert_int_equal(loop_run(bench.loop), EXIT_DONE);
	assert_false(bench.online[0]);
	assert_true(bench.online[1]);
	assert_int_equal(bench.last[0].mark, MARK_STOP);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_recording_is_reported_completely_and_then_ends),
		test(a_recording_waits_for_a_sink_that_is_not_ready),
		test(a_bad_line_ends_the_program_with_a_failure),
		test(a_recording_that_is_left_has_no_stop_and_goes_on_at_its_resume_point),
		test(a_recording_after_its_resume_point_begins_with_the_time_between),
		test(a_pipe_that_is_left_has_a_stop),
		test(a_pulse_is_reported_when_it_is_certain_with_the_boot_time_of_its_edge),
		test(a_count_goes_on_and_records_how_long_edges_were_not_seen),
		test(a_chip_that_comes_back_records_how_long_it_was_gone),
		test(an_edge_before_the_level_was_read_shows_the_level_at_the_start),
		test(levels_at_the_start_are_in_the_start_record_and_are_no_pulses),
		test(a_meter_whose_chip_is_missing_is_offline_and_the_program_goes_on),
		test(meters_that_end_before_they_began_are_not_reported),
		test(a_chip_that_goes_away_stops_its_meter_only),
	};

	/* The loop blocks the signals that would end a test that hangs. */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
