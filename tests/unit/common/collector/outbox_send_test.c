#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/common/outbox_fixture.h"
#include "tests/unit/common/seed.h"

bool mqtt_send(struct mqtt *session, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	return session_send(session, topic, payload, size, qos, cookie);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTBOX_TEST(a_record_is_sent_to_its_topic_with_stream_number_and_predecessor),
		OUTBOX_TEST(an_index_that_was_set_is_on_the_disk_at_once_and_comes_back),
		OUTBOX_TEST(an_energy_index_comes_back_to_the_last_bit),
		OUTBOX_TEST(only_what_is_on_the_disk_is_sent),
		OUTBOX_TEST(ten_records_or_a_mark_are_written_at_once),
		OUTBOX_TEST(records_of_many_meters_are_written_together),
		OUTBOX_TEST(without_a_connection_they_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
