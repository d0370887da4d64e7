/* parts.h - the site from within, for the files that it is made of: open.c holds its collectors,
 * sources and zones, message.c accepts messages, record.c records, membership.c decides which
 * sources make which zones, replacement.c accepts replacements of meters, update.c computes what
 * follows, downsample.c removes old facts, restore.c puts back what was stored. */
#ifndef AGGREGATOR_SITE_PARTS_H
#define AGGREGATOR_SITE_PARTS_H

#include "aggregator/site/site.h"

/* ---- open.c ---- */

struct collector *site_collector(struct site *site, const char *id);
struct source *site_source(struct site *site, const char *collector, const char *source,
			   struct fail *fail);

/* ---- message.c ---- */

/* False, with a reason, if the fact lies too far in the future. */
bool fact_time(ms_t t, ms_t now, struct fail *fail);

/* ---- record.c ---- */

bool site_record(struct site *site, const struct topic *topic, const char *text,
		 const char *payload, size_t size, ms_t now, struct fail *fail);

/* ---- update.c ---- */

/* Brings series, signals and zones up to date with what was added. */
void site_recompute(struct site *site);

/* ---- downsample.c ---- */

/* Downsamples old facts of an updated site, a little at each call. */
void site_downsample(struct site *site, ms_t now);

/* ---- membership.c ---- */

/* Returns the zone of that id, and creates it if there is none. */
struct zone *site_open_zone(struct site *site, const char *id);

/* Adds a source that was announced for the zone. */
void site_add_source(struct site *site, struct zone *zone, struct source *source);

/* Accepts a source's announcement: its zone is created or changes, or the source moves to another
 * zone. False, with a reason, if it contradicts other announcements. */
bool site_announce(struct site *site, struct source *source, const struct about *about, ms_t now,
		   struct fail *fail);

void site_withdraw(struct site *site, struct source *source, ms_t now);

/* Computes the zone `rest` from the others again. */
void site_make_rest(struct site *site);

#endif
