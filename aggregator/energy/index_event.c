#include "aggregator/energy/index_event.h"

const char *index_event_name(enum index_event_kind kind)
{
	static const char *const names[] = {"reset", "glitch", "rollover", "jump", "swap"};

	return names[kind];
}
