/* restore.h - puts back what a store holds of a site: after site_open(), before the first message.
 *
 * In this order: zones; sources, each with its weights, swaps and assignments; then the rest in any
 * order. Facts fastest in ascending time of one source. False, with a reason, if a text is not
 * what the site would have given to be stored. */
#ifndef AGGREGATOR_SITE_RESTORE_H
#define AGGREGATOR_SITE_RESTORE_H

#include "aggregator/site/site.h"

/* The zone `rest` follows from the others and is ignored. */
bool site_restore_zone(struct site *site, const char *zone, const char *label, const char *medium,
		       enum role role, struct fail *fail);

/* The energy that the zone published, if it is more than is in the books. */
void site_restore_published(struct site *site, const char *zone, mwh_t energy);

/* `about`: the newest announcement, NULL: there was none. The source stays the site's; NULL on
 * failure. */
struct source *site_restore_source(struct site *site, const char *collector, const char *source,
				   enum counts counts, const struct about *about, bool announced,
				   struct fail *fail);

/* All of them, ascending. */
void site_restore_energy_weight(struct source *source, const struct weight *weight);
void site_restore_volume_weight(struct source *source, const struct weight *weight);
void site_restore_swap(struct source *source, const struct swap *swap);

/* To a zone that has been put back. */
bool site_restore_assignment(struct site *site, struct source *source, const char *zone, ms_t from,
			     ms_t until, struct fail *fail);

void site_restore_fact(struct source *source, ms_t t, int64_t count, bool start);

/* A record whose kind was confirmed when records near it were removed. */
void site_restore_confirmed(struct source *source, ms_t t, int64_t count, bool start,
			    enum point_kind kind);
void site_restore_signal(struct source *source, ms_t t);
void site_restore_contacts(struct source *source, const struct contact_state *state);
void site_restore_gap(struct site *site, const struct gap *gap);

/* The runs are ascending, never adjacent; they are copied. `newest`: the collector's last record
 * was of this stream. */
bool site_restore_stream(struct site *site, const char *collector, const struct sequence *sequence,
			 bool newest, struct fail *fail);

/* To be called last. The windows and events that are stored are taken to follow from what was put
 * back. An acknowledgement is due to every collector. */
void site_restored(struct site *site);

#endif
