/* changes.h - what changed in a site: what came and what follows from it.
 *
 * site_update() gives the changes since the call before. A consumer that cannot deal with them at
 * once adds them to a set of its own (changes_add()), which it clears when it has dealt with it. */
#ifndef AGGREGATOR_SITE_CHANGES_H
#define AGGREGATOR_SITE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/source.h"
#include "aggregator/site/collector.h"
#include "aggregator/site/named.h"
#include "common/contract/topic.h"

/* ---- what came: each is new, and has to be kept ---- */

struct new_fact {
	const struct source *source;
	ms_t t;
	int64_t count; /* pulses or mWh, as source->counts says */
};

/* A period signal or a state of contacts at `t`; the source has the rest. Likewise what is not
 * needed any more. */
struct source_moment {
	const struct source *source;
	ms_t t;
};

/* Edges that could not be seen, or that were lost, up to `t`. */
struct gap {
	ms_t t;
	int64_t blind_ms; /* the time in which edges could not be seen */
	int64_t lost;	  /* edges; they are counted in */
	bool lost_possible;
};

struct source_gap {
	const struct source *source;
	struct gap gap;
};

/* A record that will never be taken. It counts as dealt with. */
struct refused_record {
	char topic[TOPIC_SIZE];
	char *payload; /* any bytes, and a terminating 0 after them; owned */
	size_t size;
	char reason[200];
	ms_t at;
};

/* ---- what follows, by name ---- */

struct changed_zone {
	char id[ID_SIZE];
	bool described;		    /* it is new, or its label, medium, role or sources changed */
	bool books;		    /* its windows, days or totals */
	bool state;		    /* zone->state */
	struct time_ranges windows; /* windows that touch these are no longer what they were */
};

struct changed_source {
	char name[2 * ID_SIZE];
	struct source *source;
	bool described;		   /* announcement, weights, swaps or assignments to zones */
	struct time_ranges events; /* events within these are no longer what they were */
};

/* "collector/stream": the numbers that have come. */
struct changed_stream {
	char name[ID_SIZE + STREAM_SIZE];
	const struct collector *collector;
	char stream[STREAM_SIZE];
	int64_t from; /* runs that begin below this number are what they were */
};

/* Members of the sets below that carry nothing but a name. */
struct change_name {
	char name[ID_SIZE];
};

#define CHANGES_LIST(type)                                                                         \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, capacity;                                                            \
	}

/* All zero: nothing changed. */
struct changes {
	CHANGES_LIST(struct new_fact) facts;
	CHANGES_LIST(struct source_moment) signals;
	CHANGES_LIST(struct source_moment) contacts;
	CHANGES_LIST(struct source_moment) facts_gone;
	CHANGES_LIST(struct source_moment) contacts_gone;
	CHANGES_LIST(struct source_gap) gaps;
	CHANGES_LIST(struct refused_record) refused;
	struct named zones_gone; /* struct change_name; a zone of that id may be there again */
	struct named zones;	 /* struct changed_zone, `rest` included */
	struct named sources;	 /* struct changed_source */
	struct named streams;	 /* struct changed_stream */
	struct named collectors; /* struct change_name: they wait for an acknowledgement */
	bool everything;	 /* all records that the site holds are to be kept, too */
	bool states;		 /* it is time to publish: zone->state is new */
	bool by_time;		 /* now and then: windows close and days end by time alone */
};

/* Appends to one of the lists. */
#define changes_append(list, item)                                                                 \
	do {                                                                                       \
		(list)->items = array_grow((list)->items, (list)->count, &(list)->capacity,        \
					   sizeof(*(list)->items));                                \
		(list)->items[(list)->count++] = (item);                                           \
	} while (0)

/* The entry of that name, made if there is none. */
struct changed_zone *changes_zone(struct changes *changes, const char *id);
struct changed_source *changes_source(struct changes *changes, struct source *source);
void changes_stream(struct changes *changes, const struct collector *collector, const char *stream,
		    int64_t from);
void changes_collector(struct changes *changes, const char *id);

/* A zone went. What was noted of it before goes with it. */
void changes_zone_gone(struct changes *changes, const char *id);

/* Adds `more` to `to`, copying what it owns: all of it, or the sets of zones alone. */
void changes_add(struct changes *to, const struct changes *more);
void changes_add_zones(struct changes *to, const struct changes *more);

/* There is something to keep: more than acknowledgements and the time. */
bool changes_to_keep(const struct changes *changes);

void changes_clear(struct changes *changes); /* keeps memory for the next ones */
void changes_free(struct changes *changes);

#endif
