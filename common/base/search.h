/* search.h - binary search in sorted arrays. Inline: series are searched for every record. */
#ifndef COMMON_BASE_SEARCH_H
#define COMMON_BASE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the index of the first of `count` items of `size` bytes for which `before` is false, or
 * `count`. `before` is true for the first items and false for all others. */
static inline size_t search_first(const void *items, size_t count, size_t size, const void *key,
				  bool (*before)(const void *item, const void *key))
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (before((const char *)items + middle * size, key))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static inline bool search_is_less(const void *item, const void *key)
{
	return *(const int64_t *)item < *(const int64_t *)key;
}

static inline bool search_is_at_most(const void *item, const void *key)
{
	return *(const int64_t *)item <= *(const int64_t *)key;
}

/* In items that start with an int64_t and ascend by it: the index of the first one that is not
 * below `key`, or `count`. */
static inline size_t search_from(const void *items, size_t count, size_t size, int64_t key)
{
	return search_first(items, count, size, &key, search_is_less);
}

/* The same for the first one above `key`: so this is how many items are at or below it. */
static inline size_t search_after(const void *items, size_t count, size_t size, int64_t key)
{
	return search_first(items, count, size, &key, search_is_at_most);
}

#endif
