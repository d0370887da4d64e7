/* keeping.h - what came in and is not in the store yet. */
#ifndef AGGREGATOR_SITE_KEEPING_H
#define AGGREGATOR_SITE_KEEPING_H

#include <stdbool.h>
#include <stddef.h>

#include "aggregator/energy/source.h"
#include "common/contract/topic.h"

struct kept_fact {
	const struct source *source;
	ms_t t;
	int64_t count;
};

/* A period signal or contacts, or what was downsampled out: the source has the rest. */
struct kept_moment {
	const struct source *source;
	ms_t t;
};

/* Edges that could not be seen, or that were lost, up to `t`. */
struct gap {
	ms_t t;
	int64_t blind_ms; /* nobody looked for so long */
	int64_t lost;	  /* edges; they are counted in */
	bool lost_possible;
};

struct kept_gap {
	const struct source *source;
	struct gap gap;
};

/* A record that will never be taken. */
struct kept_refusal {
	char topic[TOPIC_SIZE];
	char *payload;
	size_t size;
	char reason[200];
	ms_t at;
};

struct kept_name {
	char name[ID_SIZE];
};

#define KEPT(type)                                                                                 \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, capacity;                                                            \
	}

struct keeping {
	KEPT(struct kept_fact) facts;
	KEPT(struct kept_moment) signals;
	KEPT(struct kept_moment) contacts;
	KEPT(struct kept_moment) downsampled;
	KEPT(struct kept_moment) contacts_downsampled;
	KEPT(struct kept_gap) gaps;
	KEPT(struct kept_refusal) refusals;
	KEPT(struct kept_name) zones_gone;
	bool dirty; /* there is something to store, or somebody to answer */
	bool anew;  /* the store is empty: everything there is */
};

/* Puts `item` behind the others of a list. */
#define keep(list, item)                                                                           \
	do {                                                                                       \
		(list)->items = array_grow((list)->items, (list)->count, &(list)->capacity,        \
					   sizeof(*(list)->items));                                \
		(list)->items[(list)->count++] = (item);                                           \
	} while (0)

/* It is all stored. */
void keeping_clear(struct keeping *keeping);
void keeping_free(struct keeping *keeping);

#endif
