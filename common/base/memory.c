#include "common/base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The core may not print: assert() writes the line. */
static void *checked(void *memory)
{
	assert(memory && "out of memory");
	if (!memory)
		abort();
	return memory;
}

void *allocate(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size));
}

void *reallocate(void *items, size_t count, size_t size)
{
	return checked(reallocarray(items, count ? count : 1, size));
}

char *copy_text(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}
