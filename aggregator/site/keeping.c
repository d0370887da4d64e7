#include "aggregator/site/keeping.h"

#include <stdlib.h>

void keeping_clear(struct keeping *keeping)
{
	for (size_t i = 0; i < keeping->refusals.count; i++)
		free(keeping->refusals.items[i].payload);
	keeping->facts.count = 0;
	keeping->signals.count = 0;
	keeping->contacts.count = 0;
	keeping->downsampled.count = 0;
	keeping->contacts_downsampled.count = 0;
	keeping->gaps.count = 0;
	keeping->refusals.count = 0;
	keeping->zones_gone.count = 0;
	keeping->dirty = keeping->anew = false;
}

void keeping_free(struct keeping *keeping)
{
	keeping_clear(keeping);
	free(keeping->facts.items);
	free(keeping->signals.items);
	free(keeping->contacts.items);
	free(keeping->downsampled.items);
	free(keeping->contacts_downsampled.items);
	free(keeping->gaps.items);
	free(keeping->refusals.items);
	free(keeping->zones_gone.items);
}
