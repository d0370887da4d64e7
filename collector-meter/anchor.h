/* anchor.h - the wall clock's time of a moment on the monotonic clock. */
#ifndef COLLECTOR_METER_ANCHOR_H
#define COLLECTOR_METER_ANCHOR_H

#include "collector-meter/edge.h"
#include "common/units.h"

/* What to add to whole milliseconds of the monotonic clock to get those of the wall clock, given
 * both clocks at one moment and the offset so far. It stays as it is while it is right to a
 * millisecond, so that times of the same moment are the same and minutes last a minute; a step of
 * the wall clock moves it at once. */
ms_t anchor_offset(ms_t offset, ns_t monotonic, ns_t wall);

#endif
