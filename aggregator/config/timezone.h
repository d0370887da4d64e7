/* timezone.h - libc's time zone database as a table for the core. */
#ifndef AGGREGATOR_CONFIG_TIMEZONE_H
#define AGGREGATOR_CONFIG_TIMEZONE_H

#include "aggregator/time/civil.h"
#include "common/base/fail.h"

/* Loads the zone `name` ("Europe/Paris") for the years 1970 to 2100. Sets TZ of this process, so
 * call it before threads start. False, with a reason, where the zone is not known here. */
bool timezone_load(struct civil_zone *zone, const char *name, struct fail *fail);

#endif
