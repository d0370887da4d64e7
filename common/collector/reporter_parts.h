/* reporter_parts.h - the reporter from within, for the files that it is made of: reporter_open.c
 * opens and closes it and reads the clock, reporter_records.c takes what the sources measure,
 * reporter_session.c is the session with the broker, reporter_about.c reports on the program,
 * reporter_doubt.c logs that records are not acknowledged. */
#ifndef COMMON_COLLECTOR_REPORTER_PARTS_H
#define COMMON_COLLECTOR_REPORTER_PARTS_H

#include "common/collector/event_clock.h"
#include "common/collector/reporter.h"
#include "common/timebase/record_order.h"

struct reported_source {
	const char *id;
	char about_topic[TOPIC_SIZE], status_topic[TOPIC_SIZE], live_topic[TOPIC_SIZE];
	struct record_order order;
	bool withholding; /* was logged */
};

struct silence {
	int64_t acknowledged; /* records, when it began */
	ms_t since;	      /* monotonic */
	bool logged;
};

struct reporter {
	const struct reporter_settings *settings;
	struct loop *loop;
	void (*changed)(void *context);
	void *context;
	struct outbox *outbox;
	struct event_clock clock;
	size_t count;
	struct reported_source *sources;
	int64_t withheld; /* records, since the start */

	/* reporter_session.c */
	struct mqtt *mqtt;
	char site_topic[TOPIC_SIZE], aggregator_topic[TOPIC_SIZE];
	char ack_topic[TOPIC_SIZE], status_topic[TOPIC_SIZE];
	bool aggregator_found;
	bool aggregator_online; /* by its status */
	bool bad_ack;		/* was logged */

	/* reporter_doubt.c */
	struct silence silence;

	/* reporter_about.c */
	char about_topic[TOPIC_SIZE];
	ms_t started;	  /* on the clock of events */
	char *about;	  /* as published */
	ms_t about_since; /* monotonic */
};

/* ---- reporter_open.c ---- */

/* Writes and sends what is due, and calls `changed`. */
void reporter_pump(struct reporter *reporter);

/* ---- reporter_session.c ---- */

bool reporter_connect(struct reporter *reporter, struct fail *fail);

/* ---- reporter_doubt.c ---- */

/* Logs, once, that records are not acknowledged for a long time, and what to look at. Call it
 * every second. */
void reporter_doubt(struct reporter *reporter);

/* ---- reporter_about.c ---- */

/* Publishes `about` of the program if it changed, at most every 10 seconds. */
void reporter_about_publish(struct reporter *reporter);

/* Publishes `about` of each source, and that it is offline. */
void reporter_announce(struct reporter *reporter, const struct reporter_source *sources);

#endif
