/* books.h - what of a site must outlive it, and where that goes.
 *
 * The site is pure. It keeps what is new or changed until it has been told that it is stored:
 *
 *     if (site_dirty(site) && begin() && site_save(site, &books) && commit())
 *             site_saved(site);
 *     else
 *             roll back; later all is handed over again, with what came since
 *
 * Nothing else of the site is called between site_save() and site_saved(). What a store holds
 * after it is a function of the set of records, of announcements and commands with their dates,
 * and of the configuration: not of order, delay or repetition, nor of restarts. */
#ifndef AGGREGATOR_SITE_BOOKS_H
#define AGGREGATOR_SITE_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregator/tariff/contacts.h"
#include "aggregator/energy/series.h"
#include "aggregator/energy/event.h"
#include "aggregator/site/keeping.h"
#include "aggregator/site/sequence.h"
#include "aggregator/site/site.h"
#include "aggregator/energy/source.h"
#include "aggregator/zone/zone.h"
#include "common/contract/fact.h"

/* Each returns false where it could not; then site_save() ends and returns false. All bear being
 * told the same twice. What they are given is valid during the call. They are called in this
 * order; a source and a zone are handed over before what belongs to them. A zone that was never
 * handed over may be reported gone.
 *
 * A source is known by source->name, "collector/source". Spans are [from, to); NEVER and
 * FOREVER mean no limit. Counts are pulses or mWh, as source->counts says. */
struct books {
	void *context;

	/* A zone is no more: its description and all its windows go. */
	bool (*zone_gone)(void *context, const char *zone);
	/* id, label, medium and role, new or changed; zone `rest` included. */
	bool (*zone)(void *context, const struct zone *zone);

	/* All there is to know of a source beside its facts: counts, announced, about (which means
	 * something where about.zone is not empty), energy.weights, volume.weights. Replaces what
	 * was stored of them and begins with an empty list of assignments. */
	bool (*source)(void *context, const struct source *source);
	/* All assignments of the source, ascending: to which zone its energy belongs within [from,
	 * until). */
	bool (*assignment)(void *context, const struct source *source, const char *zone, ms_t from,
			   ms_t until);
	/* A swap; replaces one of the same t. */
	bool (*swap)(void *context, const struct source *source, const struct swap *swap);

	/* An index. Replaces one of the same source and t if that is smaller. */
	bool (*fact)(void *context, const struct source *source, ms_t t, int64_t count);
	/* The fact at `t` is not needed any more; there may be none. */
	bool (*fact_gone)(void *context, const struct source *source, ms_t t);
	/* An edge of the 10-minute signal. */
	bool (*signal)(void *context, const struct source *source, ms_t t);
	/* The contacts at state->t; replaces what was said of the same source and t. */
	bool (*contacts)(void *context, const struct source *source,
			 const struct contact_state *state);
	bool (*contacts_gone)(void *context, const struct source *source, ms_t t);
	/* Edges that could not be seen. Of two with the same source and t the larger of each number
	 * counts. */
	bool (*gap)(void *context, const struct source *source, const struct gap *gap);
	/* A record that will never be taken: it counts as dealt with. Any bytes; not terminated. */
	bool (*refused)(void *context, const char *topic, const char *payload, size_t size,
			const char *reason, ms_t at);
	/* What of a stream has come: replaces its runs from sequence->stored on (many before them
	 * may assignment as they are for ever, where numbers are missing). `newest`: it is the
	 * collector's stream now, and no other is. */
	bool (*stream)(void *context, const char *collector, const struct sequence *sequence,
		       bool newest);

	/* The windows of the zone that start within the range are no longer so. */
	bool (*windows_drop)(void *context, const char *zone, struct time_range starts);
	/* A closed window, after the drop that touches it: window, energy, cost, band, quality
	 * (power_w is the energy over the duration; NAN where the zone counts no energy). Replaces
	 * one of the same zone and start. */
	bool (*window)(void *context, const char *zone, const struct reading *reading);
	/* Likewise the events of a source. At most one of the same t. */
	bool (*events_drop)(void *context, const struct source *source, struct time_range range);
	bool (*event)(void *context, const struct source *source, const struct event *event);
};

/* Something is to be stored, or a collector waits for an ack. */
bool site_dirty(const struct site *site);

/* How many facts wait for being stored. At SITE_PENDING_MAX no record is taken: it comes again.
 * Likewise no record that is wrong for good, where so many of those wait. */
#define SITE_PENDING_MAX  200000
#define SITE_REFUSALS_MAX 1000
size_t site_pending(const struct site *site);

/* Hands over what is new. False where `books` could not. */
bool site_save(struct site *site, const struct books *books);

/* All that site_save() handed over is committed: forgets it, and publishes what collectors may
 * forget (the ack of each collector that sent something). */
void site_saved(struct site *site);

/* What was stored is lost: all that the site knows, facts, windows, streams and the rest, is to be
 * handed over again, to an empty store. */
void site_store_anew(struct site *site);

/* Why nothing can be stored now, for `health`; NULL: it can. */
void site_trouble(struct site *site, const char *reason);

/* ---- putting back: after site_open(), before the first message ----
 *
 * In this order: zones; sources, each with its weights, swaps and assignments; then the rest in any
 * order. Facts fastest in ascending time of one source. False, with a reason, where a text is not
 * what the site would have handed over. */

bool site_restore_zone(struct site *site, const char *zone, const char *label, const char *medium,
		       enum role role, struct fail *fail);

/* `about`: the newest announcement, NULL: there was none. The source assignments the site's; NULL
 * on failure. */
struct source *site_restore_source(struct site *site, const char *collector, const char *source,
				   enum counts counts, const struct about *about, bool announced,
				   struct fail *fail);

/* All of them, ascending. */
void site_restore_energy_weight(struct source *source, const struct weight *weight);
void site_restore_volume_weight(struct source *source, const struct weight *weight);
void site_restore_swap(struct source *source, const struct swap *swap);

/* The zone has been put back, or `rest`-like ids are refused. */
bool site_restore_assignment(struct site *site, struct source *source, const char *zone, ms_t from,
			     ms_t until, struct fail *fail);

void site_restore_fact(struct source *source, ms_t t, int64_t count);
void site_restore_top(struct source *source, ms_t t);
void site_restore_contacts(struct source *source, const struct contact_state *state);
void site_restore_gap(struct site *site, const struct gap *gap);

/* Streams of a collector in the order in which they were first handed over; their runs ascending,
 * never adjacent. Copies the runs. */
bool site_restore_stream(struct site *site, const char *collector, const struct sequence *sequence,
			 bool newest, struct fail *fail);

/* All is there: what is stored is what follows from it. Every collector that is known waits for an
 * ack, which comes with the next site_saved(). `recompute`: the configuration changed; all windows
 * are to be handed over again. */
void site_restored(struct site *site, bool recompute);

/* ---- for commands ---- */

/* NULL: unknown. source->counts says in what its index is. */
const struct source *site_find_source(const struct site *site, const char *collector,
				      const char *source);

/* The meter was replaced at swap->t: its final index, and the initial one of the new one. Replaces
 * a swap of the same t; the same indices once more, at whatever t, change nothing. Kept like
 * everything else with the next site_save(). False, with a reason for the operator, where it
 * contradicts what was recorded before and after it. */
bool site_swap(struct site *site, const char *collector, const char *source,
	       const struct swap *swap, ms_t now, struct fail *fail);

#endif
