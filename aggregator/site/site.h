/* site.h - the aggregator's core: facts in, retained topics out.
 *
 * A site routes every message to the source that it is about, keeps what follows from the facts
 * up to date, and hands out what changed. It knows no clock and no socket: every call is told what
 * time it is, and everything goes out through the publisher. */
#ifndef AGGREGATOR_SITE_SITE_H
#define AGGREGATOR_SITE_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/site/health.h"
#include "aggregator/energy/source.h"
#include "aggregator/tariff/tariff.h"
#include "common/contract/topic.h"

struct site;

struct site_settings {
	char base[TOPIC_BASE_SIZE];
	char id[ID_SIZE];
	char rest_label[LABEL_SIZE];
	char currency[8];
	bool vat_included;
	bool leaves;	   /* publish each number on a topic of its own, too */
	ms_t publish_ms;   /* shortest time between two messages on a topic */
	int64_t fact_days; /* older facts are downsampled to what their windows need; 0: never */
	struct stale_limits limits;
	struct tariff_settings tariff;
};

struct publisher {
	void *context;
	/* Sets a retained topic. `each`: every value matters, not only the newest. */
	void (*publish)(void *context, const char *topic, const char *payload, int qos, bool each);
};

/* The settings assignment the caller's and must outlive the site. */
struct site *site_open(const struct site_settings *settings, struct publisher publisher, ms_t now);
void site_close(struct site *site);

/* Takes a message below <base>/<site>/collector/. What is wrong with it is counted and returned as
 * a reason (false); what was known before assignments. */
bool site_message(struct site *site, const char *topic, const char *payload, size_t size, ms_t now,
		  struct fail *fail);

/* This machine's wall clock was stepped. */
void site_clock_stepped(struct site *site);

/* Publishes what changed and is due. Call it often; it does nothing until `publish_ms` have passed
 * on the monotonic clock. */
void site_publish(struct site *site, ms_t now, ms_t monotonic);

int site_zone_count(const struct site *site);

#endif
