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
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "common/collector/outbox.h"
#include "tests/unit/common/folder.h"
#include "tests/unit/common/logged.h"
#include "tests/unit/common/script.h"
#include "tests/unit/common/seed.h"

#define T0     INT64_C(1764000000000)
#define SECOND MS_PER_SECOND
#define MINUTE MS_PER_MINUTE

/* The session of these tests: takes 15 messages at a time and answers if asked to. */
struct mqtt {
	bool up;
	int64_t flying[15];
	size_t count;
	int64_t total; /* how many were sent */
	char topic[TOPIC_SIZE];
	struct record last;
	int64_t linked; /* each prev is the seq that was sent before: how often */
};

static struct mqtt mqtt;
static struct outbox_settings settings;
static struct outbox *outbox;
static ms_t now;

bool mqtt_send(struct mqtt *session, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	int64_t before = session->last.seq;
	struct fail fail = {0};

	assert_int_equal(qos, 1);
	if (!session->up || session->count == 15)
		return false;
	if (!record_decode(&session->last, payload, size, &fail))
		fail_msg("%s", fail.text);
	assert_int_equal(session->last.seq, (int64_t)cookie);
	assert_true(session->last.has_prev);
	session->linked += session->last.prev == before;
	session->flying[session->count++] = (int64_t)cookie;
	session->total++;
	snprintf(session->topic, sizeof(session->topic), "%s", topic);
	return true;
}

/* -------- steps -------- */

static void open_outbox(void)
{
	struct fail fail = {0};

	mqtt = (struct mqtt){.up = true};
	outbox = outbox_open(&settings, &fail);
	if (!outbox)
		fail_msg("%s", fail.text);
}

static void reopen(void)
{
	outbox_close(outbox);
	open_outbox();
}

/* No file can grow beyond `size`: a full disk. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static int set_up(void **state)
{
	(void)state;
	folder_make();
	logged_begin();
	settings = outbox_defaults;
	snprintf(settings.file, sizeof(settings.file), "%s/cuisine.outbox", folder);
	outbox_resolve(&settings, "wattzone", "school", "cuisine");
	now = 0;
	open_outbox();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	limit_files(RLIM_INFINITY);
	outbox_close(outbox);
	logged_end();
	folder_remove();
	return 0;
}

static void add_at(const char *source, enum mark mark, ms_t t, int64_t pulses)
{
	struct record record = {.t = t, .is_pulse = true, .pulses = pulses, .mark = mark};

	outbox_add(outbox, source, &record, true, t - T0);
}

static void add(const char *source, enum mark mark)
{
	static int64_t count;

	count++;
	add_at(source, mark, T0 + count, count);
}

static void add_many(int count)
{
	for (int i = 0; i < count; i++)
		add("self", MARK_MINUTE);
}

static void pump(void)
{
	outbox_pump(outbox, &mqtt, now);
}

static void flush(void)
{
	outbox_flush(outbox);
	pump();
}

/* The broker's answer to the oldest, or to all, that are in flight. */
static void answer(enum mqtt_result result)
{
	int64_t seq = mqtt.flying[0];

	assert_true(mqtt.count > 0);
	memmove(mqtt.flying, mqtt.flying + 1, --mqtt.count * sizeof(mqtt.flying[0]));
	outbox_sent(outbox, (uint64_t)seq, result, now);
}

static void answer_all(enum mqtt_result result)
{
	while (mqtt.count)
		answer(result);
}

/* Everything that can be sent now is with the broker. */
static void drain(void)
{
	for (pump(); mqtt.count; pump())
		answer_all(MQTT_DELIVERED);
}

static void ack(int64_t seq)
{
	outbox_ack(outbox, mqtt.last.stream, seq, now);
}

static void go_down(void)
{
	mqtt.up = false;
	mqtt.count = 0;
	outbox_down(outbox);
}

static void expect_waiting(int64_t waiting)
{
	assert_int_equal(outbox_counts(outbox).waiting, waiting);
}

static int64_t sql(const char *text)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *database;
	int64_t answer_column = -1;

	assert_int_equal(sqlite3_open(settings.file, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		answer_column = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	sqlite3_close(database);
	return answer_column;
}

#define rows() sql("SELECT count(*) FROM record")

static void copy_file(const char *from, const char *to)
{
	char command[2 * sizeof(settings.file) + 20];

	snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* -------- what is sent -------- */

static void a_record_is_sent_to_its_topic_with_stream_number_and_predecessor(void **state)
{
	struct record record = {.t = T0,
				.is_pulse = true,
				.pulses = 12,
				.mark = MARK_TOP10,
				.off_peak = YES,
				.peak = UNKNOWN,
				.blind_ms = 5320,
				.lost = 3,
				.lost_possible = true};

	(void)state;
	add("global", MARK_MINUTE);
	outbox_add(outbox, "self", &record, true, 0);
	pump();
	assert_int_equal(mqtt.count, 2);
	assert_string_equal(mqtt.topic, "wattzone/school/collector/cuisine/self/record");
	assert_int_equal(mqtt.last.seq, 2);
	assert_int_equal(mqtt.last.prev, 1);
	assert_int_equal(strlen(mqtt.last.stream), 16);
	assert_int_equal(mqtt.last.t, T0);
	assert_int_equal(mqtt.last.pulses, 12);
	assert_int_equal(mqtt.last.mark, MARK_TOP10);
	assert_int_equal(mqtt.last.off_peak, YES);
	assert_int_equal(mqtt.last.peak, UNKNOWN);
	assert_int_equal(mqtt.last.blind_ms, 5320);
	assert_int_equal(mqtt.last.lost, 3);
	assert_true(mqtt.last.lost_possible);
}

static void an_index_that_was_set_is_on_the_disk_at_once_and_comes_back(void **state)
{
	struct record record = {.t = T0,
				.is_pulse = true,
				.pulses = 12,
				.mark = MARK_START,
				.index_set = true,
				.index_from = 7,
				.index_by = "Anna"};
	struct outbox_total total;
	struct fail fail = {0};

	(void)state;
	outbox_add(outbox, "self", &record, true, 0);
	assert_true(outbox_write(outbox, &fail));
	assert_int_equal(rows(), 1);
	pump();
	assert_true(mqtt.last.index_set);
	assert_int_equal(mqtt.last.index_from, 7);
	assert_string_equal(mqtt.last.index_by, "Anna");
	add("self", MARK_TOP10);
	pump();
	assert_false(mqtt.last.index_set);
	reopen();
	assert_true(outbox_total(outbox, "self", &total));
	limit_files(0);
	outbox_add(outbox, "self", &record, true, 0);
	assert_false(outbox_write(outbox, &fail));
	assert_non_null(strstr(fail.text, "cannot be written"));
}

static void an_energy_index_comes_back_to_the_last_bit(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 1000; i++) {
		struct record record = {.t = T0 + i,
					.wh = seed_fraction() * 9e12,
					.mark = MARK_NONE,
					.off_peak = UNKNOWN,
					.peak = UNKNOWN};

		outbox_add(outbox, "self", &record, true, 0);
		flush();
		assert_false(mqtt.last.is_pulse);
		assert_true(mqtt.last.wh == record.wh);
		answer(MQTT_DELIVERED);
	}
}

static void only_what_is_on_the_disk_is_sent(void **state)
{
	(void)state;
	add("self", MARK_START);
	pump();
	assert_int_equal(mqtt.total, 1);
	add_many(3);
	now += 500;
	pump();
	assert_int_equal(mqtt.total, 1);
	assert_int_equal(rows(), 1);
	expect_waiting(4);
	now += 10 * SECOND;
	pump();
	assert_int_equal(mqtt.total, 4);
	assert_int_equal(rows(), 4);
}

static void ten_records_or_a_mark_are_written_at_once(void **state)
{
	static const enum mark marks[] = {MARK_TOP10, MARK_CONTACTS, MARK_START, MARK_STOP};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		add("self", MARK_MINUTE);
		pump();
		assert_int_equal(rows(), 2 * i);
		add("self", marks[i]);
		pump();
		assert_int_equal(rows(), 2 * i + 2);
	}
	add_many(9);
	pump();
	assert_int_equal(rows(), 8);
	add_many(1);
	pump();
	assert_int_equal(rows(), 18);
}

static void records_of_many_meters_are_written_together(void **state)
{
	(void)state;
	now = 100 * SECOND;
	for (int i = 0; i < 100; i++, now += 100) {
		if (i % 30 == 0)
			add_many(1);
		pump();
	}
	/* The first waits a second for others, the next ten for the disk's sake. */
	assert_int_equal(rows(), 1);
	now = 112 * SECOND;
	pump();
	assert_int_equal(rows(), 4);
}

static void without_a_connection_they_wait(void **state)
{
	(void)state;
	mqtt.up = false;
	add_many(30);
	flush();
	expect_waiting(30);
	mqtt.up = true;
	drain();
	assert_int_equal(mqtt.total, 30);
	assert_int_equal(mqtt.linked, 30);
	expect_waiting(30);
}

/* -------- acknowledgement -------- */

static void only_the_aggregators_acknowledgement_counts(void **state)
{
	(void)state;
	add_many(20);
	flush();
	drain();
	expect_waiting(20);
	outbox_ack(outbox, "0123456789abcdef", 20, now);
	expect_waiting(20);
	ack(15);
	expect_waiting(5);
	assert_int_equal(outbox_counts(outbox).acknowledged, 15);
	ack(15);
	ack(20);
	expect_waiting(0);
	assert_int_equal(outbox_counts(outbox).acknowledged, 20);
}

static void silence_makes_it_send_again_later_and_later(void **state)
{
	static const ms_t pauses[] = {30, 60, 120, 240, 480, 600, 600};

	(void)state;
	add_many(20);
	flush();
	drain();
	ack(5);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		mqtt.total = 0;
		now += pauses[i] * SECOND - 1;
		drain();
		assert_int_equal(mqtt.total, 0);
		now += 1;
		drain();
		assert_int_equal(mqtt.total, 15);
	}
	/* Any progress makes it hopeful again. */
	ack(6);
	mqtt.total = 0;
	now += 30 * SECOND;
	drain();
	assert_int_equal(mqtt.total, 14);
	ack(20);
	now += 3600 * SECOND;
	drain();
	assert_int_equal(mqtt.total, 14);
}

static void what_is_still_in_flight_is_not_sent_again(void **state)
{
	(void)state;
	add_many(20);
	flush();
	assert_int_equal(mqtt.total, 15);
	now += 3600 * SECOND;
	pump();
	outbox_aggregator_online(outbox);
	pump();
	for (int i = 0; i < 5; i++)
		answer(MQTT_DELIVERED);
	pump();
	assert_int_equal(mqtt.total, 15);
	answer_all(MQTT_DELIVERED);
	drain();
	assert_int_equal(mqtt.total, 15 + 20);
}

static void a_returning_aggregator_gets_the_rest_at_once(void **state)
{
	(void)state;
	add_many(20);
	flush();
	drain();
	ack(12);
	outbox_aggregator_online(outbox);
	mqtt.total = 0;
	drain();
	assert_int_equal(mqtt.total, 8);
}

static void a_new_connection_begins_after_the_ack(void **state)
{
	(void)state;
	add_many(20);
	flush();
	drain();
	ack(12);
	go_down();
	outbox_sent(outbox, 3, MQTT_DELIVERED, now); /* of the old connection */
	mqtt.up = true;
	pump();
	assert_int_equal(mqtt.flying[0], 13);
	assert_int_equal(mqtt.count, 8);
}

static void only_so_many_are_on_their_way(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		add_many(1000);
		flush();
	}
	drain();
	assert_int_equal(mqtt.total, 4000);
	ack(1);
	drain();
	assert_int_equal(mqtt.total, 4001);
	ack(4001);
	drain();
	assert_int_equal(mqtt.total, 8001);
	assert_int_equal(mqtt.linked, 8001);
}

static void an_aggregator_from_a_backup_gets_older_records_again(void **state)
{
	(void)state;
	add_many(30);
	flush();
	drain();
	ack(30);
	reopen();
	expect_waiting(0);
	add_many(1);
	flush();
	drain();
	ack(31);
	ack(10);
	expect_waiting(21);
	assert_int_equal(logged("sent again"), 1);
	mqtt.total = 0;
	drain();
	assert_int_equal(mqtt.total, 21);
	reopen();
	expect_waiting(21);
	drain();
	ack(31);
	expect_waiting(0);
}

static void an_outbox_from_a_backup_begins_a_new_stream(void **state)
{
	char copy[sizeof(settings.file) + 5];
	char stream[STREAM_SIZE];

	(void)state;
	snprintf(copy, sizeof(copy), "%s.copy", settings.file);
	add_many(30);
	outbox_close(outbox);
	copy_file(settings.file, copy);
	open_outbox();
	add_many(30);
	flush();
	drain();
	memcpy(stream, mqtt.last.stream, sizeof(stream));
	ack(60);
	outbox_close(outbox);
	copy_file(copy, settings.file);
	open_outbox();
	/* Others under numbers that the aggregator has already. */
	add_many(5);
	flush();
	outbox_ack(outbox, stream, 60, now);
	mqtt.count = 0;
	mqtt.total = 0;
	mqtt.last.seq = 0;
	mqtt.linked = 0;
	assert_int_equal(logged("old copy"), 1);
	drain();
	assert_string_not_equal(mqtt.last.stream, stream);
	assert_int_equal(mqtt.total, 35);
	assert_int_equal(mqtt.linked, 35);
	outbox_ack(outbox, stream, 60, now);
	expect_waiting(35);
	ack(35);
	expect_waiting(0);
	reopen();
	add_many(1);
	flush();
	assert_string_not_equal(mqtt.last.stream, stream);
	assert_int_equal(mqtt.last.seq, 36);
}

static void a_refusal_and_a_missing_subscriber_are_logged_once(void **state)
{
	(void)state;
	add_many(10);
	flush();
	for (int i = 0; i < 5; i++) {
		answer_all(MQTT_REFUSED);
		now += 700 * SECOND;
		pump();
		answer_all(MQTT_UNHEARD);
		now += 700 * SECOND;
		pump();
		assert_int_equal(mqtt.count, 10);
	}
	assert_int_equal(logged("refuses"), 1);
	assert_int_equal(logged("nobody"), 1);
	answer_all(MQTT_DELIVERED);
	ack(10);
	assert_int_equal(logged("have arrived"), 1);
}

/* -------- the broker's acknowledgement -------- */

static void content_with_the_broker(void)
{
	settings.ack = OUTBOX_RECEIVER_BROKER;
	reopen();
}

static void the_brokers_acknowledgement_counts_if_so_configured(void **state)
{
	(void)state;
	content_with_the_broker();
	add_many(40);
	flush();
	assert_int_equal(mqtt.count, 15);
	ack(15);
	expect_waiting(40);
	answer(MQTT_DELIVERED);
	expect_waiting(39);
	drain();
	expect_waiting(0);
	assert_int_equal(mqtt.total, 40);
	reopen();
	drain();
	assert_int_equal(mqtt.total, 0);
}

static void what_the_broker_refused_is_sent_again(void **state)
{
	(void)state;
	content_with_the_broker();
	add_many(20);
	flush();
	answer(MQTT_DELIVERED);
	answer(MQTT_REFUSED);
	drain();
	expect_waiting(19);
	mqtt.total = 0;
	now += 30 * SECOND;
	drain();
	expect_waiting(0);
	assert_int_equal(mqtt.total, 19);
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
				answer(seed_below(2) ? MQTT_REFUSED : MQTT_UNHEARD);
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

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_record_is_sent_to_its_topic_with_stream_number_and_predecessor),
		test(an_index_that_was_set_is_on_the_disk_at_once_and_comes_back),
		test(an_energy_index_comes_back_to_the_last_bit),
		test(only_what_is_on_the_disk_is_sent),
		test(ten_records_or_a_mark_are_written_at_once),
		test(records_of_many_meters_are_written_together),
		test(without_a_connection_they_wait),
		test(only_the_aggregators_acknowledgement_counts),
		test(silence_makes_it_send_again_later_and_later),
		test(what_is_still_in_flight_is_not_sent_again),
		test(a_returning_aggregator_gets_the_rest_at_once),
		test(a_new_connection_begins_after_the_ack),
		test(only_so_many_are_on_their_way),
		test(an_aggregator_from_a_backup_gets_older_records_again),
		test(an_outbox_from_a_backup_begins_a_new_stream),
		test(a_refusal_and_a_missing_subscriber_are_logged_once),
		test(the_brokers_acknowledgement_counts_if_so_configured),
		test(what_the_broker_refused_is_sent_again),
		test(numbers_and_stream_go_on_after_a_restart),
		test(an_ack_that_cannot_be_counted_is_a_trouble_until_the_next_one),
		test(closing_writes_what_waits),
		test(a_source_goes_on_from_its_position),
		test(a_withheld_record_moves_its_source_but_is_not_sent),
		test(a_position_without_a_record_is_written_after_ten_seconds),
		test(the_anchor_of_this_boot_is_kept),
		test(a_kill_at_any_moment_loses_nothing_that_was_sent),
		test(undated_records_wait_for_the_time),
		test(undated_records_of_another_boot_are_withdrawn),
		test(a_time_that_dates_nothing_delays_no_record),
		test(a_full_disk_keeps_records_in_memory_until_there_is_room),
		test(an_outbox_opens_on_a_full_disk),
		test(memory_that_is_too_small_is_downsampled),
		test(a_damaged_file_is_set_aside_and_a_new_stream_begun),
		test(a_number_in_the_file_that_is_no_mark_is_replaced),
		test(a_file_of_the_first_version_keeps_its_records_and_goes_on),
		test(a_second_process_is_refused),
		test(acknowledged_records_are_kept_some_days),
		test(the_newest_number_is_never_given_again),
		test(a_full_outbox_downsamples_its_oldest_records_and_stays_small),
		test(an_index_that_was_set_is_never_dropped),
		test(marks_alone_are_downsampled_as_well),
		test(of_a_full_outbox_acknowledged_records_go_first),
		test(any_sequence_of_events_ends_with_everything_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
