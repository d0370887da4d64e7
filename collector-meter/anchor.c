#include "collector-meter/anchor.h"

ms_t anchor_offset(ms_t offset, ns_t monotonic, ns_t wall)
{
	ns_t error = wall - monotonic - offset * NS_PER_MS;

	if (error > -NS_PER_MS && error < NS_PER_MS)
		return offset;
	return floor_divide(wall - monotonic + NS_PER_MS / 2, NS_PER_MS);
}
