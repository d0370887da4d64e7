/* site_parts.h - the site from within, for the files that it is made of: site.c takes messages,
 * record.c facts, membership.c knows which sources make which zones, settle.c takes in what is new,
 * bulletin.c publishes; site_save.c hands over to the store, site_restore.c takes back. */
#ifndef AGGREGATOR_SITE_SITE_PARTS_H
#define AGGREGATOR_SITE_SITE_PARTS_H

#include "aggregator/publish/board.h"
#include "aggregator/site/keeping.h"
#include "aggregator/site/named.h"
#include "aggregator/site/sequence.h"
#include "aggregator/site/site.h"
#include "aggregator/zone/zone.h"

struct collector {
	char name[ID_SIZE];
	bool online;
	struct sequence *streams; /* the newest ones */
	size_t stream_count, stream_capacity;
	size_t newest;		/* that of the last record */
	bool unanswered;	/* something of it came since the last ack */
	int64_t missing_before; /* of streams that are not followed any more */
};

/* A zone with its topics. */
struct zone_entry {
	char name[ID_SIZE];
	struct zone zone;
	struct board board;
	bool changed;		  /* the books of the zone, since they were published */
	bool described;		  /* the zone was, since it was stored */
	struct time_ranges dirty; /* stretches whose windows are to be stored again */
	ms_t stored;		  /* no window that is stored ends later */
};

struct site {
	struct wall wall;
	struct named collectors, sources, entries;
	struct zone_entry *main; /* of `places`; NULL: none */
	struct zone_entry *rest; /* NULL: nothing to take off, or nothing to take it off from */
	bool rest_stale;	 /* a zone changed that it follows from */
	bool regrid; /* another source is main: period signals and contacts are to be put together
			anew */
	struct tariff tariff;
	struct grid grid;
	struct health health;
	struct slot summary, tariff_state, band, band_index, price, demand, health_state;
	bool alarm;
	struct keeping keeping;
	ms_t next_publish, next_books; /* on the monotonic clock */
	size_t downsample_source;      /* whose turn it is to be downsampled, */
	ms_t downsample_from;	       /* from where on; NEVER: from its beginning */
};

/* The zone that is left over: a reserved id. */
#define REST_ID "rest"

/* site.c */

struct collector *site_collector(struct site *site, const char *id);
struct source *site_source(struct site *site, const struct topic *topic, struct fail *fail);

/* Copies what may be any bytes. */
void copy_printable(char *to, size_t size, const char *from);

/* False, with a reason, where the fact lies too far in the future. */
bool fact_time(ms_t t, ms_t now, struct fail *fail);

/* record.c */

bool site_record(struct site *site, const struct topic *topic, const char *text,
		 const char *payload, size_t size, ms_t now, struct fail *fail);

/* The collector's stream of that name. */
struct sequence *collector_stream(struct collector *collector, const char *stream);

/* Streams that are not known from their beginning, and will not be, begin with what came first. */
void site_take_baselines(struct site *site, ms_t monotonic);

/* Tells the collector what it may forget, if it waits for that. */
void collector_acknowledge(const struct site *site, struct collector *collector);

/* settle.c */

/* Takes in what came, and notes what it changed. */
void site_update(struct site *site);

/* downsample.c */

/* Thins out old facts of a sorted site, a little at each call. */
void site_downsample(struct site *site, ms_t now);

/* membership.c */

void entry_free(struct zone_entry *entry);

/* A zone that is not there yet, or the one that is. */
struct zone_entry *site_entry_open(struct site *site, const char *id);

void entry_add_source(struct zone_entry *entry, struct source *source);

/* What is stored of it is what follows from the facts, unless it is to be computed again. */
void entry_restored(struct zone_entry *entry, const struct grid *grid, bool recompute);

/* Takes a source's announcement: its zone appears, changes, or it moves to another. False, with a
 * reason, where the site cannot be so. */
bool site_announce(struct site *site, struct source *source, const struct about *about, ms_t now,
		   struct fail *fail);

void site_withdraw(struct site *site, struct source *source, ms_t now);

/* Makes the zone `rest` anew from the others. */
void site_rest(struct site *site);

#endif
