/* timezone.h - the time zone database of the system as a table for the core. */
#ifndef AGGREGATOR_CONFIG_TIMEZONE_H
#define AGGREGATOR_CONFIG_TIMEZONE_H

#include "aggregator/time/civil.h"
#include "common/base/fail.h"

/* Loads the zone `name` ("Europe/Paris") for the years 1970 to 2100. Must be called before threads
 * start, since it sets TZ of this process. Returns false, with a reason, if there is no such zone.
 */
bool timezone_load(struct civil_zone *zone, const char *name, struct fail *fail);

#endif
