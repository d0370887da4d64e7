#include "tests/system/mqtt/session.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

#define SESSIONS 8

struct broker broker;

/* Not in the tests, so that a failed one leaves nothing behind: `mqtt` NULL is free. */
static struct session sessions[SESSIONS];

static char *log_text;
static size_t log_size;
static FILE *usual_stderr;

static void pump(struct session *session)
{
	if (session->outbox)
		outbox_pump(session->outbox, session->mqtt, clock_monotonic());
}

static void on_up(void *context)
{
	struct session *session = context;

	session->ups++;
	pump(session);
}

static void on_down(void *context)
{
	struct session *session = context;

	session->downs++;
	if (session->outbox)
		outbox_down(session->outbox);
}

static void on_message(void *context, const struct mqtt_message *message)
{
	struct session *session = context;
	struct received *received;

	session->received = array_grow(session->received, session->count, &session->capacity,
				       sizeof(*session->received));
	received = &session->received[session->count++];
	received->topic = strdup(message->topic);
	received->payload = malloc(message->size + 1);
	memcpy(received->payload, message->payload, message->size + 1);
	received->size = message->size;
	received->retained = message->retained;
	if (session->answers)
		mqtt_respond(session->mqtt, message, message->payload);
}

static void on_sent(void *context, uint64_t cookie, enum mqtt_result result)
{
	struct session *session = context;

	session->results[result]++;
	session->sent++;
	session->last_cookie = cookie;
	if (session->outbox)
		outbox_sent(session->outbox, cookie, result, clock_monotonic());
	pump(session);
}

int session_set_up(void **state)
{
	(void)state;
	broker = (struct broker){0};
	usual_stderr = stderr;
	stderr = open_memstream(&log_text, &log_size);
	return 0;
}

int session_tear_down(void **state)
{
	(void)state;
	/* A stopped broker would take nothing. */
	if (broker.process)
		kill(broker.process, SIGCONT);
	for (int i = 0; i < SESSIONS; i++)
		if (sessions[i].mqtt)
			session_close(&sessions[i]);
	fclose(stderr);
	stderr = usual_stderr;
	printf("%s", log_text);
	free(log_text);
	broker_remove(&broker);
	return 0;
}

void run_broker(const char *lines)
{
	broker_prepare(&broker, lines);
	broker_start(&broker);
}

struct mqtt_config session_config(void)
{
	struct mqtt_config config = mqtt_defaults;

	strcpy(config.host, "127.0.0.1");
	config.port = broker.port;
	return config;
}

struct session *session_open_with(const struct mqtt_config *config, const char *id,
				  const char *will)
{
	struct session *session = sessions;
	while (session->mqtt)
		session++;
	struct mqtt_handler handler = {
		.context = session,
		.up = on_up,
		.down = on_down,
		.message = on_message,
		.sent = on_sent,
	};
	struct fail fail = {0};

	*session = (struct session){0};
	session->mqtt = mqtt_open(config, id, will, &handler, &fail);
	if (!session->mqtt)
		fail_msg("%s", fail.text);
	return session;
}

struct session *session_open(const char *id, const char *will)
{
	struct mqtt_config config = session_config();

	return session_open_with(&config, id, will);
}

struct session *session_open_connected(const char *id, const char *will)
{
	struct session *session = session_open(id, will);

	wait_until(session->ups == 1);
	return session;
}

struct session *session_watch(void)
{
	struct session *session = session_open("watcher", NULL);

	mqtt_subscribe(session->mqtt, "#", 1);
	mqtt_retain(session->mqtt, "watching", "yes", 1, MQTT_LATEST);
	wait_until(session_sees(session, "watching", "yes"));
	return session;
}

void session_forget(struct session *session)
{
	for (size_t i = 0; i < session->count; i++) {
		free(session->received[i].topic);
		free(session->received[i].payload);
	}
	session->count = 0;
}

void session_close_within(struct session *session, int timeout_ms)
{
	mqtt_close(session->mqtt, timeout_ms);
	session->mqtt = NULL;
	session_forget(session);
	free(session->received);
	*session = (struct session){0};
}

void session_close(struct session *session)
{
	session_close_within(session, 2000);
}

bool session_send(struct session *session, const char *topic, const char *text)
{
	return mqtt_send(session->mqtt, topic, text, strlen(text), 1, 0);
}

const char *session_newest(const struct session *session, const char *topic)
{
	for (size_t i = session->count; i-- > 0;)
		if (strcmp(session->received[i].topic, topic) == 0)
			return session->received[i].payload;
	return "";
}

bool session_sees(const struct session *session, const char *topic, const char *payload)
{
	for (size_t i = 0; i < session->count; i++)
		if (strcmp(session->received[i].topic, topic) == 0 &&
		    strcmp(session->received[i].payload, payload) == 0)
			return true;
	return false;
}

void sessions_poll(int timeout_ms)
{
	struct pollfd polled[SESSIONS];

	for (int i = 0; i < SESSIONS; i++)
		polled[i] = (struct pollfd){
			.fd = sessions[i].mqtt ? mqtt_fd(sessions[i].mqtt) : -1,
			.events = POLLIN,
		};
	poll(polled, SESSIONS, timeout_ms);
	for (int i = 0; i < SESSIONS; i++)
		if (polled[i].revents)
			mqtt_dispatch(sessions[i].mqtt);
}

void wait_for(ms_t duration)
{
	ms_t deadline = clock_monotonic() + duration;

	while (clock_monotonic() < deadline)
		sessions_poll(10);
}

int logged(const char *text)
{
	int count = 0;

	fflush(stderr);
	for (const char *at = log_text; (at = strstr(at, text)); at++)
		count++;
	return count;
}
