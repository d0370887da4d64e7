#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/common/logged.h"
#include "tests/unit/common/outbox_fixture.h"

bool mqtt_send(struct mqtt *session, const char *topic, const char *payload, size_t size, int qos,
	       uint64_t cookie)
{
	return session_send(session, topic, payload, size, qos, cookie);
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
		answer_all(MQTT_NO_SUBSCRIBERS);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTBOX_TEST(only_the_aggregators_acknowledgement_counts),
		OUTBOX_TEST(silence_makes_it_send_again_later_and_later),
		OUTBOX_TEST(what_is_still_in_flight_is_not_sent_again),
		OUTBOX_TEST(a_returning_aggregator_gets_the_rest_at_once),
		OUTBOX_TEST(a_new_connection_begins_after_the_ack),
		OUTBOX_TEST(only_so_many_are_on_their_way),
		OUTBOX_TEST(an_aggregator_from_a_backup_gets_older_records_again),
		OUTBOX_TEST(an_outbox_from_a_backup_begins_a_new_stream),
		OUTBOX_TEST(a_refusal_and_a_missing_subscriber_are_logged_once),
		OUTBOX_TEST(the_brokers_acknowledgement_counts_if_so_configured),
		OUTBOX_TEST(what_the_broker_refused_is_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
