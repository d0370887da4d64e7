#include "collector-pac/meter/inspection.h"

#include <stdlib.h>

#include "common/base/memory.h"

static bool block_is_extra(const struct register_block *block)
{
	return !block_is_polled(block) && wiring_needs(block);
}

static bool profile_shows_wiring(const struct profile *profile)
{
	for (size_t i = 0; i < profile->blocks.count; i++)
		if (wiring_needs(profile_block(profile, i)))
			return true;
	return false;
}

struct inspection inspection_open(const struct profile *profile)
{
	struct inspection inspection = {0};

	if (!profile_shows_wiring(profile))
		return inspection;
	inspection.blocks = profile_copy_blocks(profile, block_is_extra, &inspection.count);
	inspection.faults = allocate(WIRING_FAULTS, sizeof(*inspection.faults));
	inspection.left = INSPECTIONS;
	return inspection;
}

void inspection_close(struct inspection *inspection)
{
	free(inspection->blocks);
	free(inspection->faults);
	*inspection = (struct inspection){0};
}

void inspection_begin(struct inspection *inspection, ms_t now)
{
	inspection->going = inspection->left > 0 && now >= inspection->due;
	if (!inspection->going)
		return;
	inspection->left--;
	inspection->due = now + INSPECTION_EVERY_MS;
	inspection->wiring = wiring_start();
}

size_t inspection_blocks(const struct inspection *inspection)
{
	return inspection->going ? inspection->count : 0;
}

void inspection_add(struct inspection *inspection, const struct register_block *block,
		    const uint16_t *registers)
{
	if (inspection->going)
		wiring_add(&inspection->wiring, block, registers);
}

void inspection_cancel(struct inspection *inspection)
{
	inspection->going = false;
}

size_t inspection_end(struct inspection *inspection)
{
	size_t faults;
	bool again = inspection->faulty;

	if (!inspection->going)
		return 0;
	inspection->going = false;
	faults = wiring_faults(&inspection->wiring, inspection->faults);
	inspection->faulty = faults > 0;
	if (!again || faults == 0)
		return 0;
	inspection->left = 0;
	return faults;
}
