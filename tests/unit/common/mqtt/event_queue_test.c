#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/process/clock.h"
#include "common/mqtt/event_queue.h"

#define THREADS	 4
#define EACH	 20000
#define PATIENCE 10000

static struct event_queue *queue;

static int set_up(void **state)
{
	(void)state;
	queue = event_queue_open();
	return queue ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	event_queue_close(queue);
	return 0;
}

static bool readable(int timeout_ms)
{
	struct pollfd polled = {.fd = event_queue_fd(queue), .events = POLLIN};

	return poll(&polled, 1, timeout_ms) == 1;
}

static void put_message(const char *topic, const char *payload, size_t size)
{
	struct mqtt_event event = {
		.kind = EVENT_MESSAGE,
		.text = {topic, strlen(topic)},
		.payload = {payload, size},
	};

	event_queue_put(queue, &event);
}

static void put_answer(unsigned token)
{
	event_queue_put(queue, &(struct mqtt_event){.kind = EVENT_ANSWER, .token = token});
}

static void an_event_arrives_whole_with_a_zero_after_each_part(void **state)
{
	static const char payload[] = {'a', 0, 'b'};
	struct mqtt_event given = {
		.kind = EVENT_MESSAGE,
		.retained = true,
		.text = {"zone/self/state", 9},
		.payload = {payload, 3},
		.correlation = {"", 0},
	};
	struct mqtt_event event;

	(void)state;
	event_queue_put(queue, &given);
	event_queue_begin(queue);
	assert_true(event_queue_next(queue, &event));
	assert_int_equal(event.kind, EVENT_MESSAGE);
	assert_true(event.retained);
	assert_string_equal(event.text.data, "zone/self");
	assert_int_equal(event.payload.size, 3);
	assert_memory_equal(event.payload.data, "a\0b", 4);
	assert_null(event.response_topic.data);
	assert_string_equal(event.correlation.data, "");
	assert_false(event_queue_next(queue, &event));
}

static void the_descriptor_is_readable_once_for_everything(void **state)
{
	(void)state;
	assert_false(readable(0));
	put_message("a", "1", 1);
	put_message("a", "2", 1);
	assert_true(readable(PATIENCE));
	event_queue_begin(queue);
	assert_false(readable(5));
	put_message("a", "3", 1);
	assert_true(readable(PATIENCE));
}

static void an_answer_does_not_wait_for_messages_to_gather(void **state)
{
	int at_once = 0;

	(void)state;
	/* A stall of this machine may hide it once, but not every time. */
	for (int i = 0; i < 100; i++) {
		ms_t begin;

		event_queue_begin(queue);
		begin = clock_monotonic();
		put_message("a", "1", 1);
		put_answer(1);
		assert_true(readable(PATIENCE));
		at_once += clock_monotonic() == begin;
	}
	assert_in_range(at_once, 20, 100);
}

static void what_is_cleared_is_gone(void **state)
{
	struct mqtt_event event;

	(void)state;
	put_answer(1);
	event_queue_begin(queue);
	put_answer(2);
	event_queue_clear(queue);
	assert_false(event_queue_next(queue, &event));
	put_answer(3);
	event_queue_begin(queue);
	assert_true(event_queue_next(queue, &event));
	assert_int_equal(event.token, 3);
}

static void messages_beyond_the_limit_are_dropped_and_counted_but_answers_are_not(void **state)
{
	size_t size = 1 << 20;
	char *payload = calloc(1, size);
	struct mqtt_event event;
	int messages = 0;
	int answers = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		put_message("a", payload, size);
		put_answer(0);
	}
	event_queue_begin(queue);
	while (event_queue_next(queue, &event)) {
		messages += event.kind == EVENT_MESSAGE;
		answers += event.kind == EVENT_ANSWER;
	}
	assert_int_equal(answers, 100);
	assert_int_equal(messages, 63);
	assert_int_equal(event_queue_dropped(queue), 37);
	assert_int_equal(event_queue_dropped(queue), 0);
	free(payload);
}

static void *put_many(void *context)
{
	unsigned thread = *(unsigned *)context;
	char text[20];

	for (unsigned i = 0; i < EACH; i++) {
		if (i % 10 == 0) {
			put_answer(thread * EACH + i);
			continue;
		}
		snprintf(text, sizeof(text), "%u", thread * EACH + i);
		put_message("t", text, strlen(text));
	}
	return NULL;
}

static void from_many_threads_nothing_is_lost_and_each_keeps_its_order(void **state)
{
	unsigned numbers[THREADS];
	unsigned next[THREADS] = {0};
	pthread_t threads[THREADS];
	unsigned count = 0;
	struct mqtt_event event;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, put_many, &numbers[i]), 0);
	}
	while (count < THREADS * EACH) {
		assert_true(readable(PATIENCE));
		event_queue_begin(queue);
		while (event_queue_next(queue, &event)) {
			unsigned number = event.kind == EVENT_ANSWER
						  ? event.token
						  : (unsigned)atoi(event.payload.data);

			assert_int_equal(number % EACH, next[number / EACH]++);
			count++;
		}
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_event_arrives_whole_with_a_zero_after_each_part),
		TEST(the_descriptor_is_readable_once_for_everything),
		TEST(an_answer_does_not_wait_for_messages_to_gather),
		TEST(what_is_cleared_is_gone),
		TEST(messages_beyond_the_limit_are_dropped_and_counted_but_answers_are_not),
		TEST(from_many_threads_nothing_is_lost_and_each_keeps_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
