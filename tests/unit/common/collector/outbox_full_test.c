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
#include <sys/stat.h>

#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"
#include "tests/unit/common/outbox_fixture.h"

bool mqtt_send(struct mqtt *session, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	return session_send(session, topic, payload, size, qos, cookie);
}

/* -------- full disks, damage -------- */

static void a_time_that_dates_nothing_delays_no_record(void **state)
{
	(void)state;
	outbox_date(outbox, 5);
	pump();
	add_many(1);
	pump();
	assert_int_equal(mqtt.total, 0);
	now += SECOND;
	pump();
	assert_int_equal(mqtt.total, 1);
}

static void a_full_disk_keeps_records_in_memory_until_there_is_room(void **state)
{
	(void)state;
	add_many(10);
	drain();
	ack(10);
	limit_files(0);
	add_many(10);
	pump();
	assert_non_null(outbox_trouble(outbox));
	assert_non_null(strstr(outbox_trouble(outbox), settings.file));
	for (int i = 0; i < 100; i++) {
		add_many(1);
		now += SECOND;
		pump();
	}
	assert_int_equal(mqtt.total, 10);
	expect_waiting(110);
	assert_int_equal(logged("kept in memory"), 1);
	limit_files(RLIM_INFINITY);
	pump();
	assert_int_equal(mqtt.total, 10);
	now += 5 * SECOND;
	drain();
	assert_null(outbox_trouble(outbox));
	assert_int_equal(logged("again"), 1);
	assert_int_equal(mqtt.total, 120);
	assert_int_equal(mqtt.linked, 120);
}

static void an_outbox_opens_on_a_full_disk(void **state)
{
	struct outbox_total total;

	(void)state;
	add_at("self", MARK_START, T0 + 5, 5);
	outbox_close(outbox);
	sql("UPDATE state SET boot = 'another'");
	limit_files(0);
	open_outbox();
	assert_true(outbox_total(outbox, "self", &total));
	assert_int_equal(total.pulses, 5);
	add_many(10);
	pump();
	assert_int_equal(mqtt.total, 1);
	limit_files(RLIM_INFINITY);
	now += 5 * SECOND;
	drain();
	assert_int_equal(mqtt.total, 11);
}

static void memory_that_is_too_small_is_downsampled(void **state)
{
	int64_t written;

	(void)state;
	limit_files(0);
	for (int i = 0; i < 25000; i++)
		add(i % 2 ? "self" : "global", i % 100 == 0 ? MARK_TOP10 : MARK_MINUTE);
	pump();
	limit_files(RLIM_INFINITY);
	now += 5 * SECOND;
	pump();
	written = rows();
	assert_in_range(written, 5000, 10000);
	assert_int_equal(outbox_counts(outbox).downsampled, 25000 - written);
	expect_waiting(written);
	/* No mark that says more, neither the first nor the last. */
	assert_int_equal(sql("SELECT count(*) FROM record WHERE mark = 0"), 250);
	assert_int_equal(sql("SELECT min(seq) FROM record"), 1);
	assert_int_equal(sql("SELECT max(seq) FROM record"), 25000);
	assert_int_equal(logged("downsampled"), 1);
	drain();
	assert_int_equal(mqtt.total, 4000);
	assert_int_equal(mqtt.linked, 4000);
}

static void a_damaged_file_is_set_aside_and_a_new_stream_begun(void **state)
{
	char stream[STREAM_SIZE];
	int fd;

	(void)state;
	add_many(300);
	flush();
	memcpy(stream, mqtt.last.stream, sizeof(stream));
	outbox_close(outbox);
	fd = open(settings.file, O_WRONLY | O_CLOEXEC);
	for (off_t page = 1; page < 8; page++)
		assert_int_equal(pwrite(fd, "damaged, damaged", 16, page * 4096), 16);
	close(fd);
	open_outbox();
	add_many(10);
	pump();
	now += 5 * SECOND;
	drain();
	assert_true(folder_find(".damaged-", NULL) >= 1);
	assert_int_equal(logged("set aside"), 1);
	assert_true(mqtt.total >= 10);
	assert_string_not_equal(mqtt.last.stream, stream);
	assert_null(outbox_trouble(outbox));
}

static void a_second_process_is_refused(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_null(outbox_open(&settings, &fail));
	assert_non_null(strstr(fail.text, "another process"));
}

/* -------- old and many -------- */

static void acknowledged_records_are_kept_some_days(void **state)
{
	(void)state;
	mqtt.up = false;
	for (int i = 0; i < 5000; i++)
		add_at("self", MARK_MINUTE, T0 + i * 10 * MINUTE, i);
	flush();
	mqtt.up = true;
	for (int i = 0; i < 3; i++) {
		drain();
		ack(mqtt.last.seq);
	}
	expect_waiting(0);
	add_at("self", MARK_TOP10, T0 + 5000 * 10 * MINUTE, 5000);
	pump();
	/* Seven days of 144 records. */
	assert_int_equal(rows(), 7 * 144 + 1);
	drain();
	assert_int_equal(mqtt.last.prev, 5000);
	ack(3000);
	drain();
	assert_int_equal(outbox_counts(outbox).waiting, 7 * 144 + 1);
}

static void the_newest_number_is_never_given_again(void **state)
{
	(void)state;
	settings.keep_days = 0;
	reopen();
	add_at("self", MARK_START, T0 + 1000, 1);
	add_at("global", MARK_START, T0, 1);
	drain();
	ack(2);
	flush();
	/* A kill now leaves only the file. */
	assert_int_equal(sql("SELECT max(seq) FROM record"), 2);
	reopen();
	add_many(1);
	flush();
	assert_int_equal(mqtt.last.seq, 3);
}

/* Adds `count` records of two sources to an outbox of one megabyte, a commit for each ten. */
static void overfill(int count, int period_signal_every)
{
	settings.max_mb = 1;
	reopen();
	mqtt.up = false;
	/* It was silent for ever after. */
	add("third", MARK_MINUTE);
	add("third", MARK_MINUTE);
	for (int i = 2; i < count; i++) {
		add(i % 2 ? "self" : "global",
		    i % period_signal_every == 0 ? MARK_TOP10 : MARK_MINUTE);
		if (i % 1000 == 0)
			flush();
	}
	flush();
	flush();
}

static void a_full_outbox_downsamples_its_oldest_records_and_stays_small(void **state)
{
	struct outbox_counts counts;
	struct stat status;

	(void)state;
	overfill(100000, 100);
	counts = outbox_counts(outbox);
	assert_int_equal(counts.waiting, rows());
	assert_int_equal(counts.waiting + counts.downsampled, 100000);
	assert_in_range(rows(), 8000, 16384 + 1000);
	/* What says more stays, and so do the first, the last, and most of the newest. */
	assert_int_equal(sql("SELECT count(*) FROM record WHERE mark = 0"), 999);
	assert_int_equal(sql("SELECT count(*) FROM record WHERE seq IN (1, 2, 99999, 100000)"), 4);
	assert_int_equal(sql("SELECT count(*) FROM record WHERE seq > 96000"), 4000);
	assert_int_equal(logged("downsampled"), 1);
	assert_int_equal(stat(settings.file, &status), 0);
	assert_in_range(status.st_size, 0, 1100000);
	reopen();
	assert_int_equal(outbox_counts(outbox).downsampled, counts.downsampled);
	drain();
	assert_int_equal(mqtt.total, 4000);
	assert_int_equal(mqtt.linked, 4000);
}

static void an_index_that_was_set_is_never_dropped(void **state)
{
	struct record record = {.t = T0,
				.is_pulse = true,
				.mark = MARK_START,
				.index_set = true,
				.index_by = "Anna"};

	(void)state;
	settings.max_mb = 1;
	reopen();
	mqtt.up = false;
	for (int i = 0; i < 60000; i++) {
		if (i % 2000 == 999)
			outbox_add(outbox, "global", &record, true, 0);
		else
			add("global", MARK_TOP10);
		if (i % 1000 == 0)
			flush();
	}
	flush();
	flush();
	assert_in_range(rows(), 8000, 16384 + 1000);
	assert_int_equal(sql("SELECT count(*) FROM record WHERE index_from IS NOT NULL"), 30);
}

static void marks_alone_are_downsampled_as_well(void **state)
{
	(void)state;
	overfill(40000, 1);
	assert_in_range(rows(), 8000, 16384 + 1000);
	assert_int_equal(sql("SELECT count(*) FROM record WHERE seq IN (1, 2, 39999, 40000)"), 4);
}

static void of_a_full_outbox_acknowledged_records_go_first(void **state)
{
	(void)state;
	settings.max_mb = 1;
	reopen();
	for (int i = 0; i < 20; i++) {
		add_many(1000);
		flush();
		drain();
		ack(mqtt.last.seq);
	}
	assert_in_range(rows(), 0, 16384);
	assert_int_equal(outbox_counts(outbox).downsampled, 0);
	expect_waiting(0);
	assert_int_equal(sql("SELECT max(seq) FROM record"), 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTBOX_TEST(a_time_that_dates_nothing_delays_no_record),
		OUTBOX_TEST(a_full_disk_keeps_records_in_memory_until_there_is_room),
		OUTBOX_TEST(an_outbox_opens_on_a_full_disk),
		OUTBOX_TEST(memory_that_is_too_small_is_downsampled),
		OUTBOX_TEST(a_damaged_file_is_set_aside_and_a_new_stream_begun),
		OUTBOX_TEST(a_second_process_is_refused),
		OUTBOX_TEST(acknowledged_records_are_kept_some_days),
		OUTBOX_TEST(the_newest_number_is_never_given_again),
		OUTBOX_TEST(a_full_outbox_downsamples_its_oldest_records_and_stays_small),
		OUTBOX_TEST(an_index_that_was_set_is_never_dropped),
		OUTBOX_TEST(marks_alone_are_downsampled_as_well),
		OUTBOX_TEST(of_a_full_outbox_acknowledged_records_go_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
