/* session.h - MQTT sessions that write down what happens to them, and the broker they connect to.
 */
#ifndef TESTS_SYSTEM_MQTT_SESSION_H
#define TESTS_SYSTEM_MQTT_SESSION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/collector/outbox.h"
#include "common/mqtt/mqtt.h"
#include "common/process/clock.h"
#include "tests/system/mqtt/broker.h"
#include "tests/system/mqtt/patience.h"

#define STATUS	  "wattzone/school/collector/cuisine/status"
#define LONG_WAIT patience(30 * MS_PER_SECOND)

struct received {
	char *topic, *payload;
	size_t size;
	bool retained;
};

struct session {
	struct mqtt *mqtt;
	int ups, downs;
	struct received *received;
	size_t count, capacity;
	int results[3]; /* by enum mqtt_result */
	int64_t sent;
	uint64_t last_cookie;
	bool answers; /* requests: with their own payload */
	struct outbox *outbox;
};

/* The one that sessions connect to; set up empty for each test. */
extern struct broker broker;

/* Before and after each test: the log is captured, sessions that a failed test left open are
 * closed, the broker is removed. */
int session_set_up(void **state);
int session_tear_down(void **state);

#define session_test(name) cmocka_unit_test_setup_teardown(name, session_set_up, session_tear_down)

/* Runs all tests, or the one named on the command line. */
#define session_main(argc, argv, tests)                                                            \
	(argc > 1 ? cmocka_set_test_filter(argv[1]) : (void)0,                                     \
	 cmocka_run_group_tests(tests, NULL, NULL))

/* Prepares and starts the broker; see broker_prepare(). */
void run_broker(const char *lines);

/* A configuration that leads to the broker. */
struct mqtt_config session_config(void);

struct session *session_open_with(const struct mqtt_config *config, const char *id,
				  const char *will);
struct session *session_open(const char *id, const char *will);

/* Waits until it is connected. */
struct session *session_open_connected(const char *id, const char *will);

/* A connected session that subscribes to everything; it has received its own message only. */
struct session *session_watch(void);

/* Forgets what was received. */
void session_forget(struct session *session);

void session_close_within(struct session *session, int timeout_ms);
void session_close(struct session *session);

/* QoS 1; false if it cannot be taken now. */
bool session_send(struct session *session, const char *topic, const char *text);

/* The newest payload received on a topic, or "". */
const char *session_newest(const struct session *session, const char *topic);

bool session_sees(const struct session *session, const char *topic, const char *payload);

/* Dispatches the events of all sessions, after waiting for the first at most so long. */
void sessions_poll(int timeout_ms);

#define wait_until(condition)                                                                      \
	do {                                                                                       \
		ms_t deadline_ = clock_monotonic() + LONG_WAIT;                                    \
		while (!(condition)) {                                                             \
			if (clock_monotonic() > deadline_)                                         \
				fail_msg("waited in vain for %s", #condition);                     \
			sessions_poll(20);                                                         \
		}                                                                                  \
	} while (0)

/* For showing that something does not happen. */
void wait_for(ms_t duration);

/* The number of lines of the log with `text`. */
int logged(const char *text);

#endif
