#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/outbox.h"
#include "tests/unit/common/seed.h"

#define SELF   "wattzone/school/collector/cuisine/self/record"
#define GLOBAL "wattzone/school/collector/cuisine/global/record"

/* The session of these tests: takes 15 messages at a time and answers when told. */
struct mqtt {
	bool up;
	int64_t flying[15];
	size_t count;
	int64_t last;  /* the seq that was sent last */
	int64_t total; /* how many were sent */
	char topic[TOPIC_SIZE];
	char payload[400];
};

static struct mqtt mqtt;
static struct outbox *outbox;
static char *logged_text;
static size_t logged_size;
static FILE *usual_stderr;

bool mqtt_send(struct mqtt *session, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	assert_int_equal(qos, 1);
	if (!session->up || session->count == 15)
		return false;
	session->flying[session->count++] = (int64_t)cookie;
	session->last = (int64_t)cookie;
	session->total++;
	snprintf(session->topic, sizeof(session->topic), "%s", topic);
	snprintf(session->payload, sizeof(session->payload), "%.*s", (int)size, payload);
	return true;
}

static void open_outbox(size_t limit)
{
	struct fail fail = {0};

	outbox = outbox_open(limit, &fail);
	assert_non_null(outbox);
	mqtt = (struct mqtt){.up = true};
}

static int set_up(void **state)
{
	(void)state;
	usual_stderr = stderr;
	stderr = open_memstream(&logged_text, &logged_size);
	open_outbox(1000);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outbox_close(outbox);
	fclose(stderr);
	stderr = usual_stderr;
	printf("%s", logged_text);
	free(logged_text);
	return 0;
}

static int logged(const char *text)
{
	int count = 0;

	fflush(stderr);
	for (const char *at = logged_text; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static int64_t add(const char *topic, enum mark mark)
{
	struct record record = {.t = 1764000000000, .is_pulse = true, .pulses = 7, .mark = mark};

	outbox_add(outbox, topic, &record);
	return record.seq;
}

static void add_many(int count, const char *topic, enum mark mark)
{
	for (int i = 0; i < count; i++)
		add(topic, mark);
}

static void pump(ms_t now)
{
	outbox_pump(outbox, &mqtt, now);
}

/* The answer to the oldest, or to all, that are in flight. */
static void answer(enum mqtt_result result, ms_t now)
{
	int64_t seq = mqtt.flying[0];

	assert_true(mqtt.count > 0);
	memmove(mqtt.flying, mqtt.flying + 1, --mqtt.count * sizeof(mqtt.flying[0]));
	outbox_sent(outbox, (uint64_t)seq, result, now);
}

static void answer_all(enum mqtt_result result, ms_t now)
{
	while (mqtt.count)
		answer(result, now);
}

static void go_down(void)
{
	mqtt.up = false;
	mqtt.count = 0;
	outbox_down(outbox);
}

static void expect_waiting(int64_t waiting)
{
	struct outbox_counts counts = outbox_counts(outbox);

	assert_int_equal(counts.waiting, waiting);
	assert_int_equal(counts.added, counts.delivered + counts.waiting + counts.thinned);
}

static void records_get_one_stream_and_numbers_that_grow_by_one(void **state)
{
	struct record first = {.is_pulse = true, .mark = MARK_START};
	struct record second = {.is_pulse = true, .mark = MARK_MINUTE};

	(void)state;
	outbox_add(outbox, SELF, &first);
	outbox_add(outbox, GLOBAL, &second);
	assert_int_equal(first.seq, 1);
	assert_int_equal(second.seq, 2);
	assert_string_equal(first.stream, second.stream);
	assert_int_equal(strlen(first.stream), 16);
	assert_int_equal(strspn(first.stream, "0123456789abcdef"), 16);
}

static void every_new_outbox_has_a_new_stream(void **state)
{
	struct record first = {.is_pulse = true}, second = {.is_pulse = true};

	(void)state;
	outbox_add(outbox, SELF, &first);
	outbox_close(outbox);
	open_outbox(1000);
	outbox_add(outbox, SELF, &second);
	assert_string_not_equal(first.stream, second.stream);
	assert_int_equal(second.seq, 1);
}

static void a_record_is_sent_to_its_topic_with_its_number(void **state)
{
	struct record record = {.t = 5, .is_pulse = true, .pulses = 12, .mark = MARK_TOP10};
	struct record sent;

	(void)state;
	add(GLOBAL, MARK_MINUTE);
	outbox_add(outbox, SELF, &record);
	pump(0);
	assert_string_equal(mqtt.topic, SELF);
	assert_true(record_decode(&sent, mqtt.payload, strlen(mqtt.payload), NULL));
	assert_int_equal(sent.seq, 2);
	assert_string_equal(sent.stream, record.stream);
	assert_int_equal(sent.pulses, 12);
	assert_int_equal(sent.mark, MARK_TOP10);
}

static void records_leave_in_order_and_once(void **state)
{
	int64_t expected = 1;

	(void)state;
	add_many(100, SELF, MARK_MINUTE);
	while (expected <= 100) {
		pump(0);
		pump(0);
		for (size_t i = 0; i < mqtt.count; i++)
			assert_int_equal(mqtt.flying[i], expected + (int64_t)i);
		answer(MQTT_DELIVERED, 0);
		expected++;
		expect_waiting(101 - expected);
	}
	pump(0);
	assert_int_equal(mqtt.total, 100);
}

static void without_a_connection_they_wait(void **state)
{
	(void)state;
	mqtt.up = false;
	add_many(3, SELF, MARK_MINUTE);
	pump(0);
	expect_waiting(3);
	mqtt.up = true;
	pump(0);
	assert_int_equal(mqtt.total, 3);
	expect_waiting(3);
}

static void what_was_not_answered_is_sent_again_after_a_break(void **state)
{
	(void)state;
	add_many(20, SELF, MARK_MINUTE);
	pump(0);
	answer(MQTT_DELIVERED, 0);
	answer(MQTT_DELIVERED, 0);
	pump(0);
	assert_int_equal(mqtt.last, 17);
	go_down();
	mqtt.up = true;
	pump(0);
	assert_int_equal(mqtt.flying[0], 3);
	assert_int_equal(mqtt.flying[14], 17);
	/* An answer of the old connection, and one to nothing. */
	answer_all(MQTT_DELIVERED, 0);
	outbox_sent(outbox, 3, MQTT_DELIVERED, 0);
	outbox_sent(outbox, 4711, MQTT_DELIVERED, 0);
	outbox_sent(outbox, 20, MQTT_DELIVERED, 0); /* was not sent yet */
	expect_waiting(3);
	pump(0);
	answer_all(MQTT_DELIVERED, 0);
	expect_waiting(0);
}

static void what_was_refused_is_kept_and_sent_again_later_and_later(void **state)
{
	ms_t now = 0;
	ms_t pause = 0;

	(void)state;
	add_many(10, SELF, MARK_MINUTE);
	pump(now);
	for (int round = 1; round <= 12; round++) {
		ms_t began = now;
		ms_t before = pause;

		assert_int_equal(mqtt.count, 10);
		answer_all(MQTT_REFUSED, now);
		expect_waiting(10);
		while (mqtt.count == 0) {
			now += 100;
			pump(now);
		}
		pause = now - began;
		assert_in_range(pause, 3000, 76000);
		/* However many were refused, it is one failure. */
		if (round == 1)
			assert_in_range(pause, 3700, 6400);
		if (round > 1 && before < 40000)
			assert_true(pause > before * 3 / 4);
	}
	assert_in_range(pause, 44000, 76000); /* a minute, more or less */
	assert_int_equal(mqtt.flying[0], 1);
	assert_int_equal(mqtt.flying[1], 2);
	assert_int_equal(logged(SELF), 1);
	assert_int_equal(logged("refuses"), 1);
	/* One that arrives ends the pauses. */
	answer_all(MQTT_DELIVERED, now);
	expect_waiting(0);
	add(SELF, MARK_MINUTE);
	pump(now);
	answer_all(MQTT_REFUSED, now);
	pump(now + 2000);
	assert_int_equal(mqtt.count, 0);
	pump(now + 8000);
	assert_int_equal(mqtt.count, 1);
}

static void one_that_is_refused_does_not_hold_up_the_others(void **state)
{
	(void)state;
	add(SELF, MARK_MINUTE);
	pump(0);
	answer(MQTT_REFUSED, 0);
	add(GLOBAL, MARK_MINUTE);
	pump(1);
	assert_int_equal(mqtt.count, 1);
	assert_int_equal(mqtt.flying[0], 2);
	answer(MQTT_DELIVERED, 2);
	expect_waiting(1);
	pump(10000);
	assert_int_equal(mqtt.flying[0], 1);
	assert_int_equal(mqtt.count, 1);
}

static void what_nobody_heard_is_sent_again_when_somebody_listens(void **state)
{
	(void)state;
	add_many(3, SELF, MARK_MINUTE);
	pump(0);
	answer_all(MQTT_UNHEARD, 0);
	expect_waiting(3);
	assert_int_equal(logged("nobody"), 1);
	pump(1000);
	assert_int_equal(mqtt.count, 0);
	outbox_heard(outbox);
	pump(1000);
	assert_int_equal(mqtt.count, 3);
	answer_all(MQTT_DELIVERED, 1000);
	expect_waiting(0);
}

/* Thins an outbox of 1000 with `plain` records of one source, the others top10 in between, and
 * tells which are left. */
static void thin(int plain, bool *left)
{
	int64_t more = 0;

	mqtt.up = false;
	for (int i = 0; i < 1000; i++)
		add(SELF, i * plain / 1000 != (i + 1) * plain / 1000 ? MARK_MINUTE : MARK_TOP10);
	expect_waiting(1000);
	more = add(SELF, MARK_MINUTE);
	assert_int_equal(more, 1001);
	assert_int_equal(logged("thinned"), 1);
	mqtt.up = true;
	memset(left, 0, 1002 * sizeof(*left));
	for (;;) {
		pump(0);
		if (!mqtt.count)
			break;
		left[mqtt.flying[0]] = true;
		answer(MQTT_DELIVERED, 0);
	}
	expect_waiting(0);
	assert_int_equal(mqtt.total, 1001 - outbox_counts(outbox).thinned);
}

static void a_full_outbox_thins_its_oldest_records(void **state)
{
	bool left[1002];
	int gone_in_a_row = 0;

	(void)state;
	thin(1000, left);
	for (int i = 1; i <= 500; i++) {
		gone_in_a_row = left[i] ? 0 : gone_in_a_row + 1;
		assert_in_range(gone_in_a_row, 0, 1);
	}
	for (int i = 501; i <= 1001; i++)
		assert_true(left[i]);
	assert_true(left[1]);
	assert_in_range(outbox_counts(outbox).thinned, 240, 250);
}

static void marks_stay_while_other_records_can_go(void **state)
{
	bool left[1002];
	int plain = 0;

	(void)state;
	thin(300, left);
	for (int i = 0; i < 1000; i++) {
		if (i * 300 / 1000 != (i + 1) * 300 / 1000)
			plain += left[i + 1];
		else
			assert_true(left[i + 1]);
	}
	assert_true(left[1001]);
	assert_in_range(plain, 0, 60);
}

static void marks_alone_are_thinned_as_well(void **state)
{
	bool left[1002];

	(void)state;
	thin(0, left);
	assert_true(left[1]);
	assert_true(left[1000]);
	assert_true(left[1001]);
	assert_in_range(outbox_counts(outbox).thinned, 250, 500);
}

static void the_last_record_of_a_silent_source_stays(void **state)
{
	bool seen[3001] = {0};

	(void)state;
	mqtt.up = false;
	add_many(2, GLOBAL, MARK_MINUTE); /* 1, 2: then it was silent for ever */
	add_many(2998, SELF, MARK_MINUTE);
	assert_in_range(outbox_counts(outbox).waiting, 750, 1000);
	mqtt.up = true;
	for (;;) {
		pump(0);
		if (!mqtt.count)
			break;
		seen[mqtt.flying[0]] = true;
		answer(MQTT_DELIVERED, 0);
	}
	assert_true(seen[1]);
	assert_true(seen[2]);
	assert_true(seen[3]);
	assert_true(seen[3000]);
}

static void of_sources_with_one_record_each_the_oldest_goes(void **state)
{
	char topic[TOPIC_SIZE];

	(void)state;
	mqtt.up = false;
	for (int i = 1; i <= 1003; i++) {
		snprintf(topic, sizeof(topic), "wattzone/school/collector/c/%d/record", i);
		add(topic, MARK_START);
	}
	expect_waiting(1000);
	mqtt.up = true;
	pump(0);
	assert_int_equal(mqtt.flying[0], 4);
}

static void what_is_in_flight_is_not_thinned(void **state)
{
	(void)state;
	add_many(15, SELF, MARK_MINUTE);
	pump(0);
	add_many(1500, SELF, MARK_MINUTE);
	answer_all(MQTT_DELIVERED, 0);
	assert_int_equal(outbox_counts(outbox).delivered, 15);
	expect_waiting(1500 - outbox_counts(outbox).thinned);
}

/* Whatever happens, in whatever order: nothing is lost or counted twice, and it ends. */
static void any_sequence_of_events_ends_with_everything_delivered(void **state)
{
	static const char *const topics[] = {SELF, GLOBAL};
	static const enum mark marks[] = {MARK_MINUTE, MARK_TOP10, MARK_CONTACTS, MARK_START};
	bool delivered[20001] = {0};
	int64_t added = 0;
	ms_t now = 0;

	(void)state;
	seed_start("any_sequence_of_events_ends_with_everything_delivered");
	while (added < 20000 || outbox_counts(outbox).waiting) {
		now += seed_below(100);
		switch (seed_below(added < 20000 ? 8 : 6)) {
		case 0:
		case 1: pump(now); break;
		case 2:
		case 3:
			while (mqtt.count) {
				int64_t seq = mqtt.flying[0];

				assert_false(delivered[seq]);
				delivered[seq] = true;
				answer(MQTT_DELIVERED, now);
			}
			break;
		case 4:
			if (mqtt.count)
				answer(seed_below(2) ? MQTT_REFUSED : MQTT_UNHEARD, now);
			break;
		case 5:
			if (seed_below(10) == 0)
				go_down();
			else
				mqtt.up = true;
			break;
		default:
			for (int64_t i = seed_below(40); i >= 0 && added < 20000; i--)
				assert_int_equal(add(topics[seed_below(2)], marks[seed_below(4)]),
						 ++added);
		}
		expect_waiting(outbox_counts(outbox).waiting);
		assert_in_range(outbox_counts(outbox).waiting, 0, 1000);
	}
	for (int64_t i = 1; i <= 20000; i++)
		added -= delivered[i];
	assert_int_equal(added, outbox_counts(outbox).thinned);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(records_get_one_stream_and_numbers_that_grow_by_one),
		test(every_new_outbox_has_a_new_stream),
		test(a_record_is_sent_to_its_topic_with_its_number),
		test(records_leave_in_order_and_once),
		test(without_a_connection_they_wait),
		test(what_was_not_answered_is_sent_again_after_a_break),
		test(what_was_refused_is_kept_and_sent_again_later_and_later),
		test(one_that_is_refused_does_not_hold_up_the_others),
		test(what_nobody_heard_is_sent_again_when_somebody_listens),
		test(a_full_outbox_thins_its_oldest_records),
		test(marks_stay_while_other_records_can_go),
		test(marks_alone_are_thinned_as_well),
		test(the_last_record_of_a_silent_source_stays),
		test(of_sources_with_one_record_each_the_oldest_goes),
		test(what_is_in_flight_is_not_thinned),
		test(any_sequence_of_events_ends_with_everything_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
