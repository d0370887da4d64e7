/* consumer.h - something that uses the site: it is called in turn with what changed.
 *
 * A consumer is a folder of its own with one such struct, and a line of the table in main.c. It
 * reads the site, and changes nothing in it. What it cannot deal with in a turn it keeps in a set
 * of its own until it has. */
#ifndef AGGREGATOR_CONSUMER_CONSUMER_H
#define AGGREGATOR_CONSUMER_CONSUMER_H

#include "aggregator/site/site.h"

/* Where a consumer publishes: retained topics. */
struct publisher {
	void *context;
	/* An empty payload deletes the topic. `each`: every value is sent, not only the newest. */
	void (*publish)(void *context, const char *topic, const char *payload, int qos, bool each);
};

/* What is open while consumers are. */
struct consumer_setup {
	struct site *site;
	const struct publisher *publisher;
};

struct turn {
	struct site *site;
	const struct changes *changes; /* since the turn before */
	ms_t now, monotonic;
	bool durable;	     /* all that the site has taken in is in the books */
	const char *trouble; /* why the books cannot be written; NULL: they can */
};

struct consumer {
	/* Opens it for a site that holds what was stored. NULL: the settings do not want it. */
	void *(*open)(const struct consumer_setup *setup);
	void (*turn)(void *consumer, const struct turn *turn);
	void (*close)(void *consumer);
};

#endif
