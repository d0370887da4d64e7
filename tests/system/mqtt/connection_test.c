/* A session and its broker when the connection breaks. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/system/mqtt/session.h"
#include "tests/unit/common/folder.h"

static void a_broker_that_comes_late_is_found(void **state)
{
	struct session *watcher, *collector;

	(void)state;
	broker_prepare(&broker, NULL);
	collector = session_open("cuisine", STATUS);
	mqtt_retain(collector->mqtt, "zone/self", "1", 0, MQTT_EACH);
	mqtt_retain(collector->mqtt, "zone/self", "2", 0, MQTT_EACH);
	wait_until(logged("no broker answers") == 1);
	assert_false(mqtt_connected(collector->mqtt));
	wait_for(1500);
	broker_start(&broker);
	watcher = session_watch();
	wait_until(session_sees(watcher, STATUS, "online"));
	wait_until(session_sees(watcher, "zone/self", "2"));
	assert_false(session_sees(watcher, "zone/self", "1"));
	assert_int_equal(collector->ups, 1);
	assert_int_equal(collector->downs, 0);
	assert_int_equal(logged("no broker answers"), 1);
}

/* The broker keeps nothing: all comes from the sessions. */
static void break_and_recover(int signal)
{
	struct session *watcher, *collector;

	run_broker(NULL);
	watcher = session_watch();
	collector = session_open_connected("cuisine", STATUS);
	mqtt_subscribe(collector->mqtt, "command", 1);
	mqtt_retain(collector->mqtt, "zone/self", "1", 1, MQTT_LATEST);
	wait_until(session_sees(watcher, "zone/self", "1"));
	for (int round = 2; round <= 3; round++) {
		char text[8];

		broker_end(&broker, signal);
		wait_until(watcher->downs == round - 1 && collector->downs == round - 1);
		assert_false(session_send(collector, "record", "lost"));
		session_forget(watcher);
		snprintf(text, sizeof(text), "%d", round);
		mqtt_retain(collector->mqtt, "zone/new", text, 1, MQTT_LATEST);
		broker_start(&broker);
		wait_until(session_sees(watcher, STATUS, "online"));
		wait_until(session_sees(watcher, "zone/self", "1"));
		wait_until(session_sees(watcher, "zone/new", text));
		wait_until(session_sees(watcher, "watching", "yes"));
		wait_until(session_send(watcher, "command", text));
		wait_until(session_sees(collector, "command", text));
		assert_int_equal(collector->ups, round);
	}
	assert_false(session_sees(watcher, "record", "lost"));
}

static void all_returns_after_the_broker_died(void **state)
{
	(void)state;
	break_and_recover(SIGKILL);
}

static void all_returns_after_the_broker_was_restarted(void **state)
{
	(void)state;
	break_and_recover(SIGTERM);
}

/* The broker dies with publishes and a subscription unanswered. */
static void break_in_flight(int protocol)
{
	struct mqtt_config config;
	struct session *collector;

	run_broker(NULL);
	config = session_config();
	config.protocol = protocol;
	collector = session_open_with(&config, "cuisine", STATUS);
	wait_until(collector->ups == 1);
	wait_for(50);
	kill(broker.process, SIGSTOP);
	for (int i = 0; i < 5; i++) {
		assert_true(session_send(collector, "record", "x"));
		mqtt_retain(collector->mqtt, "zone/self", "1", 1, MQTT_EACH);
		mqtt_retain(collector->mqtt, "zone/other", "1", 0, MQTT_EACH);
	}
	mqtt_subscribe(collector->mqtt, "command", 1);
	wait_for(100);
	broker_end(&broker, SIGKILL);
	wait_until(collector->downs == 1);
	assert_int_equal(collector->sent, 0);
	assert_int_equal(logged("refuse"), 0);
	broker_start(&broker);
	wait_until(collector->ups == 2);
	for (int i = 0; i < 15; i++)
		wait_until(session_send(collector, "record", "x"));
	wait_until(collector->sent == 15);
	wait_for(100);
	assert_int_equal(collector->sent, 15);
	assert_int_equal(collector->results[MQTT_REFUSED], 0);
	assert_int_equal(logged("refuse"), 0);
}

static void a_lost_connection_answers_nothing(void **state)
{
	(void)state;
	break_in_flight(MQTT_PROTOCOL_5);
}

static void a_lost_connection_answers_nothing_in_3_1_1(void **state)
{
	(void)state;
	break_in_flight(MQTT_PROTOCOL_311);
}

static void a_silent_broker_is_given_up(void **state)
{
	struct mqtt_config config;
	struct session *collector;

	(void)state;
	run_broker(NULL);
	config = session_config();
	config.keepalive_s = 1;
	collector = session_open_with(&config, "cuisine", STATUS);
	wait_until(collector->ups == 1);
	kill(broker.process, SIGSTOP);
	wait_until(collector->downs == 1);
	kill(broker.process, SIGCONT);
	wait_until(collector->ups == 2);
}

static void the_goodbye_reaches_a_broker_that_wakes_up_later(void **state)
{
	struct session *watcher, *collector;
	ms_t began;

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	collector = session_open_connected("cuisine", STATUS);
	wait_until(session_sees(watcher, STATUS, "online"));
	kill(broker.process, SIGSTOP);
	while (session_send(collector, "record", "x"))
		continue;
	began = clock_monotonic();
	session_close(collector);
	assert_in_range(clock_monotonic() - began, 2000, patience(6000));
	kill(broker.process, SIGCONT);
	wait_until(session_sees(watcher, STATUS, "offline"));
}

static void the_goodbye_overtakes_what_there_is_no_time_for(void **state)
{
	struct session *watcher, *aggregator;
	char topic[32];

	(void)state;
	run_broker(NULL);
	watcher = session_watch();
	aggregator = session_open_connected("aggregator", STATUS);
	wait_until(session_sees(watcher, STATUS, "online"));
	for (int i = 0; i < 50000; i++) {
		snprintf(topic, sizeof(topic), "zone/%d", i);
		mqtt_retain(aggregator->mqtt, topic, "1", 1, MQTT_LATEST);
	}
	session_close_within(aggregator, 20);
	wait_until(session_sees(watcher, STATUS, "offline"));
	assert_in_range(watcher->count, 2, 49000);
}

static int listen_anywhere(void)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int listening = broker_socket(0);

	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(listen(listening, 5), 0);
	broker_prepare(&broker, NULL);
	broker.port = ntohs(address.sin_port);
	return listening;
}

/* mosquitto 2.0.11 does not give the reason why it ends a connection, others do. */
static void the_reason_of_the_broker_for_ending_a_connection_is_logged(void **state)
{
	static const unsigned char accepted[] = {0x20, 3, 0, 0, 0};
	static const unsigned char taken_over[] = {0xe0, 2, 0x8e, 0};
	struct session *collector;
	unsigned char ignored[200];
	int listening = listen_anywhere();
	int peer;

	(void)state;
	collector = session_open("cuisine", NULL);
	wait_for(20);
	peer = accept(listening, NULL, NULL);
	assert_true(read(peer, ignored, sizeof(ignored)) > 0);
	assert_int_equal(write(peer, accepted, sizeof(accepted)), sizeof(accepted));
	wait_until(collector->ups == 1);
	assert_int_equal(write(peer, taken_over, sizeof(taken_over)), sizeof(taken_over));
	wait_until(collector->downs == 1);
	assert_int_equal(logged("is its client id used twice?"), 1);
	close(peer);
	/* And it comes back. */
	wait_for(1000);
	peer = accept(listening, NULL, NULL);
	assert_true(read(peer, ignored, sizeof(ignored)) > 0);
	close(peer);
	close(listening);
	wait_for(100);
	assert_int_equal(collector->downs, 1);
}

static void an_unknown_host_is_logged(void **state)
{
	struct mqtt_config config;

	(void)state;
	broker_prepare(&broker, NULL);
	config = session_config();
	strcpy(config.host, "broker.invalid");
	session_open_with(&config, "cuisine", NULL);
	wait_until(logged("broker.invalid") == 1);
	assert_int_equal(logged("the name is unknown"), 1);
}

static void two_programs_with_one_client_id_take_turns(void **state)
{
	struct session *first, *second;

	(void)state;
	run_broker(NULL);
	first = session_open_connected("cuisine", NULL);
	second = session_open("cuisine", NULL);
	wait_until(first->downs == 1);
	session_close(second);
	wait_until(mqtt_connected(first->mqtt));
}

static void closing_without_a_broker_is_quick(void **state)
{
	struct session *collector;
	ms_t began;

	(void)state;
	broker_prepare(&broker, NULL);
	collector = session_open("cuisine", STATUS);
	wait_for(700);
	began = clock_monotonic();
	session_close(collector);
	assert_in_range(clock_monotonic() - began, 0, patience(5000));
}

static void closing_while_it_connects_is_quick(void **state)
{
	struct session *collector;
	ms_t began;
	int listening = listen_anywhere();

	(void)state;
	collector = session_open("cuisine", STATUS);
	wait_for(300);
	began = clock_monotonic();
	session_close(collector);
	assert_in_range(clock_monotonic() - began, 0, patience(5000));
	close(listening);
}

static void a_numeric_ipv6_address_is_a_host(void **state)
{
	char configuration[200];
	struct mqtt_config config;
	struct session *collector;

	(void)state;
	broker_prepare(&broker, NULL);
	snprintf(configuration, sizeof(configuration),
		 "user root\nlistener %d 127.0.0.1\nlistener %d ::1\nallow_anonymous true\n"
		 "log_dest none\n",
		 broker.port, broker.port);
	broker_file(&broker, "mosquitto.conf", configuration);
	config = session_config();
	strcpy(config.host, "::1");
	broker_start(&broker);
	collector = session_open_with(&config, "cuisine", NULL);
	wait_until(collector->ups == 1);
}

static void ten_thousand_records_survive_a_broker_that_dies_now_and_then(void **state)
{
	struct session *watcher, *collector;
	struct fail fail = {0};
	struct outbox_settings settings = outbox_defaults;
	struct outbox *outbox;
	char *arrived = calloc(10001, 1);
	int missing = 0;

	(void)state;
	run_broker(NULL);
	folder_make();
	settings.ack = OUTBOX_RECEIVER_BROKER;
	snprintf(settings.file, sizeof(settings.file), "%s/outbox", folder);
	outbox_resolve(&settings, "wattzone", "school", "cuisine");
	outbox = outbox_open(&settings, &fail);
	assert_non_null(outbox);
	watcher = session_watch();
	collector = session_open("cuisine", NULL);
	collector->outbox = outbox;
	for (int i = 0; i < 10000; i++)
		outbox_add(outbox, "self", &(struct record){.is_pulse = true, .pulses = i}, true,
			   0);
	for (int round = 1; outbox_counts(outbox).waiting; round++) {
		wait_until(outbox_counts(outbox).acknowledged >= 2500 * round);
		if (round == 4)
			break;
		broker_end(&broker, SIGKILL);
		wait_until(watcher->downs == round);
		broker_start(&broker);
		wait_until(watcher->ups == round + 1);
	}
	wait_until(outbox_counts(outbox).waiting == 0);
	wait_for(200);
	for (size_t i = 0; i < watcher->count; i++) {
		struct record record;

		if (record_decode(&record, watcher->received[i].payload, watcher->received[i].size,
				  NULL))
			arrived[record.seq] = 1;
	}
	for (int i = 1; i <= 10000; i++)
		missing += !arrived[i];
	/* What a dying broker acknowledged and did not pass on is lost, at most what was in flight:
	 * that is what the aggregator's acknowledgement is for. */
	printf("%d of 10000 records were lost by the broker\n", missing);
	assert_in_range(missing, 0, 300);
	free(arrived);
	session_close(collector);
	outbox_close(outbox);
	folder_remove();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		session_test(a_broker_that_comes_late_is_found),
		session_test(all_returns_after_the_broker_died),
		session_test(all_returns_after_the_broker_was_restarted),
		session_test(a_lost_connection_answers_nothing),
		session_test(a_lost_connection_answers_nothing_in_3_1_1),
		session_test(a_silent_broker_is_given_up),
		session_test(the_goodbye_reaches_a_broker_that_wakes_up_later),
		session_test(the_goodbye_overtakes_what_there_is_no_time_for),
		session_test(the_reason_of_the_broker_for_ending_a_connection_is_logged),
		session_test(an_unknown_host_is_logged),
		session_test(two_programs_with_one_client_id_take_turns),
		session_test(closing_without_a_broker_is_quick),
		session_test(closing_while_it_connects_is_quick),
		session_test(a_numeric_ipv6_address_is_a_host),
		session_test(ten_thousand_records_survive_a_broker_that_dies_now_and_then),
	};

	return session_main(argc, argv, tests);
}
