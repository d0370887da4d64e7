#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"
#include "tests/unit/common/outbox_fixture.h"
#include "tests/unit/common/script.h"
#include "tests/unit/common/seed.h"

bool mqtt_send(struct mqtt *session, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	return session_send(session, topic, payload, size, qos, cookie);
}

/* -------- across restarts -------- */

static void numbers_and_stream_go_on_after_a_restart(void **state)
{
	char stream[STREAM_SIZE];

	(void)state;
	add_many(12);
	flush();
	drain();
	ack(7);
	memcpy(stream, mqtt.last.stream, sizeof(stream));
	reopen();
	expect_waiting(5);
	add_many(1);
	flush();
	assert_int_equal(mqtt.count, 6);
	assert_int_equal(mqtt.flying[0], 8);
	assert_int_equal(mqtt.last.seq, 13);
	assert_int_equal(mqtt.last.prev, 12);
	assert_string_equal(mqtt.last.stream, stream);
}

static void an_ack_that_cannot_be_counted_is_a_trouble_until_the_next_one(void **state)
{
	(void)state;
	add_many(2);
	flush();
	answer_all(MQTT_DELIVERED);
	sql("ALTER TABLE record RENAME TO away");
	ack(1);
	assert_non_null(outbox_trouble(outbox));
	expect_waiting(2);
	sql("ALTER TABLE away RENAME TO record");
	ack(2);
	assert_null(outbox_trouble(outbox));
	expect_waiting(0);
	assert_int_equal(logged("no such table"), 1);
}

static void closing_writes_what_waits(void **state)
{
	(void)state;
	add_many(3);
	reopen();
	expect_waiting(3);
	pump();
	assert_int_equal(mqtt.total, 3);
}

static void a_source_goes_on_from_its_position(void **state)
{
	struct outbox_total total;
	struct record record = {.t = T0, .wh = 12.5, .mark = MARK_NONE};

	(void)state;
	assert_false(outbox_total(outbox, "self", &total));
	add_at("global", MARK_START, T0, 700);
	add_at("global", MARK_STOP, T0 + 60000, 777);
	outbox_add(outbox, "self", &record, true, 4711);
	reopen();
	assert_true(outbox_total(outbox, "global", &total));
	assert_int_equal(total.pulses, 777);
	assert_int_equal(total.mark, MARK_STOP);
	assert_int_equal(total.t, T0 + 60000);
	assert_int_equal(total.seen_boot, 60000);
	assert_true(total.this_boot);
	assert_true(outbox_total(outbox, "self", &total));
	assert_true(total.wh == 12.5);
	assert_int_equal(total.seen_boot, 4711);
	assert_false(outbox_total(outbox, "other", &total));
}

static void a_withheld_record_moves_its_source_but_is_not_sent(void **state)
{
	struct record record = {
		.t = T0 - 5000, .is_pulse = true, .pulses = 780, .mark = MARK_MINUTE};
	struct outbox_total total;

	(void)state;
	add_at("global", MARK_START, T0, 777);
	outbox_move(outbox, "global", &record, 9000);
	reopen();
	assert_true(outbox_total(outbox, "global", &total));
	assert_int_equal(total.pulses, 780);
	assert_int_equal(total.seen_boot, 9000);
	assert_int_equal(total.t, T0);
	assert_int_equal(rows(), 1);
}

/* It may go on so for a day, and a kill must not cost the pulses of that. */
static void a_position_without_a_record_is_written_after_ten_seconds(void **state)
{
	struct record record = {.t = T0 - 5000, .is_pulse = true, .pulses = 780};

	(void)state;
	add_at("global", MARK_START, T0, 777);
	pump();
	for (int i = 0; i < 10; i++, now += SECOND) {
		outbox_move(outbox, "global", &record, 9000 + i);
		pump();
		assert_int_equal(sql("SELECT pulses FROM source"), 777);
	}
	pump();
	assert_int_equal(sql("SELECT pulses FROM source"), 780);
	assert_int_equal(rows(), 1);
}

static void the_anchor_of_this_boot_is_kept(void **state)
{
	struct record record = {.t = T0, .is_pulse = true, .mark = MARK_START};
	ms_t offset = 0;

	(void)state;
	assert_false(outbox_anchor(outbox, &offset));
	outbox_add(outbox, "global", &record, false, 600);
	assert_false(outbox_anchor(outbox, &offset));
	outbox_date(outbox, T0);
	reopen();
	assert_true(outbox_anchor(outbox, &offset));
	assert_int_equal(offset, T0);
	outbox_close(outbox);
	sql("UPDATE state SET boot = 'another'");
	open_outbox();
	assert_false(outbox_anchor(outbox, &offset));
}

/* A child adds and tells how far it is once that is sent, hence on the disk. */
static void add_on_and_on(int report)
{
	for (;;) {
		add_many((int)seed_below(12));
		if (seed_below(3) == 0)
			add("global", MARK_TOP10);
		now += 3000;
		drain();
		if (mqtt.last.seq &&
		    write(report, &mqtt.last.seq, sizeof(mqtt.last.seq)) != sizeof(mqtt.last.seq))
			_exit(4);
	}
}

static void a_kill_at_any_moment_loses_nothing_that_was_sent(void **state)
{
	(void)state;
	seed_start(__func__);
	outbox_close(outbox);
	for (int round = 0; round < 20; round++) {
		int64_t sent = 0, got = 0;
		struct outbox_total total;
		int report[2], status;
		pid_t child;

		assert_int_equal(pipe2(report, O_CLOEXEC), 0);
		child = fork();
		if (child == 0) {
			open_outbox();
			add_on_and_on(report[1]);
		}
		close(report[1]);
		for (int64_t wait = seed_below(60); wait >= 0; wait--)
			assert_int_equal(read(report[0], &got, sizeof(got)), sizeof(got));
		usleep((useconds_t)seed_below(2000));
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		for (sent = got; read(report[0], &got, sizeof(got)) == sizeof(got);)
			sent = got;
		close(report[0]);
		open_outbox();
		assert_true(sql("SELECT max(seq) FROM record") >= sent);
		assert_int_equal(sql("SELECT max(seq) FROM record"), rows());
		assert_true(outbox_total(outbox, "self", &total));
		assert_int_equal(total.t, sql("SELECT t FROM record WHERE source = (SELECT id FROM "
					      "source WHERE name = 'self') ORDER BY seq DESC"));
		assert_int_equal(total.t - T0, total.pulses);
		outbox_close(outbox);
	}
	open_outbox();
	assert_int_equal(folder_find("damaged", NULL), 0);
}

/* -------- a clock that is not set -------- */

static void add_undated(int count, ms_t boot)
{
	for (int i = 0; i < count; i++) {
		struct record record = {
			.t = boot + i, .is_pulse = true, .pulses = i, .mark = MARK_MINUTE};

		outbox_add(outbox, "self", &record, false, boot + i);
	}
}

static void undated_records_wait_for_the_time(void **state)
{
	struct outbox_total total;

	(void)state;
	add_many(2);
	add_undated(5, 1000);
	flush();
	drain();
	assert_int_equal(mqtt.total, 2);
	reopen();
	assert_true(outbox_total(outbox, "self", &total));
	assert_int_equal(total.t, 0);
	add_undated(5, 2000);
	drain();
	assert_int_equal(mqtt.total, 2);
	outbox_date(outbox, T0);
	mqtt.total = 0;
	drain();
	assert_int_equal(mqtt.total, 10);
	assert_int_equal(mqtt.last.t, T0 + 2004);
	assert_int_equal(rows(), sql("SELECT count(*) FROM record WHERE t > 1764000000000"));
	assert_true(outbox_total(outbox, "self", &total));
	assert_int_equal(total.t, T0 + 2004);
	expect_waiting(12);
	reopen();
	drain();
	assert_int_equal(mqtt.total, 12);
}

static void undated_records_of_another_boot_are_withdrawn(void **state)
{
	struct outbox_total total;

	(void)state;
	add_at("self", MARK_START, T0 + 5, 5);
	add_undated(5, 1000);
	outbox_close(outbox);
	sql("UPDATE state SET boot = 'another'");
	open_outbox();
	expect_waiting(1);
	assert_int_equal(outbox_counts(outbox).undated, 5);
	assert_true(outbox_total(outbox, "self", &total));
	assert_false(total.this_boot);
	assert_int_equal(total.pulses, 4);
	assert_int_equal(total.t, T0 + 5);
	add_many(1);
	flush();
	assert_int_equal(mqtt.last.seq, 7);
	assert_int_equal(mqtt.last.prev, 1);
	reopen();
	assert_int_equal(outbox_counts(outbox).undated, 5);
}

/* Whatever happens, in whatever order: nothing is lost but what was dropped, and it ends. */
static void any_sequence_of_events_ends_with_everything_acknowledged(void **state)
{
	static const enum mark marks[] = {MARK_MINUTE, MARK_TOP10, MARK_CONTACTS, MARK_MINUTE};
	bool *received = calloc(5001, 1);
	int64_t added = 0, known = 0;

	(void)state;
	seed_start(__func__);
	while (added < 5000 || outbox_counts(outbox).waiting) {
		now += seed_below(3000);
		switch (seed_below(added < 5000 ? 10 : 8)) {
		case 0:
		case 1: pump(); break;
		case 2:
		case 3:
			while (mqtt.count) {
				/* The broker dies with some. */
				if (seed_below(20))
					received[mqtt.flying[0]] = true;
				answer(MQTT_DELIVERED);
			}
			break;
		case 4:
			if (mqtt.count)
				answer(seed_below(2) ? MQTT_REFUSED : MQTT_NO_SUBSCRIBERS);
			break;
		case 5:
			if (seed_below(10) == 0)
				go_down();
			else
				mqtt.up = true;
			break;
		case 6:
			while (known < added && received[known + 1])
				known++;
			if (known && mqtt.last.seq)
				ack(known);
			break;
		case 7:
			if (seed_below(20) == 0)
				reopen();
			else if (seed_below(10) == 0)
				outbox_aggregator_online(outbox);
			break;
		default:
			for (int64_t i = seed_below(40); i >= 0 && added < 5000; i--, added++)
				add(seed_below(2) ? "self" : "global", marks[seed_below(4)]);
		}
	}
	for (int64_t i = 1; i <= 5000; i++)
		assert_true(received[i]);
	free(received);
}

static void a_file_of_the_first_version_keeps_its_records_and_goes_on(void **state)
{
	(void)state;
	outbox_close(outbox);
	assert_int_equal(unlink(settings.file), 0);
	script_run("tests/unit/common/collector/outbox_v1.sql", settings.file);
	open_outbox();
	assert_int_equal(outbox_counts(outbox).waiting, 2);
	assert_int_equal(outbox_counts(outbox).downsampled, 7);
	add("global", MARK_TOP10);
	pump();
	assert_int_equal(mqtt.count, 3);
	assert_int_equal(mqtt.last.seq, 4);
	assert_int_equal(mqtt.last.prev, 3);
	assert_string_equal(mqtt.last.stream, "0123456789abcdef");
	assert_false(mqtt.last.lost_possible);
	assert_int_equal(sql("SELECT sum(pulses * 100 + lost) FROM record WHERE seq < 4"), 2503);
}

static void a_number_in_the_file_that_is_no_mark_is_replaced(void **state)
{
	struct outbox_total total;
	sqlite3 *file;

	(void)state;
	add_at("global", MARK_STOP, T0, 777);
	outbox_close(outbox);
	assert_int_equal(sqlite3_open(settings.file, &file), SQLITE_OK);
	assert_int_equal(sqlite3_exec(file,
				      "UPDATE record SET mark = 1000, off_peak = 77, peak = -1; "
				      "UPDATE source SET mark = -5",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(file);
	open_outbox();
	assert_true(outbox_total(outbox, "global", &total));
	assert_int_equal(total.pulses, 777);
	assert_int_equal(total.mark, MARK_NONE);
	pump();
	assert_int_equal(mqtt.count, 1);
	assert_int_equal(mqtt.last.pulses, 777);
	assert_int_equal(mqtt.last.mark, MARK_MINUTE);
	assert_int_equal(mqtt.last.off_peak, UNKNOWN);
	assert_int_equal(mqtt.last.peak, UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTBOX_TEST(numbers_and_stream_go_on_after_a_restart),
		OUTBOX_TEST(an_ack_that_cannot_be_counted_is_a_trouble_until_the_next_one),
		OUTBOX_TEST(closing_writes_what_waits),
		OUTBOX_TEST(a_source_goes_on_from_its_position),
		OUTBOX_TEST(a_withheld_record_moves_its_source_but_is_not_sent),
		OUTBOX_TEST(a_position_without_a_record_is_written_after_ten_seconds),
		OUTBOX_TEST(the_anchor_of_this_boot_is_kept),
		OUTBOX_TEST(a_kill_at_any_moment_loses_nothing_that_was_sent),
		OUTBOX_TEST(undated_records_wait_for_the_time),
		OUTBOX_TEST(undated_records_of_another_boot_are_withdrawn),
		OUTBOX_TEST(a_number_in_the_file_that_is_no_mark_is_replaced),
		OUTBOX_TEST(a_file_of_the_first_version_keeps_its_records_and_goes_on),
		OUTBOX_TEST(any_sequence_of_events_ends_with_everything_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
