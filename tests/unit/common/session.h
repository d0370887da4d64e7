/* session.h - MQTT sessions that write down what happens to them, for tests. */
#ifndef TESTS_UNIT_COMMON_SESSION_H
#define TESTS_UNIT_COMMON_SESSION_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/array.h"
#include "common/process/clock.h"
#include "common/mqtt/mqtt.h"
#include "common/collector/outbox.h"
#include "tests/unit/common/broker.h"

#define PATIENCE_MS (30 * MS_PER_SECOND)

struct seen {
	char *topic, *payload;
	size_t size;
	bool retained;
};

struct session {
	struct mqtt *mqtt;
	int ups, downs;
	struct seen *seen;
	size_t count, capacity;
	int results[3];
	int64_t sent;
	uint64_t last_cookie;
	bool answers; /* requests: with their own payload */
	struct outbox *outbox;
};

/* Here and not in the tests, so that a failed one leaves nothing behind: `mqtt` NULL is free. */
static struct session sessions[8];
static char *session_log;
static size_t session_log_size;
static FILE *session_stderr;

static inline void session_pump(struct session *session)
{
	if (session->outbox)
		outbox_pump(session->outbox, session->mqtt, clock_monotonic());
}

static inline void session_up(void *context)
{
	struct session *session = context;

	session->ups++;
	session_pump(session);
}

static inline void session_down(void *context)
{
	struct session *session = context;

	session->downs++;
	if (session->outbox)
		outbox_down(session->outbox);
}

static inline void session_message(void *context, const struct mqtt_message *message)
{
	struct session *session = context;
	struct seen *seen;

	session->seen = array_grow(session->seen, session->count, &session->capacity,
				   sizeof(*session->seen));
	seen = &session->seen[session->count++];
	seen->topic = strdup(message->topic);
	seen->payload = malloc(message->size + 1);
	memcpy(seen->payload, message->payload, message->size + 1);
	seen->size = message->size;
	seen->retained = message->retained;
	if (session->answers)
		mqtt_respond(session->mqtt, message, message->payload);
}

static inline void session_sent(void *context, uint64_t cookie, enum mqtt_result result)
{
	struct session *session = context;

	session->results[result]++;
	session->sent++;
	session->last_cookie = cookie;
	if (session->outbox)
		outbox_sent(session->outbox, cookie, result, clock_monotonic());
	session_pump(session);
}

static inline struct mqtt_config session_config(const struct broker *broker)
{
	struct mqtt_config config = mqtt_defaults;

	strcpy(config.host, "127.0.0.1");
	config.port = broker->port;
	return config;
}

static inline struct session *session_open_with(const struct mqtt_config *config, const char *id,
						const char *will)
{
	struct session *session = sessions;
	while (session->mqtt)
		session++;
	struct mqtt_handler handler = {
		.context = session,
		.up = session_up,
		.down = session_down,
		.message = session_message,
		.sent = session_sent,
	};
	struct fail fail = {0};

	*session = (struct session){0};
	session->mqtt = mqtt_open(config, id, will, &handler, &fail);
	if (!session->mqtt)
		fail_msg("%s", fail.text);
	return session;
}

static inline struct session *session_open(const struct broker *broker, const char *id,
					   const char *will)
{
	struct mqtt_config config = session_config(broker);

	return session_open_with(&config, id, will);
}

static inline void session_forget(struct session *session)
{
	for (size_t i = 0; i < session->count; i++) {
		free(session->seen[i].topic);
		free(session->seen[i].payload);
	}
	session->count = 0;
}

static inline void session_close_within(struct session *session, int timeout_ms)
{
	mqtt_close(session->mqtt, timeout_ms);
	session->mqtt = NULL;
	session_forget(session);
	free(session->seen);
	*session = (struct session){0};
}

static inline void session_close(struct session *session)
{
	session_close_within(session, 2000);
}

static inline void sessions_poll(int timeout_ms)
{
	struct pollfd polled[8];

	for (int i = 0; i < 8; i++)
		polled[i] = (struct pollfd){
			.fd = sessions[i].mqtt ? mqtt_fd(sessions[i].mqtt) : -1,
			.events = POLLIN,
		};
	poll(polled, 8, timeout_ms);
	for (int i = 0; i < 8; i++)
		if (polled[i].revents)
			mqtt_dispatch(sessions[i].mqtt);
}

#define wait_until(condition)                                                                      \
	do {                                                                                       \
		ms_t deadline_ = clock_monotonic() + PATIENCE_MS;                                  \
		while (!(condition)) {                                                             \
			if (clock_monotonic() > deadline_)                                         \
				fail_msg("waited in vain for %s", #condition);                     \
			sessions_poll(20);                                                         \
		}                                                                                  \
	} while (0)

/* For showing that something does not happen. */
static inline void wait_for(ms_t duration)
{
	ms_t deadline = clock_monotonic() + duration;

	while (clock_monotonic() < deadline)
		sessions_poll(10);
}

/* The newest payload seen on a topic, or "". */
static inline const char *session_newest(const struct session *session, const char *topic)
{
	for (size_t i = session->count; i-- > 0;)
		if (strcmp(session->seen[i].topic, topic) == 0)
			return session->seen[i].payload;
	return "";
}

static inline bool session_sees(const struct session *session, const char *topic,
				const char *payload)
{
	for (size_t i = 0; i < session->count; i++)
		if (strcmp(session->seen[i].topic, topic) == 0 &&
		    strcmp(session->seen[i].payload, payload) == 0)
			return true;
	return false;
}

/* How many lines of the log have `text`. */
static inline int logged(const char *text)
{
	int count = 0;

	fflush(stderr);
	for (const char *at = session_log; (at = strstr(at, text)); at++)
		count++;
	return count;
}

/* Group or test fixtures: the log goes into memory, sessions that a failed test left are closed. */
static inline int sessions_set_up(void **state)
{
	(void)state;
	session_stderr = stderr;
	stderr = open_memstream(&session_log, &session_log_size);
	return 0;
}

static inline int sessions_tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		if (sessions[i].mqtt)
			session_close(&sessions[i]);
	fclose(stderr);
	stderr = session_stderr;
	printf("%s", session_log);
	free(session_log);
	return 0;
}

#endif
