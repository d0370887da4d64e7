#include "common/mqtt/online_check.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/topic.h"
#include "common/mqtt/connection.h"
#include "common/mqtt/diagnosis.h"
#include "common/mqtt/mqtt_password.h"
#include "common/mqtt/mqtt_reason.h"
#include "common/process/clock.h"
#include "common/process/log.h"

#define CONNECT_MS (20 * MS_PER_SECOND)
/* For the broker's answers, and for the retained status of a site. */
#define ANSWER_MS (3 * MS_PER_SECOND)

#define SITES_SIZE 200

enum token { TOKEN_WRITE, TOKEN_OWN_SITE, TOKEN_SITES };

struct session {
	const struct online_check *check;
	struct mqtt_config broker; /* with the protocol that is tried */
	struct event_queue *queue;
	struct connection *connection;
	char status_topic[TOPIC_SIZE], write_topic[TOPIC_SIZE], sites_filter[TOPIC_SIZE];
	bool up, down;
	char reason[900]; /* of `down` */
	bool written;	  /* the broker has answered */
	int write_reason;
	bool status_known, status_online;
	char sites[SITES_SIZE]; /* others that are online, as text */
	int found;
};

/* -------- events -------- */

/* The name of another site, in <base>/SITE/status. */
static void site_add(struct session *session, const char *topic)
{
	const char *site = topic + strlen(session->broker.base) + 1;
	size_t length = strlen(session->sites);
	int size = (int)strcspn(site, "/");

	if (length + (size_t)size + 8 < SITES_SIZE)
		snprintf(session->sites + length, SITES_SIZE - length, "%s\"%.*s\"",
			 length ? ", " : "", size, site);
}

static void take_status(struct session *session, const struct mqtt_event *event)
{
	bool online = event->payload.size == 6 && memcmp(event->payload.data, "online", 6) == 0;

	if (strcmp(event->text.data, session->status_topic) == 0) {
		session->status_known = event->payload.size > 0;
		session->status_online = online;
	} else if (online) {
		site_add(session, event->text.data);
	}
}

static void session_take(struct session *session, const struct mqtt_event *event)
{
	switch (event->kind) {
	case EVENT_UP: session->up = true; break;
	case EVENT_DOWN:
		session->down = true;
		snprintf(session->reason, sizeof(session->reason), "%s", event->text.data);
		break;
	case EVENT_ANSWER:
		if (event->token != TOKEN_WRITE)
			break;
		session->written = true;
		session->write_reason = event->reason;
		break;
	case EVENT_MESSAGE: take_status(session, event); break;
	}
}

/* Takes events until `done`, or the connection has ended, or the time is over. */
static void session_wait(struct session *session, bool (*done)(const struct session *session),
			 ms_t timeout)
{
	ms_t deadline = clock_monotonic() + timeout;
	struct mqtt_event event;

	while (!session->down && !done(session)) {
		struct pollfd readable = {.fd = event_queue_fd(session->queue), .events = POLLIN};
		ms_t left = deadline - clock_monotonic();

		if (left <= 0)
			return;
		poll(&readable, 1, (int)left);
		event_queue_begin(session->queue);
		while (event_queue_next(session->queue, &event))
			session_take(session, &event);
	}
}

/* -------- the session -------- */

static void __attribute__((format(printf, 2, 3)))
finding(struct session *session, const char *format, ...)
{
	const struct mqtt_config *broker = &session->broker;
	char text[1200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_error("broker %s:%d: %s", broker->host, mqtt_port(broker), text);
	session->found++;
}

static bool is_up(const struct session *session)
{
	return session->up;
}

static bool is_answered(const struct session *session)
{
	return session->written && session->status_known;
}

static void session_close(struct session *session)
{
	connection_close(session->connection);
	session->connection = NULL;
	event_queue_clear(session->queue);
}

static void session_connect(struct session *session, int protocol, const char *password)
{
	const struct online_check *check = session->check;
	char client_id[2 * ID_SIZE + sizeof("-check")];
	const struct connection_options options = {
		.config = &session->broker,
		.client_id = client_id,
		.password = session->broker.password_file[0] ? password : NULL,
	};

	snprintf(client_id, sizeof(client_id), "%s-%s-check", check->site,
		 check->collector ? check->collector : "aggregator");
	session->broker.protocol = protocol;
	session->up = session->down = false;
	session->connection = connection_open(&options, session->queue);
	if (!session->connection) {
		session->down = true;
		return;
	}
	connection_start(session->connection);
	session_wait(session, is_up, CONNECT_MS);
	if (!session->up && !session->down)
		snprintf(session->reason, sizeof(session->reason), "no answer within %d s",
			 (int)(CONNECT_MS / MS_PER_SECOND));
}

/* MQTT 5 first, whatever is configured: only there does a broker report what it refuses. */
static void session_open(struct session *session, const char *password)
{
	session_connect(session, MQTT_PROTOCOL_5, password);
	if (session->up || session->check->broker->protocol == MQTT_PROTOCOL_5)
		return;
	session_close(session);
	session_connect(session, MQTT_PROTOCOL_311, password);
}

static void session_ask(struct session *session)
{
	const struct publication message = {
		.topic = session->write_topic, .payload = "{}", .size = 2, .qos = 1};

	connection_subscribe(session->connection, session->status_topic, 1, TOKEN_OWN_SITE);
	connection_subscribe(session->connection, session->sites_filter, 1, TOKEN_SITES);
	connection_publish(session->connection, &message, TOKEN_WRITE);
	session_wait(session, is_answered, ANSWER_MS);
}

/* -------- what is wrong -------- */

static void judge_access(struct session *session)
{
	const struct online_check *check = session->check;
	const char *user = session->broker.user;
	bool foreign_base = strcmp(session->broker.base, mqtt_defaults.base) != 0;

	if (session->down)
		finding(session, "the connection was lost: %s", session->reason);
	else if (!session->written)
		finding(session, "no answer to a message within %d s",
			(int)(ANSWER_MS / MS_PER_SECOND));
	else if (session->write_reason < REASON_REFUSED)
		return;
	else if (check->collector && user[0] && strcmp(check->collector, user) != 0)
		finding(session,
			"user \"%s\" may not write below %s/%s/collector/%s: \"collector\" and "
			"broker.user have to be the same name, as the access list of "
			"deploy/mosquitto requires",
			user, session->broker.base, check->site, check->collector);
	else
		finding(session,
			"%s%s%s may not write %s (%s): check the broker's access list%s%s%s",
			user[0] ? "user \"" : "a client without a user", user, user[0] ? "\"" : "",
			session->write_topic, mqtt_reason_name(session->write_reason),
			foreign_base ? " and broker.base, \"" : "",
			foreign_base ? session->broker.base : "", foreign_base ? "\"" : "");
}

static void judge_aggregator(struct session *session)
{
	const struct online_check *check = session->check;
	const char *sites = session->sites;

	if (!check->collector) {
		if (session->status_online && !check->running)
			finding(session,
				"an aggregator of site \"%s\" is online already: two of them "
				"would overwrite each other's topics",
				check->site);
	} else if (!check->needs_aggregator || session->status_online) {
		return;
	} else if (session->status_known) {
		finding(session, "the aggregator of site \"%s\" is offline", check->site);
	} else {
		finding(session,
			"nobody answers as aggregator of site \"%s\": check the key \"site\", and "
			"that %s may be read%s%s",
			check->site, session->status_topic,
			sites[0] ? "; sites with an aggregator: " : "", sites);
	}
}

static void session_check(struct session *session, const char *password)
{
	session_open(session, password);
	if (!session->up) {
		finding(session, "%s", session->reason);
		return;
	}
	session_ask(session);
	judge_access(session);
	if (!session->down)
		judge_aggregator(session);
	if (session->broker.protocol == MQTT_PROTOCOL_311)
		log_warning("broker %s:%d: without MQTT 5 it does not report what its access list "
			    "forbids: that could not be checked",
			    session->broker.host, mqtt_port(&session->broker));
}

/* What can be seen without a session. */
static void running_check(struct session *session)
{
	char reason[DIAGNOSIS_SIZE];

	if (diagnosis_find(&session->broker, reason))
		finding(session, "%s", reason);
	log_warning("this program runs here already, and a second session of user \"%s\" could end "
		    "its own: user, access list and site were not checked; see its log, or stop it "
		    "for this check",
		    session->broker.user);
}

static void topics_build(struct session *session)
{
	const struct online_check *check = session->check;
	const char *base = session->broker.base;

	topic_build(session->status_topic, base, check->site, "status");
	topic_build(session->sites_filter, base, "+", "status");
	/* Statistics of a source that does not exist: nobody processes them. */
	if (check->collector)
		topic_build(session->write_topic, base, check->site, "collector/%s/check/lines",
			    check->collector);
	else
		topic_build(session->write_topic, base, check->site, "check");
}

int online_check(const struct online_check *check)
{
	struct session session = {.check = check, .broker = *check->broker};
	char password[MQTT_PASSWORD_SIZE];
	struct fail fail = {0};

	if (!mqtt_password_read(password, check->broker->password_file, &fail)) {
		log_error("broker.%s", fail.text);
		return 1;
	}
	session.queue = event_queue_open();
	if (!session.queue) {
		log_error("the check cannot be set up: too many open files");
		return 1;
	}
	topics_build(&session);
	if (check->running && check->broker->user[0])
		running_check(&session);
	else
		session_check(&session, password);
	session_close(&session);
	event_queue_close(session.queue);
	explicit_bzero(password, sizeof(password));
	return session.found;
}
