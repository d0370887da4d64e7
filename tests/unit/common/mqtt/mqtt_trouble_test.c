/* A session and its broker when things go wrong. */
#include "tests/unit/common/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/unit/common/session.h"

#define STATUS "wattzone/school/collector/cuisine/status"

static struct broker broker;

static int set_up(void **state)
{
	sessions_set_up(state);
	broker = (struct broker){0};
	return 0;
}

static int tear_down(void **state)
{
	/* A stopped one would take nothing. */
	if (broker.process)
		kill(broker.process, SIGCONT);
	sessions_tear_down(state);
	broker_remove(&broker);
	return 0;
}

static void run_broker(const char *lines)
{
	broker_prepare(&broker, lines);
	broker_start(&broker);
}

static struct session *open_connected(const char *id, const char *will)
{
	struct session *session = session_open(&broker, id, will);

	wait_until(session->ups == 1);
	return session;
}

static struct session *watch(void)
{
	struct session *watcher = open_connected("watcher", NULL);

	mqtt_subscribe(watcher->mqtt, "#", 1);
	mqtt_retain(watcher->mqtt, "watching", "yes", 1, MQTT_LATEST);
	wait_until(session_sees(watcher, "watching", "yes"));
	return watcher;
}

static bool send_text(struct session *session, const char *topic, const char *text)
{
	return mqtt_send(session->mqtt, topic, text, strlen(text), 1, 0);
}

static void a_broker_that_comes_late_is_found(void **state)
{
	struct session *watcher, *collector;

	(void)state;
	broker_prepare(&broker, NULL);
	collector = session_open(&broker, "cuisine", STATUS);
	mqtt_retain(collector->mqtt, "zone/self", "1", 0, MQTT_EACH);
	mqtt_retain(collector->mqtt, "zone/self", "2", 0, MQTT_EACH);
	wait_until(logged("no broker answers") == 1);
	assert_false(mqtt_connected(collector->mqtt));
	wait_for(1500);
	broker_start(&broker);
	watcher = watch();
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
	watcher = watch();
	collector = open_connected("cuisine", STATUS);
	mqtt_subscribe(collector->mqtt, "command", 1);
	mqtt_retain(collector->mqtt, "zone/self", "1", 1, MQTT_LATEST);
	wait_until(session_sees(watcher, "zone/self", "1"));
	for (int round = 2; round <= 3; round++) {
		char text[8];

		kill(broker.process, signal);
		waitpid(broker.process, NULL, 0);
		broker.process = 0;
		wait_until(watcher->downs == round - 1 && collector->downs == round - 1);
		assert_false(send_text(collector, "record", "lost"));
		session_forget(watcher);
		snprintf(text, sizeof(text), "%d", round);
		mqtt_retain(collector->mqtt, "zone/new", text, 1, MQTT_LATEST);
		broker_start(&broker);
		wait_until(session_sees(watcher, STATUS, "online"));
		wait_until(session_sees(watcher, "zone/self", "1"));
		wait_until(session_sees(watcher, "zone/new", text));
		wait_until(session_sees(watcher, "watching", "yes"));
		wait_until(send_text(watcher, "command", text));
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
	config = session_config(&broker);
	config.protocol = protocol;
	collector = session_open_with(&config, "cuisine", STATUS);
	wait_until(collector->ups == 1);
	wait_for(50);
	kill(broker.process, SIGSTOP);
	for (int i = 0; i < 5; i++) {
		assert_true(send_text(collector, "record", "x"));
		mqtt_retain(collector->mqtt, "zone/self", "1", 1, MQTT_EACH);
		mqtt_retain(collector->mqtt, "zone/other", "1", 0, MQTT_EACH);
	}
	mqtt_subscribe(collector->mqtt, "command", 1);
	wait_for(100);
	broker_kill(&broker);
	wait_until(collector->downs == 1);
	assert_int_equal(collector->sent, 0);
	assert_int_equal(logged("refuse"), 0);
	broker_start(&broker);
	wait_until(collector->ups == 2);
	for (int i = 0; i < 15; i++)
		wait_until(send_text(collector, "record", "x"));
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
	config = session_config(&broker);
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
	watcher = watch();
	collector = open_connected("cuisine", STATUS);
	wait_until(session_sees(watcher, STATUS, "online"));
	kill(broker.process, SIGSTOP);
	while (send_text(collector, "record", "x"))
		continue;
	began = clock_monotonic();
	session_close(collector);
	assert_in_range(clock_monotonic() - began, 2000, 6000);
	kill(broker.process, SIGCONT);
	wait_until(session_sees(watcher, STATUS, "offline"));
}

static void the_goodbye_overtakes_what_there_is_no_time_for(void **state)
{
	struct session *watcher, *aggregator;
	char topic[32];

	(void)state;
	run_broker(NULL);
	watcher = watch();
	aggregator = open_connected("aggregator", STATUS);
	wait_until(session_sees(watcher, STATUS, "online"));
	for (int i = 0; i < 50000; i++) {
		snprintf(topic, sizeof(topic), "zone/%d", i);
		mqtt_retain(aggregator->mqtt, topic, "1", 1, MQTT_LATEST);
	}
	session_close_within(aggregator, 20);
	wait_until(session_sees(watcher, STATUS, "offline"));
	assert_in_range(watcher->count, 2, 49000);
}

static void what_the_access_list_forbids_is_told(void **state)
{
	struct session *collector;

	(void)state;
	broker_prepare(&broker, "acl_file @/access\n");
	broker_file(&broker, "access", "topic readwrite allowed/#\n");
	broker_start(&broker);
	collector = open_connected("cuisine", "allowed/status");
	assert_true(send_text(collector, "forbidden/record", "x"));
	wait_until(collector->results[MQTT_REFUSED] == 1);
	assert_true(send_text(collector, "allowed/record", "x"));
	wait_until(collector->results[MQTT_DELIVERED] == 1);
	for (int i = 0; i < 3; i++) {
		mqtt_retain(collector->mqtt, "forbidden/zone", "1", 1, MQTT_EACH);
		mqtt_retain(collector->mqtt, "allowed/zone", "1", 1, MQTT_EACH);
	}
	wait_until(logged("forbidden/zone") == 1);
	wait_for(100);
	assert_int_equal(logged("forbidden/zone"), 1);
	assert_int_equal(logged("allowed/zone"), 0);
}

#define DYNAMIC_SECURITY                                                                           \
	"plugin /usr/lib/" MULTIARCH "/mosquitto_dynamic_security.so\n"                            \
	"plugin_opt_config_file @/roles.json\n"
#ifdef __x86_64__
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "arm-linux-gnueabihf"
#endif

static void refused_subscription(int protocol)
{
	struct mqtt_config config;
	struct session *collector;

	broker_prepare(&broker, DYNAMIC_SECURITY);
	broker_file(&broker, "roles.json",
		    "{\"defaultACLAccess\":{\"publishClientSend\":true,"
		    "\"publishClientReceive\":true,\"subscribe\":false,\"unsubscribe\":true},"
		    "\"clients\":[],\"roles\":[{\"rolename\":\"all\",\"acls\":[{\"acltype\":"
		    "\"subscribePattern\",\"topic\":\"allowed/#\",\"allow\":true}]}],"
		    "\"groups\":[{\"groupname\":\"any\",\"roles\":[{\"rolename\":\"all\"}],"
		    "\"clients\":[]}],\"anonymousGroup\":\"any\"}\n");
	broker_start(&broker);
	config = session_config(&broker);
	config.protocol = protocol;
	collector = session_open_with(&config, "cuisine", NULL);
	mqtt_subscribe(collector->mqtt, "forbidden/#", 1);
	mqtt_subscribe(collector->mqtt, "allowed/#", 1);
	wait_until(logged("forbidden/#") == 1);
	assert_int_equal(logged("subscription"), 1);
	/* Said once, also when it is tried again. */
	broker_kill(&broker);
	broker_start(&broker);
	wait_until(collector->ups == 2);
	wait_until(send_text(collector, "allowed/command", "x"));
	wait_until(session_sees(collector, "allowed/command", "x"));
	assert_int_equal(logged("subscription"), 1);
}

static void a_refused_subscription_is_told(void **state)
{
	(void)state;
	refused_subscription(MQTT_PROTOCOL_5);
}

static void a_refused_subscription_is_told_in_3_1_1(void **state)
{
	(void)state;
	refused_subscription(MQTT_PROTOCOL_311);
}

static void a_broker_that_wants_fewer_in_flight_gets_fewer(void **state)
{
	struct session *collector;
	int count = 0;

	(void)state;
	run_broker("max_inflight_messages 4\n");
	collector = open_connected("cuisine", NULL);
	while (send_text(collector, "record", "x"))
		count++;
	assert_int_equal(count, 4);
	for (; count < 200; count++)
		wait_until(send_text(collector, "record", "x"));
	wait_until(collector->sent == 200);
}

static void a_message_too_large_for_the_broker_is_not_sent(void **state)
{
	struct session *collector;
	char large[3000];

	(void)state;
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = 0;
	run_broker("max_packet_size 2000\n");
	collector = open_connected("cuisine", STATUS);
	assert_true(send_text(collector, "record", large));
	wait_until(collector->results[MQTT_REFUSED] == 1);
	assert_true(send_text(collector, "record", large));
	wait_until(collector->results[MQTT_REFUSED] == 2);
	assert_true(mqtt_send(collector->mqtt, "live", large, sizeof(large), 0, 0));
	for (int i = 0; i < 3; i++)
		mqtt_retain(collector->mqtt, "zone/large", large, 1, MQTT_EACH);
	wait_until(logged("zone/large") == 1);
	assert_true(send_text(collector, "record", "x"));
	wait_until(collector->results[MQTT_DELIVERED] == 1);
	wait_for(50);
	assert_int_equal(logged("record: a message"), 1);
	assert_int_equal(logged("zone/large"), 1);
	assert_int_equal(collector->ups, 1);
	assert_int_equal(collector->downs, 0);
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

/* mosquitto 2.0.11 does not say why it ends a connection, others do. */
static void the_reason_of_the_broker_for_ending_a_connection_is_told(void **state)
{
	static const unsigned char accepted[] = {0x20, 3, 0, 0, 0};
	static const unsigned char taken_over[] = {0xe0, 2, 0x8e, 0};
	struct session *collector;
	unsigned char ignored[200];
	int listening = listen_anywhere();
	int peer;

	(void)state;
	collector = session_open(&broker, "cuisine", NULL);
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

static void a_host_that_nobody_knows_is_told(void **state)
{
	struct mqtt_config config;

	(void)state;
	broker_prepare(&broker, NULL);
	config = session_config(&broker);
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
	first = open_connected("cuisine", NULL);
	second = session_open(&broker, "cuisine", NULL);
	wait_until(first->downs == 1);
	session_close(second);
	wait_until(mqtt_connected(first->mqtt));
}

static void a_broker_with_another_password_is_tried_on(void **state)
{
	struct mqtt_config config;
	struct session *collector;
	char command[400];

	(void)state;
	broker_prepare(&broker, NULL);
	snprintf(command, sizeof(command),
		 "cd %s && printf 'user root\\nlistener %d 127.0.0.1\\nlog_dest none\\n"
		 "password_file %s/access\\n' >mosquitto.conf && echo cuisine:right >access && "
		 "mosquitto_passwd -U access && echo wrong >password",
		 broker.folder, broker.port, broker.folder);
	assert_int_equal(system(command), 0);
	broker_start(&broker);
	config = session_config(&broker);
	strcpy(config.user, "cuisine");
	snprintf(config.password_file, sizeof(config.password_file), "%s/password", broker.folder);
	collector = session_open_with(&config, "cuisine", NULL);
	wait_until(logged("cuisine") == 1);
	assert_int_equal(logged("password"), 1);
	session_close(collector);
	broker_file(&broker, "password", "right\n");
	collector = session_open_with(&config, "cuisine", NULL);
	wait_until(collector->ups == 1);
}

static void values_for_a_stuck_broker_do_not_pile_up(void **state)
{
	struct session *watcher, *aggregator;
	char payload[16];
	size_t count = 0;

	(void)state;
	run_broker(NULL);
	watcher = watch();
	aggregator = open_connected("aggregator", NULL);
	kill(broker.process, SIGSTOP);
	for (int i = 1; i <= 30000; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		mqtt_retain(aggregator->mqtt, "mean10", payload, 1, MQTT_EACH);
	}
	assert_int_equal(logged("skipped"), 1);
	kill(broker.process, SIGCONT);
	wait_until(session_sees(watcher, "mean10", "30000"));
	for (size_t i = 1; i < watcher->count; i++)
		count += strcmp(watcher->seen[i].topic, "mean10") == 0;
	assert_in_range(count, 9000, 10100);
	assert_string_equal(session_newest(watcher, "mean10"), "30000");
}

static void closing_without_a_broker_is_quick(void **state)
{
	struct session *collector;
	ms_t began;

	(void)state;
	broker_prepare(&broker, NULL);
	collector = session_open(&broker, "cuisine", STATUS);
	wait_for(700);
	began = clock_monotonic();
	session_close(collector);
	assert_in_range(clock_monotonic() - began, 0, 5000);
}

static void closing_while_it_connects_is_quick(void **state)
{
	struct session *collector;
	ms_t began;
	int listening = listen_anywhere();

	(void)state;
	collector = session_open(&broker, "cuisine", STATUS);
	wait_for(300);
	began = clock_monotonic();
	session_close(collector);
	assert_in_range(clock_monotonic() - began, 0, 5000);
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
	config = session_config(&broker);
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
	settings.ack = OUTBOX_WORD_BROKER;
	snprintf(settings.file, sizeof(settings.file), "%s/outbox", folder);
	outbox_settle(&settings, "wattzone", "school", "cuisine");
	outbox = outbox_open(&settings, &fail);
	assert_non_null(outbox);
	watcher = watch();
	collector = session_open(&broker, "cuisine", NULL);
	collector->outbox = outbox;
	for (int i = 0; i < 10000; i++)
		outbox_add(outbox, "self", &(struct record){.is_pulse = true, .pulses = i}, true,
			   0);
	for (int round = 1; outbox_counts(outbox).waiting; round++) {
		wait_until(outbox_counts(outbox).acknowledged >= 2500 * round);
		if (round == 4)
			break;
		broker_kill(&broker);
		wait_until(watcher->downs == round);
		broker_start(&broker);
		wait_until(watcher->ups == round + 1);
	}
	wait_until(outbox_counts(outbox).waiting == 0);
	wait_for(200);
	for (size_t i = 0; i < watcher->count; i++) {
		struct record record;

		if (record_decode(&record, watcher->seen[i].payload, watcher->seen[i].size, NULL))
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

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_broker_that_comes_late_is_found),
		test(all_returns_after_the_broker_died),
		test(all_returns_after_the_broker_was_restarted),
		test(a_lost_connection_answers_nothing),
		test(a_lost_connection_answers_nothing_in_3_1_1),
		test(a_silent_broker_is_given_up),
		test(the_goodbye_reaches_a_broker_that_wakes_up_later),
		test(the_goodbye_overtakes_what_there_is_no_time_for),
		test(what_the_access_list_forbids_is_told),
		test(a_refused_subscription_is_told),
		test(a_refused_subscription_is_told_in_3_1_1),
		test(a_broker_that_wants_fewer_in_flight_gets_fewer),
		test(a_message_too_large_for_the_broker_is_not_sent),
		test(the_reason_of_the_broker_for_ending_a_connection_is_told),
		test(a_host_that_nobody_knows_is_told),
		test(two_programs_with_one_client_id_take_turns),
		test(a_broker_with_another_password_is_tried_on),
		test(values_for_a_stuck_broker_do_not_pile_up),
		test(closing_without_a_broker_is_quick),
		test(closing_while_it_connects_is_quick),
		test(a_numeric_ipv6_address_is_a_host),
		test(ten_thousand_records_survive_a_broker_that_dies_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
