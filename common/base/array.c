#include "common/base/array.h"

#include "common/base/memory.h"

void *array_grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 16;
	return reallocate(items, *capacity, size);
}
