/* changes.h - the changes of a site: new input, and what follows from it.
 *
 * site_update() returns the changes since the previous call. A consumer that cannot process them at
 * once adds them to a set of its own (changes_add()), and clears that set when it has. */
#ifndef AGGREGATOR_SITE_CHANGES_H
#define AGGREGATOR_SITE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/source.h"
#include "aggregator/site/collector.h"
#include "aggregator/site/named.h"
#include "common/contract/topic.h"

/* ---- new input, to be stored ---- */

struct new_fact {
	const struct source *source;
	ms_t t;
	int64_t count; /* the index, in pulses or mWh (source->counts) */
	bool start;
};

/* A period signal or a state of contacts of the source at `t`; or a record or a state of contacts
 * at `t` that was removed by downsampling. */
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

/* The kind of a record is confirmed. */
struct confirmed_fact {
	const struct source *source;
	ms_t t;
	enum point_kind kind;
};

struct source_gap {
	const struct source *source;
	struct gap gap;
};

/* A record that cannot be accepted, however often it is sent. It is acknowledged. */
struct refused_record {
	char topic[TOPIC_SIZE];
	char *payload; /* any bytes, and a terminating 0 after them; owned */
	size_t size;
	char reason[200];
	ms_t at;
};

/* ---- what follows from it, by name ---- */

struct changed_zone {
	char id[ID_SIZE];
	bool description_changed;   /* it is new, or its label, medium, role or sources */
	bool amounts_changed;	    /* its windows, days or totals */
	bool state_changed;	    /* zone->state */
	struct time_ranges windows; /* the windows that touch these ranges changed */
};

struct changed_source {
	char name[2 * ID_SIZE];
	struct source *source;
	bool description_changed;  /* announcement, weights, swaps or assignments to zones */
	struct time_ranges events; /* the events within these ranges changed */
};

/* "collector/stream": the sequence numbers that were received. */
struct changed_stream {
	char name[ID_SIZE + STREAM_SIZE];
	const struct collector *collector;
	char stream[STREAM_SIZE];
	int64_t from; /* the first number of the first run that changed */
};

/* An entry of the sets below that only has a name. */
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
	CHANGES_LIST(struct source_moment) facts_removed;
	CHANGES_LIST(struct confirmed_fact) facts_confirmed;
	CHANGES_LIST(struct source_moment) contacts_removed;
	CHANGES_LIST(struct source_gap) gaps;
	CHANGES_LIST(struct refused_record) refused;
	struct named zones_removed; /* struct change_name; a zone of that id may be there again */
	struct named zones;	    /* struct changed_zone, `rest` included */
	struct named sources;	    /* struct changed_source */
	struct named streams;	    /* struct changed_stream */
	struct named collectors;    /* struct change_name: an acknowledgement is due */
	bool all_records;	    /* all records that the site holds are to be stored */
	bool publish_due;	    /* every `publish_ms`: zone->state was evaluated */
	bool by_time;		    /* every 5 s: windows close and days end without any record */
};

/* Appends to one of the lists. */
#define changes_append(list, item)                                                                 \
	do {                                                                                       \
		(list)->items = array_grow((list)->items, (list)->count, &(list)->capacity,        \
					   sizeof(*(list)->items));                                \
		(list)->items[(list)->count++] = (item);                                           \
	} while (0)

/* Return the entry of that name, and create it if there is none. */
struct changed_zone *changes_zone(struct changes *changes, const char *id);
struct changed_source *changes_source(struct changes *changes, struct source *source);
void changes_stream(struct changes *changes, const struct collector *collector, const char *stream,
		    int64_t from);
void changes_collector(struct changes *changes, const char *id);

/* A zone went. What was noted of it before goes with it. */
void changes_zone_removed(struct changes *changes, const char *id);

/* Add `more` to `to`, with copies of what it owns: all of it, or only zones and `by_time`. */
void changes_add(struct changes *to, const struct changes *more);
void changes_add_zones(struct changes *to, const struct changes *more);

/* There is something to keep: more than acknowledgements and the time. */
bool changes_need_commit(const struct changes *changes);

void changes_clear(struct changes *changes); /* its memory is used again */
void changes_free(struct changes *changes);

#endif
