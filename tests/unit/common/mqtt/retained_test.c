#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/mqtt/retained.h"
#include "tests/unit/common/seed.h"

static struct retained *retained;

static int set_up(void **state)
{
	(void)state;
	retained = retained_open();
	return retained ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	retained_close(retained);
	return 0;
}

static void set(const char *topic, const char *payload, int qos, bool each)
{
	assert_true(retained_set(retained, topic, payload, qos, each));
}

/* Takes the next value out of the queue; returns its topic. */
static struct retained_topic *expect_next(const char *topic, const char *payload)
{
	struct retained_value value;

	assert_true(retained_next(retained, &value));
	assert_string_equal(value.topic->name, topic);
	assert_string_equal(value.payload, payload);
	assert_int_equal(value.size, strlen(payload));
	retained_sent(retained);
	return value.topic;
}

static void expect_empty(void)
{
	struct retained_value value;

	assert_false(retained_next(retained, &value));
}

static void no_value_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	assert_false(retained_set(retained, "a", NULL, 1, false));
	retained_requeue(retained);
	expect_empty();
	set("a", "1", 1, false);
	assert_false(retained_set(retained, "a", NULL, 1, true));
	expect_next("a", "1");
	expect_empty();
}

static void values_leave_in_the_order_they_were_set(void **state)
{
	(void)state;
	expect_empty();
	set("a", "1", 1, false);
	set("b", "2", 0, false);
	set("c", "3", 1, false);
	assert_int_equal(expect_next("a", "1")->qos, 1);
	assert_int_equal(expect_next("b", "2")->qos, 0);
	expect_next("c", "3");
	expect_empty();
	retained_requeue(retained);
	expect_next("a", "1");
	expect_next("b", "2");
	expect_next("c", "3");
	expect_empty();
}

static void a_newer_value_takes_the_place_of_one_that_waits(void **state)
{
	(void)state;
	set("a", "1", 0, false);
	set("b", "2", 0, false);
	set("a", "3", 1, false);
	assert_int_equal(expect_next("a", "3")->qos, 1);
	expect_next("b", "2");
	expect_empty();
	set("a", "4", 0, false);
	expect_next("a", "4");
}

static void each_value_keeps_its_place_where_that_is_asked_for(void **state)
{
	(void)state;
	set("a", "1", 0, true);
	set("b", "2", 0, true);
	set("a", "3", 0, true);
	set("a", "4", 0, true);
	set("a", "5", 0, false);
	expect_next("a", "1");
	expect_next("b", "2");
	expect_next("a", "3");
	expect_next("a", "5");
	expect_empty();
}

static void a_new_connection_gets_the_newest_of_every_topic(void **state)
{
	(void)state;
	set("birth", "online", 1, false);
	set("a", "1", 0, true);
	set("a", "2", 0, true);
	set("b", "3", 1, false);
	expect_next("birth", "online");
	retained_requeue(retained);
	expect_next("birth", "online");
	expect_next("a", "2");
	expect_next("b", "3");
	expect_empty();
	retained_requeue(retained);
	set("a", "4", 0, false);
	expect_next("birth", "online");
	expect_next("a", "4");
	expect_next("b", "3");
	expect_empty();
}

static void a_deleted_topic_is_forgotten_when_the_broker_knows(void **state)
{
	struct retained_topic *topic;

	(void)state;
	set("a", "1", 1, false);
	topic = expect_next("a", "1");
	set("a", "", 1, false);
	retained_answered(retained, topic);
	topic = expect_next("a", "");
	assert_int_equal(topic->in_flight, 1);
	/* Without an answer it is deleted again. */
	retained_requeue(retained);
	topic = expect_next("a", "");
	retained_answered(retained, topic);
	retained_requeue(retained);
	expect_empty();
	set("a", "2", 1, false);
	expect_next("a", "2");
	set("b", "", 0, false);
	expect_next("b", "");
	retained_requeue(retained);
	expect_next("a", "2");
	expect_empty();
}

static void a_refusal_is_remembered(void **state)
{
	struct retained_topic *topic;

	(void)state;
	set("a", "1", 1, false);
	topic = expect_next("a", "1");
	topic->refused = true;
	retained_answered(retained, topic);
	set("a", "2", 1, false);
	assert_true(expect_next("a", "2")->refused);
}

static void older_values_are_limited(void **state)
{
	struct retained_value value;
	char payload[16];
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 12000; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		set("a", payload, 0, true);
	}
	assert_int_equal(retained_skipped(retained), 1999);
	assert_int_equal(retained_skipped(retained), 0);
	while (retained_next(retained, &value)) {
		snprintf(payload, sizeof(payload), "%d", count < 10000 ? (int)count : 11999);
		assert_string_equal(value.payload, payload);
		retained_sent(retained);
		count++;
	}
	assert_int_equal(count, 10001);
	/* And there is room again, also after a break. */
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < 10000; j++)
			set("a", "x", 0, true);
		assert_int_equal(retained_skipped(retained), 0);
		retained_requeue(retained);
		expect_next("a", "x");
		expect_empty();
	}
}

static void many_topics_are_found_again(void **state)
{
	char name[32];
	char payload[16];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20000; i++) {
			snprintf(name, sizeof(name), "zone/%d/power_w", i);
			snprintf(payload, sizeof(payload), "%d", i + round);
			set(name, payload, 0, false);
		}
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "zone/%d/power_w", i);
		snprintf(payload, sizeof(payload), "%d", i + 1);
		expect_next(name, payload);
	}
	expect_empty();
}

/* -------- against a model: plain arrays, no pointers -------- */

#define TOPICS 6
#define QUEUE  5000

static struct {
	bool known[TOPICS];
	int order[TOPICS]; /* of first setting */
	int count;
	int newest[TOPICS]; /* 0: deleted */
	unsigned in_flight[TOPICS];
	struct {
		int topic;
		int value;
		bool is_newest;
	} queue[QUEUE];
	int length;
} model;

static bool model_waits(int topic)
{
	for (int i = 0; i < model.length; i++)
		if (model.queue[i].topic == topic && model.queue[i].is_newest)
			return true;
	return false;
}

static void model_append(int topic)
{
	model.queue[model.length].topic = topic;
	model.queue[model.length].value = model.newest[topic];
	model.queue[model.length++].is_newest = true;
}

static void model_set(int topic, int value, bool each)
{
	if (!model.known[topic]) {
		model.known[topic] = true;
		model.order[model.count++] = topic;
	}
	model.newest[topic] = value;
	for (int i = 0; i < model.length; i++) {
		if (model.queue[i].topic != topic || !model.queue[i].is_newest)
			continue;
		if (!each) {
			model.queue[i].value = value;
			return;
		}
		model.queue[i].is_newest = false;
	}
	model_append(topic);
}

static void model_forget_answered(int topic)
{
	int count = 0;

	if (model.newest[topic] || model_waits(topic) || model.in_flight[topic])
		return;
	model.known[topic] = false;
	for (int i = 0; i < model.count; i++)
		if (model.order[i] != topic)
			model.order[count++] = model.order[i];
	model.count = count;
}

static void model_requeue(void)
{
	model.length = 0;
	for (int i = 0; i < model.count; i++) {
		model.in_flight[model.order[i]] = 0;
		model_append(model.order[i]);
	}
}

static int topic_number(const struct retained_topic *topic)
{
	return topic->name[0] - 'a';
}

static void it_behaves_like_its_model_whatever_happens(void **state)
{
	struct retained_topic *topics[TOPICS] = {NULL};
	int last = 0;

	(void)state;
	seed_start("it_behaves_like_its_model_whatever_happens");
	for (int step = 0; step < 200000; step++) {
		int topic = (int)seed_below(TOPICS);
		char name[2] = {(char)('a' + topic), 0};
		struct retained_value value;
		char payload[16] = "";

		switch (seed_below(5)) {
		case 0:
		case 1: {
			bool each = seed_below(2);
			int number = seed_below(4) ? ++last : 0;

			if (model.length == QUEUE - 1)
				break;
			if (number)
				snprintf(payload, sizeof(payload), "%d", number);
			/* QoS 1 for the first half of the topics. */
			set(name, payload, topic < TOPICS / 2, each);
			model_set(topic, number, each);
			break;
		}
		case 2:
		case 3:
			assert_int_equal(retained_next(retained, &value), model.length > 0);
			if (!model.length)
				break;
			topic = model.queue[0].topic;
			assert_int_equal(topic_number(value.topic), topic);
			assert_int_equal(atoi(value.payload), model.queue[0].value);
			topics[topic] = value.topic;
			memmove(model.queue, model.queue + 1,
				(size_t)--model.length * sizeof(model.queue[0]));
			retained_sent(retained);
			model.in_flight[topic] += topic < TOPICS / 2;
			model_forget_answered(topic);
			break;
		case 4:
			if (seed_below(50) == 0) {
				retained_requeue(retained);
				model_requeue();
			} else if (model.in_flight[topic]) {
				assert_int_equal(topics[topic]->in_flight, model.in_flight[topic]);
				retained_answered(retained, topics[topic]);
				model.in_flight[topic]--;
				model_forget_answered(topic);
			}
			break;
		}
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(no_value_is_refused_and_changes_nothing),
		test(values_leave_in_the_order_they_were_set),
		test(a_newer_value_takes_the_place_of_one_that_waits),
		test(each_value_keeps_its_place_where_that_is_asked_for),
		test(a_new_connection_gets_the_newest_of_every_topic),
		test(a_deleted_topic_is_forgotten_when_the_broker_knows),
		test(a_refusal_is_remembered),
		test(older_values_are_limited),
		test(many_topics_are_found_again),
		test(it_behaves_like_its_model_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
