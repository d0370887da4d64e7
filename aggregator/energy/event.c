#include "aggregator/energy/event.h"

const char *event_name(enum event_kind kind)
{
	static const char *const names[] = {"reset", "glitch", "rollover", "swap"};

	return names[kind];
}
