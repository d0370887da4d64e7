#include "aggregator/site/named.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/base/memory.h"

static bool name_is_before(const void *item, const void *name)
{
	return strcmp(*(void *const *)item, name) < 0;
}

/* The position of the first item whose name is not before `name`. */
static size_t named_position(const struct named *set, const char *name)
{
	return search_first(set->items, set->count, sizeof(*set->items), name, name_is_before);
}

void *named_find(const struct named *set, const char *name)
{
	size_t i = named_position(set, name);

	return i < set->count && strcmp(set->items[i], name) == 0 ? set->items[i] : NULL;
}

void *named_add(struct named *set, const char *name, size_t size)
{
	size_t i = named_position(set, name);
	char *item = allocate(1, size);

	strcpy(item, name);
	set->items = array_grow(set->items, set->count, &set->capacity, sizeof(*set->items));
	memmove(&set->items[i + 1], &set->items[i], (set->count - i) * sizeof(*set->items));
	set->items[i] = item;
	set->count++;
	return item;
}

void *named_get(struct named *set, const char *name, size_t size)
{
	void *found = named_find(set, name);

	return found ? found : named_add(set, name, size);
}

void named_remove(struct named *set, void *item)
{
	size_t i = named_position(set, item);

	set->count--;
	memmove(&set->items[i], &set->items[i + 1], (set->count - i) * sizeof(*set->items));
}

void named_free(struct named *set)
{
	free(set->items);
	*set = (struct named){0};
}
