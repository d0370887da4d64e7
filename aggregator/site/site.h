/* site.h - the aggregator's core: accepts facts, and returns what changed.
 *
 * A site routes each message to its source and computes what follows from the facts. It has no
 * clock, file or socket, and does not depend on its consumers: the time is an argument, and
 * site_update() returns the changes. Its structs are open, so that consumers can read them.
 *
 * What the site holds is a function of the set of records, of announcements and commands with their
 * dates, and of the configuration: not of order, delay or repetition. */
#ifndef AGGREGATOR_SITE_SITE_H
#define AGGREGATOR_SITE_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/site/changes.h"
#include "aggregator/site/collector.h"
#include "aggregator/site/health.h"
#include "aggregator/site/named.h"
#include "aggregator/tariff/tariff.h"
#include "aggregator/zone/demand.h"
#include "aggregator/zone/zone.h"
#include "common/contract/topic.h"

/* The reserved id of the zone that is main minus the parts. */
#define REST_ID "rest"

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

/* The running window of the main zone. */
struct site_demand {
	struct window window;
	struct demand demand;
	int64_t subscribed_w;
};

/* How many records and refused records the site accepts before the next site_update(). It ignores
 * the others, so that their collectors send them again, and counts them in health.deferred. */
struct site_room {
	size_t facts, refused;
};

struct site {
	const struct site_settings *settings;
	struct named collectors;       /* struct collector */
	struct named sources;	       /* struct source */
	struct named zones;	       /* struct zone, but for the rest */
	struct zone *main;	       /* of `zones`; NULL: none */
	struct zone *rest;	       /* NULL: no parts, or no main zone */
	struct tariff tariff;	       /* with the contacts of the main meter */
	struct period_signals signals; /* with the period signals of the main meter */
	struct site_demand demand;     /* if there is a main zone */
	struct health health;
	struct site_room room; /* no limit at first; the caller sets it */

	/* Private. */
	struct changes changes;		/* since site_update() */
	struct changes given;		/* the ones that site_update() returned */
	bool rest_outdated;		/* a zone changed that the rest follows from */
	bool signals_outdated;		/* another source is main: its signals and contacts apply */
	ms_t next_states, next_by_time; /* on the monotonic clock */
	size_t downsample_source;	/* the next one to be downsampled, */
	ms_t downsample_from;		/* from this time on; NEVER: from its beginning */
};

/* The settings stay the caller's and must outlive the site. */
struct site *site_open(const struct site_settings *settings, ms_t now);
void site_close(struct site *site);

/* Takes a message below <base>/<site>/collector/. If it is wrong, the site stays as it was, the
 * refusal is counted in site->health, and false with a reason is returned. */
bool site_message(struct site *site, const char *topic, const char *payload, size_t size, ms_t now,
		  struct fail *fail);

/* The same for a message that the broker kept and delivers to a new subscriber: a live reading is
 * no news then. It is ignored and counted in site->health. */
bool site_retained_message(struct site *site, const char *topic, const char *payload, size_t size,
			   ms_t now, struct fail *fail);

/* The meter was replaced at swap->t: its final index, and the initial one of the new one. Replaces
 * a swap of the same t; the same indices once more, at whatever t, change nothing. False, with a
 * reason for the operator, if it contradicts what was recorded before and after it. */
bool site_swap(struct site *site, const char *collector, const char *source,
	       const struct swap *swap, ms_t now, struct fail *fail);

/* The wall clock of this machine was stepped. */
void site_clock_stepped(struct site *site);

/* Computes what follows from the input since the previous call, and returns all changes since then,
 * valid until the next call. Every `publish_ms` of the monotonic clock they have `publish_due`. */
const struct changes *site_update(struct site *site, ms_t now, ms_t monotonic);

/* Returns how many records were accepted since site_update(). */
size_t site_new_facts(const struct site *site);

/* Adds all that the site holds to `changes`: for a store that lost its file. */
void site_everything(const struct site *site, struct changes *changes);

/* ---- reading ---- */

/* All zones, the rest last. */
size_t site_zone_count(const struct site *site);
struct zone *site_zone(const struct site *site, size_t i);
struct zone *site_find_zone(const struct site *site, const char *id);
struct source *site_find_source(const struct site *site, const char *collector, const char *source);

/* The context for zone.h. */
struct zone_context site_context(struct site *site, ms_t now);

/* An assignment of the source: its energy belongs to `*zone` within the term's [from, until). The
 * first one if `after` is NULL, else the next; NULL: there is none. */
const struct term *site_next_assignment(const struct site *site, const struct source *source,
					const struct term *after, const struct zone **zone);

#endif
