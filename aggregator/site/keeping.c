#include "aggregator/site/keeping.h"

#include <stdlib.h>

void keeping_clear(struct keeping *keeping)
{
	for (size_t i = 0; i < keeping->refusals.count; i++)
		free(keeping->refusals.items[i].payload);
	keeping->facts.count = 0;
	keeping->tops.count = 0;
	keeping->contacts.count = 0;
	keeping->thinned.count = 0;
	keeping->contacts_thinned.count = 0;
	keeping->gaps.count = 0;
	keeping->refusals.count = 0;
	keeping->zones_gone.count = 0;
	keeping->dirty = keeping->anew = false;
}

void keeping_free(struct keeping *keeping)
{
	keeping_clear(keeping);
	free(keeping->facts.items);
	free(keeping->tops.items);
	free(keeping->contacts.items);
	free(keeping->thinned.items);
	free(keeping->contacts_thinned.items);
	free(keeping->gaps.items);
	free(keeping->refusals.items);
	free(keeping->zones_gone.items);
}
