/* random_site.h - a random site for property tests: announcements and records with all faults that
 * occur in practice, as messages to deliver in any order. Repeatable: see seed.h. */
#ifndef TESTS_UNIT_AGGREGATOR_RANDOM_SITE_H
#define TESTS_UNIT_AGGREGATOR_RANDOM_SITE_H

#include "tests/unit/aggregator/site_fixture.h"

#define SOURCES	     4 /* the first is the main meter */
#define MESSAGES_MAX 20000

struct random_fact {
	int source;
	ms_t t;
	int64_t count; /* pulses, or mWh */
	int64_t seq;
	bool signal, change;
	int off_peak, peak; /* 0, 1, 2: null */
};

/* What a collector sends; `below` is the topic below collector/. */
struct message {
	char below[80];
	char payload[240];
};

/* The messages are the announcements of all sources, then a record for each fact. */
struct random_site {
	ms_t from, to; /* of the records */
	int fact_count;
	struct random_fact facts[MESSAGES_MAX];
	int64_t newest[2]; /* last sequence number of either stream */
	int message_count;
	struct message messages[MESSAGES_MAX];
};

extern struct random_site random_site;
extern struct prices random_site_prices[2];
extern const char *const random_site_sources[SOURCES]; /* "meter/global", … */
extern const char *const random_site_zones[SOURCES];

/* Makes a new site, and prices that change while its records run. */
void random_site_make(const struct civil_zone *zone);

/* Adds a message on the topic `below`/`what`. */
void random_site_add(const char *below, const char *what, const char *payload);

void deliver(struct fixture *fixture, const struct message *message);

/* Delivers all messages, then publishes. */
void deliver_in_order(struct fixture *fixture);

/* Publishes before the time at which the site saves its changes. */
void publish_soon(struct fixture *fixture);

/* Publishes the energies that are in the books, as after a command: so they do not depend on what
 * was published before. */
void publish_books(struct fixture *fixture);

/* Fails unless each topic of `one` has the same text in `other`, but for its time. */
void expect_same(const struct fixture *one, const struct fixture *other);

#endif
