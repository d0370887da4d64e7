/* named.h - an ordered set of things that begin with their name. */
#ifndef AGGREGATOR_SITE_NAMED_H
#define AGGREGATOR_SITE_NAMED_H

#include <stddef.h>

/* Items are allocated one by one and never move; each is a struct whose first member is its name, a
 * char array. */
struct named {
	void **items; /* ascending by name */
	size_t count, capacity;
};

void *named_find(const struct named *set, const char *name);

/* Adds a zeroed item of `size` bytes under a name that is not there yet, and returns it. */
void *named_add(struct named *set, const char *name, size_t size);

/* The item of that name, added if there is none. */
void *named_get(struct named *set, const char *name, size_t size);

/* Takes it out; the caller gives back what it owns and frees it. */
void named_remove(struct named *set, void *item);

void named_free(struct named *set); /* the set alone */

#endif
