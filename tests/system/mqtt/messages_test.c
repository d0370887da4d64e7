/* What a session and its broker send each other. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/mqtt/session.h"

static void a_birth_is_retained_and_a_goodbye_replaces_it(void **state)
{
	struct session *watcher, *late, *collector;

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	collector = session_open("cuisine", STATUS);
	wait_until(session_sees(watcher, STATUS, "online"));
	late = session_open("late", NULL);
	mqtt_subscribe(late->mqtt, "wattzone/+/collector/+/status", 1);
	wait_until(session_sees(late, STATUS, "online"));
	assert_true(late->received[0].retained);
	session_close(collector);
	wait_until(session_sees(late, STATUS, "offline"));
	session_close(late);
	session_close(watcher);
}

static void a_will_replaces_the_goodbye_of_a_killed_program(void **state)
{
	struct session *watcher;
	pid_t child;

	(void)state;
	run_broker(NULL);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		session_open("cuisine", STATUS);
		for (;;)
			sessions_poll(1000);
	}
	watcher = session_watch();
	wait_until(session_sees(watcher, STATUS, "online"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	wait_until(session_sees(watcher, STATUS, "offline"));
	session_close(watcher);
}

static void five_thousand_retained_topics_all_arrive(void **state)
{
	struct session *watcher, *aggregator;
	char topic[32], payload[32];
	bool arrived[5000] = {0};

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	session_forget(watcher);
	aggregator = session_open("aggregator", NULL);
	for (int i = 0; i < 5000; i++) {
		snprintf(topic, sizeof(topic), "zone/%d", i);
		snprintf(payload, sizeof(payload), "%d", 7 * i);
		mqtt_retain(aggregator->mqtt, topic, payload, i % 2, MQTT_LATEST);
	}
	wait_until(watcher->count == 5000);
	for (size_t i = 0; i < 5000; i++) {
		int number = atoi(watcher->received[i].topic + 5);

		assert_in_range(number, 0, 4999);
		assert_int_equal(atoi(watcher->received[i].payload), 7 * number);
		assert_false(arrived[number]);
		arrived[number] = true;
	}
	session_close(aggregator);
	session_close(watcher);
}

static void each_value_is_sent_in_order(void **state)
{
	struct session *watcher, *aggregator;
	char payload[32];

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	session_forget(watcher);
	aggregator = session_open("aggregator", NULL);
	wait_until(aggregator->ups == 1);
	for (int i = 0; i < 3000; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		mqtt_retain(aggregator->mqtt, i % 2 ? "mean10/a" : "mean10/b", payload, 1,
			    MQTT_EACH);
	}
	wait_until(watcher->count == 3000);
	for (int topic = 0; topic < 2; topic++) {
		int expected = topic;

		for (size_t i = 0; i < watcher->count; i++) {
			if (strcmp(watcher->received[i].topic, topic ? "mean10/a" : "mean10/b") !=
			    0)
				continue;
			assert_int_equal(atoi(watcher->received[i].payload), expected);
			expected += 2;
		}
		assert_int_equal(expected, 3000 + topic);
	}
	session_close(aggregator);
	session_close(watcher);
}

static void only_the_latest_value_is_sent_if_that_is_enough(void **state)
{
	struct session *watcher, *aggregator;
	char payload[32];

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	session_forget(watcher);
	aggregator = session_open("aggregator", NULL);
	wait_until(aggregator->ups == 1);
	for (int i = 1; i <= 3000; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		mqtt_retain(aggregator->mqtt, "state", payload, 1, MQTT_LATEST);
	}
	wait_until(session_sees(watcher, "state", "3000"));
	wait_for(50);
	assert_string_equal(session_newest(watcher, "state"), "3000");
	/* What paho took at once, and the last one. */
	assert_in_range(watcher->count, 2, 16);
	session_close(aggregator);
	session_close(watcher);
}

static void never_more_than_fifteen_are_in_flight(void **state)
{
	struct session *watcher, *collector;
	char payload[32];
	int64_t given = 0;

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	session_forget(watcher);
	collector = session_open("cuisine", NULL);
	assert_false(mqtt_send(collector->mqtt, "record", "x", 1, 1, 0));
	wait_until(collector->ups == 1);
	while (collector->sent < 3000) {
		int length = snprintf(payload, sizeof(payload), "%lld", (long long)given);

		if (given < 3000 && mqtt_send(collector->mqtt, "record", payload, (size_t)length, 1,
					      (uint64_t)given)) {
			given++;
			assert_in_range(given - collector->sent, 1, 15);
		} else {
			if (given < 3000)
				assert_int_equal(given - collector->sent, 15);
			wait_until(collector->sent == given);
		}
	}
	wait_until(watcher->count == 3000);
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(atoi(watcher->received[i].payload), (int)i);
	assert_int_equal(collector->results[MQTT_DELIVERED], 3000);
	session_close(collector);
	session_close(watcher);
}

static void messages_of_qos_0_flow_for_ever(void **state)
{
	struct session *watcher, *collector;
	static char payload[2000];
	size_t given = 0;

	(void)state;
	run_broker(NULL);
	memset(payload, 'x', sizeof(payload));
	watcher = session_watch();
	session_forget(watcher);
	collector = session_open("cuisine", NULL);
	assert_false(mqtt_send(collector->mqtt, "live", "x", 1, 0, 0));
	wait_until(collector->ups == 1);
	while (given < 20000) {
		if (mqtt_send(collector->mqtt, "live", payload, sizeof(payload), 0, 0))
			given++;
		else
			sessions_poll((int)LONG_WAIT);
	}
	wait_until(watcher->count == given);
	session_close(collector);
	session_close(watcher);
}

static void payloads_of_any_size_and_bytes_arrive(void **state)
{
	static const size_t sizes[] = {0, 1, 1000, 70000, 262144, 300000, 5000000};
	struct session *watcher, *collector;
	char *payload = malloc(5000000);

	(void)state;
	run_broker(NULL);
	for (size_t i = 0; i < 5000000; i++)
		payload[i] = (char)(i * 7 + i / 256);
	watcher = session_watch();
	session_forget(watcher);
	collector = session_open("cuisine", NULL);
	wait_until(collector->ups == 1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int qos = 0; qos < 2; qos++) {
			size_t before = watcher->count;

			assert_true(mqtt_send(collector->mqtt, "bytes", payload, sizes[i], qos,
					      sizes[i]));
			wait_until(watcher->count == before + 1);
			assert_int_equal(watcher->received[before].size, sizes[i]);
			assert_memory_equal(watcher->received[before].payload, payload, sizes[i]);
		}
		wait_until(collector->sent == (int64_t)i + 1);
		assert_int_equal(collector->last_cookie, sizes[i]);
	}
	free(payload);
	session_close(collector);
	session_close(watcher);
}

static void an_empty_payload_deletes_a_topic(void **state)
{
	struct session *watcher, *late;

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	mqtt_retain(watcher->mqtt, "zone/self", "1", 1, MQTT_LATEST);
	wait_until(session_sees(watcher, "zone/self", "1"));
	mqtt_retain(watcher->mqtt, "zone/self", "", 1, MQTT_LATEST);
	wait_until(session_sees(watcher, "zone/self", ""));
	late = session_open("late", NULL);
	mqtt_subscribe(late->mqtt, "#", 1);
	wait_until(session_sees(late, "watching", "yes"));
	assert_false(session_sees(late, "zone/self", "1"));
	session_close(late);
	session_close(watcher);
}

static void a_message_without_subscribers_is_no_refusal(void **state)
{
	struct session *collector;

	(void)state;
	run_broker(NULL);
	collector = session_open("cuisine", NULL);
	wait_until(collector->ups == 1);
	assert_true(mqtt_send(collector->mqtt, "record", "x", 1, 1, 42));
	wait_until(collector->sent == 1);
	assert_int_equal(collector->last_cookie, 42);
	/* MQTT 5 has a reason code for it (0x10), paho 1.3.12 to 1.3.14 drops it. */
	assert_int_equal(collector->results[MQTT_REFUSED], 0);
	session_close(collector);
}

static void requests_are_answered_if_they_ask_for_it(void **state)
{
	struct session *aggregator;
	char command[300], answer[100] = "";
	FILE *client;

	(void)state;
	run_broker(NULL);
	aggregator = session_open("aggregator", NULL);
	/* Subscriptions are answered in their order: with the second, the first is there. */
	mqtt_subscribe(aggregator->mqtt, "get/history", 1);
	mqtt_subscribe(aggregator->mqtt, "ready", 1);
	mqtt_retain(aggregator->mqtt, "ready", "yes", 1, MQTT_LATEST);
	wait_until(session_sees(aggregator, "ready", "yes"));
	wait_until(mqtt_send(aggregator->mqtt, "ready", "x", 1, 1, 0));
	wait_until(session_sees(aggregator, "ready", "x"));
	session_forget(aggregator);
	aggregator->answers = true;
	snprintf(command, sizeof(command),
		 "timeout 10 mosquitto_rr -V 5 -h 127.0.0.1 -p %d -t get/history -e answer "
		 "-D publish correlation-data 4711 -m '{\"zone\":\"self\"}' -F '%%D %%p' -W 5",
		 broker.port);
	client = popen(command, "re");
	wait_until(aggregator->count == 1);
	wait_for(100);
	assert_non_null(fgets(answer, sizeof(answer), client));
	pclose(client);
	assert_string_equal(answer, "4711 {\"zone\":\"self\"}\n");
	/* One who does not ask gets none. */
	assert_true(mqtt_send(aggregator->mqtt, "get/history", "x", 1, 1, 0));
	wait_until(aggregator->count == 2);
	session_close(aggregator);
}

static void everything_works_with_version_3_1_1(void **state)
{
	struct session *watcher, *collector;
	struct mqtt_config config;

	(void)state;
	run_broker(NULL);
	config = session_config();
	config.protocol = MQTT_PROTOCOL_311;
	watcher = session_open_with(&config, "watcher", NULL);
	mqtt_subscribe(watcher->mqtt, "#", 1);
	collector = session_open_with(&config, "cuisine", STATUS);
	mqtt_retain(collector->mqtt, "zone/self", "1", 1, MQTT_LATEST);
	mqtt_retain(collector->mqtt, "zone/other", "2", 0, MQTT_LATEST);
	wait_until(collector->ups == 1);
	/* Once it sees something it is subscribed: a record is not retained. */
	wait_until(session_sees(watcher, STATUS, "online"));
	wait_until(session_sees(watcher, "zone/self", "1"));
	wait_until(session_sees(watcher, "zone/other", "2"));
	assert_true(mqtt_send(collector->mqtt, "record", "x", 1, 1, 7));
	wait_until(collector->results[MQTT_DELIVERED] == 1);
	assert_int_equal(collector->last_cookie, 7);
	wait_until(session_sees(watcher, "record", "x"));
	session_close(collector);
	wait_until(session_sees(watcher, STATUS, "offline"));
	session_close(watcher);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		session_test(a_birth_is_retained_and_a_goodbye_replaces_it),
		session_test(a_will_replaces_the_goodbye_of_a_killed_program),
		session_test(five_thousand_retained_topics_all_arrive),
		session_test(each_value_is_sent_in_order),
		session_test(only_the_latest_value_is_sent_if_that_is_enough),
		session_test(never_more_than_fifteen_are_in_flight),
		session_test(messages_of_qos_0_flow_for_ever),
		session_test(payloads_of_any_size_and_bytes_arrive),
		session_test(an_empty_payload_deletes_a_topic),
		session_test(a_message_without_subscribers_is_no_refusal),
		session_test(requests_are_answered_if_they_ask_for_it),
		session_test(everything_works_with_version_3_1_1),
	};

	return session_main(argc, argv, tests);
}
