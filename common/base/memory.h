/* memory.h - allocation that does not fail.
 *
 * Without memory a program has nothing sensible left to do: it writes "out of memory" and aborts,
 * and its service manager starts it again. Sizes that come from outside are checked before. */
#ifndef COMMON_BASE_MEMORY_H
#define COMMON_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed memory for `count` items of `size` bytes. To be freed with free(). */
void *allocate(size_t count, size_t size);

/* reallocarray(3): items beyond the old count are not zeroed. */
void *reallocate(void *items, size_t count, size_t size);

/* Returns `memory`, which a library has allocated; NULL means that it could not. */
void *allocated(void *memory);

/* A copy of `text`, which may be NULL: then NULL. To be freed. */
char *copy_text(const char *text);

#endif
