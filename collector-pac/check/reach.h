/* reach.h - whether the meters of a configuration can be connected to: --check --online. */
#ifndef COLLECTOR_PAC_CHECK_REACH_H
#define COLLECTOR_PAC_CHECK_REACH_H

#include "collector-pac/settings/settings.h"

/* Connects to each host and port once, all at the same time, and sends nothing; looks for the
 * device of a serial line. Logs an error for each meter that cannot be reached. Returns how
 * many. */
int reach_meters(const struct pac_settings *settings);

#endif
