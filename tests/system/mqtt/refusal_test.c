/* What a broker refuses, and what it has no room for. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/mqtt/session.h"

static void what_the_access_list_forbids_is_logged(void **state)
{
	struct session *collector;

	(void)state;
	broker_prepare(&broker, "acl_file @/access\n");
	broker_file(&broker, "access", "topic readwrite allowed/#\n");
	broker_start(&broker);
	collector = session_open_connected("cuisine", "allowed/status");
	assert_true(session_send(collector, "forbidden/record", "x"));
	wait_until(collector->results[MQTT_REFUSED] == 1);
	assert_true(session_send(collector, "allowed/record", "x"));
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
	config = session_config();
	config.protocol = protocol;
	collector = session_open_with(&config, "cuisine", NULL);
	mqtt_subscribe(collector->mqtt, "forbidden/#", 1);
	mqtt_subscribe(collector->mqtt, "allowed/#", 1);
	wait_until(logged("forbidden/#") == 1);
	assert_int_equal(logged("subscription"), 1);
	/* Logged once, also when it is tried again. */
	broker_end(&broker, SIGKILL);
	broker_start(&broker);
	wait_until(collector->ups == 2);
	wait_until(session_send(collector, "allowed/command", "x"));
	wait_until(session_sees(collector, "allowed/command", "x"));
	assert_int_equal(logged("subscription"), 1);
}

static void a_refused_subscription_is_logged(void **state)
{
	(void)state;
	refused_subscription(MQTT_PROTOCOL_5);
}

static void a_refused_subscription_is_logged_in_3_1_1(void **state)
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
	collector = session_open_connected("cuisine", NULL);
	while (session_send(collector, "record", "x"))
		count++;
	assert_int_equal(count, 4);
	for (; count < 200; count++)
		wait_until(session_send(collector, "record", "x"));
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
	collector = session_open_connected("cuisine", STATUS);
	assert_true(session_send(collector, "record", large));
	wait_until(collector->results[MQTT_REFUSED] == 1);
	assert_true(session_send(collector, "record", large));
	wait_until(collector->results[MQTT_REFUSED] == 2);
	assert_true(mqtt_send(collector->mqtt, "live", large, sizeof(large), 0, 0));
	for (int i = 0; i < 3; i++)
		mqtt_retain(collector->mqtt, "zone/large", large, 1, MQTT_EACH);
	wait_until(logged("zone/large") == 1);
	assert_true(session_send(collector, "record", "x"));
	wait_until(collector->results[MQTT_DELIVERED] == 1);
	wait_for(50);
	assert_int_equal(logged("record: a message"), 1);
	assert_int_equal(logged("zone/large"), 1);
	assert_int_equal(collector->ups, 1);
	assert_int_equal(collector->downs, 0);
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
	config = session_config();
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
	watcher = session_watch();
	aggregator = session_open_connected("aggregator", NULL);
	kill(broker.process, SIGSTOP);
	for (int i = 1; i <= 30000; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		mqtt_retain(aggregator->mqtt, "mean10", payload, 1, MQTT_EACH);
	}
	assert_int_equal(logged("skipped"), 1);
	kill(broker.process, SIGCONT);
	wait_until(session_sees(watcher, "mean10", "30000"));
	for (size_t i = 1; i < watcher->count; i++)
		count += strcmp(watcher->received[i].topic, "mean10") == 0;
	assert_in_range(count, 9000, 10100);
	assert_string_equal(session_newest(watcher, "mean10"), "30000");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		session_test(what_the_access_list_forbids_is_logged),
		session_test(a_refused_subscription_is_logged),
		session_test(a_refused_subscription_is_logged_in_3_1_1),
		session_test(a_broker_that_wants_fewer_in_flight_gets_fewer),
		session_test(a_message_too_large_for_the_broker_is_not_sent),
		session_test(a_broker_with_another_password_is_tried_on),
		session_test(values_for_a_stuck_broker_do_not_pile_up),
	};

	return session_main(argc, argv, tests);
}
