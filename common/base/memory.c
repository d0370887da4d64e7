#include "common/base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The core may not print: assert() writes the line. */
void *allocated(void *memory)
{
	assert(memory && "out of memory");
	if (!memory)
		abort();
	return memory;
}

void *allocate(size_t count, size_t size)
{
	return allocated(calloc(count ? count : 1, size));
}

void *reallocate(void *items, size_t count, size_t size)
{
	return allocated(reallocarray(items, count ? count : 1, size));
}

char *copy_text(const char *text)
{
	return text ? allocated(strdup(text)) : NULL;
}
