/* consumer.h - a part of the program that uses the site: called in each turn with the changes.
 *
 * A consumer is a folder of its own that defines one such struct, and a line of the table in
 * main.c. It reads the site and does not modify it. Changes that it cannot process in a turn it
 * adds to a set of its own. */
#ifndef AGGREGATOR_CONSUMER_CONSUMER_H
#define AGGREGATOR_CONSUMER_CONSUMER_H

#include "aggregator/site/site.h"

/* Where a consumer publishes: retained topics. */
struct publisher {
	void *context;
	/* An empty payload deletes the topic. `each`: every value is sent, not only the newest. */
	void (*publish)(void *context, const char *topic, const char *payload, int qos, bool each);
};

/* What a consumer may use until it is closed. */
struct consumer_setup {
	struct site *site;
	const struct publisher *publisher;
};

struct turn {
	struct site *site;
	const struct changes *changes; /* since the turn before */
	ms_t now, monotonic;
	bool durable;	     /* all records that the site accepted are in the books */
	const char *trouble; /* why the books cannot be written; NULL: they can */
};

struct consumer {
	/* Opens it for a site with all that was stored. NULL if the settings disable it. */
	void *(*open)(const struct consumer_setup *setup);
	void (*turn)(void *consumer, const struct turn *turn);
	void (*close)(void *consumer);
};

#endif
