/* site_fixture.h - a site as its users see it: records go in as collectors send them, and what is
 * checked are the retained topics. Europe/Paris, the seed prices and hours, no waiting. */
#ifndef TESTS_UNIT_AGGREGATOR_SITE_FIXTURE_H
#define TESTS_UNIT_AGGREGATOR_SITE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/consumer/consumer.h"

#define FIXTURE_TOPICS "wattzone/lycee/"
#define FIXTURE_STREAM "0123456789abcdef"

struct fixture_topic {
	char name[TOPIC_SIZE]; /* below FIXTURE_TOPICS */
	char *text;	       /* the newest payload; empty: deleted */
	int qos;
	int count; /* how often it was published */
};

struct fixture {
	struct site_settings settings;
	struct site *site;
	struct publisher publisher;
	void *acks, *zones;	/* consumers */
	struct changes pending; /* what the turns brought; a test may clear it */
	const char *trouble;	/* why the books cannot be written; NULL: they can */
	struct fixture_topic *topics;
	size_t count;
	ms_t now, monotonic;
	int64_t seq;
	/* Called for every message that is published, unless NULL. */
	void (*on_publish)(struct fixture *fixture, const char *topic, const char *text);
	void *context;
};

extern struct calendar fixture_calendars[1];
extern struct prices fixture_prices[1];

/* Opens the site at `now`, with the settings given or, if their `id` is empty, with the usual. */
void fixture_open(struct fixture *fixture);

/* Once what was stored is put back: the consumers begin with it. */
void fixture_open_consumers(struct fixture *fixture);

/* Closes the site and forgets all topics; the settings stay. */
void fixture_close(struct fixture *fixture);

/* For cmocka: one site a test. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

#define site_test(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

/* The moment of a local date and time such as "2013-01-15T08:00". */
ms_t fixture_moment(const struct fixture *fixture, const char *local);

/* ---- the retained topics ---- */

/* NULL if it was never published. */
struct fixture_topic *fixture_find(const struct fixture *fixture, const char *name);

/* The newest payload of a topic; NULL if it was never published or is deleted. */
const char *fixture_text(const struct fixture *fixture, const char *name);

/* The literal text of a field of a topic's JSON object, such as "cost" or "bands.P.kwh". Valid
 * until the next call. */
const char *fixture_field(const struct fixture *fixture, const char *name, const char *path);

#define assert_topic(fixture, name, expected)                                                      \
	do {                                                                                       \
		const char *text_ = fixture_text(fixture, name);                                   \
		if (!text_)                                                                        \
			fail_msg("%s: nothing was published", name);                               \
		assert_string_equal(text_, expected);                                              \
	} while (0)

#define assert_field(fixture, name, path, expected)                                                \
	assert_string_equal(fixture_field(fixture, name, path), expected)

/* ---- sending; topics are below collector/ ---- */

bool fixture_offer(struct fixture *fixture, struct fail *fail, const char *below,
		   const char *payload);

/* Fails the test if the message is refused. */
__attribute__((format(printf, 3, 4))) void fixture_send(struct fixture *fixture, const char *below,
							const char *format, ...);

#define assert_refused(fixture, below, payload, reason)                                            \
	do {                                                                                       \
		struct fail why = {0};                                                             \
		assert_false(fixture_offer(fixture, &why, below, payload));                        \
		if (!strstr(why.text, reason))                                                     \
			fail_msg("expected \"%s\" in: %s", reason, why.text);                      \
	} while (0)

/* The main meter: pulses of 80 Wh, the 10-minute signal, the tariff contacts. */
void fixture_announce_main(struct fixture *fixture);

/* A PAC meter `pac/<source>` in a zone. */
void fixture_announce_pac(struct fixture *fixture, const char *source, const char *zone);

/* A record of the main meter; a contact is 0, 1 or 2 (null). */
void fixture_pulses(struct fixture *fixture, ms_t t, const char *mark, int64_t pulses, int off_peak,
		    int peak);

/* A record of a PAC meter. */
void fixture_wh(struct fixture *fixture, const char *source, ms_t t, double wh);

/* ---- time ---- */

/* A turn at `now`, a minute after the one before: publishes all that is due. */
void fixture_look(struct fixture *fixture, ms_t now);

/* A turn at fixture->now. `durable`: everything is in the books, so that it is acknowledged. */
void fixture_turn(struct fixture *fixture, bool durable);

#endif
