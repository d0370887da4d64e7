/* array.h - growing arrays. */
#ifndef COMMON_BASE_ARRAY_H
#define COMMON_BASE_ARRAY_H

#include <stddef.h>

/* Makes room for one more element of `size` bytes after `count`; returns the (possibly moved)
 * items. */
void *array_grow(void *items, size_t count, size_t *capacity, size_t size);

#endif
