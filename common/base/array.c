#include "common/base/array.h"

#include <stdlib.h>

void *array_grow(void *items, size_t count, size_t *capacity, size_t size)
{
	void *grown;

	if (count < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 16;
	grown = reallocarray(items, *capacity, size);
	if (!grown)
		abort();
	return grown;
}
