/* monitor.h - what the meters tell, as lines for an electrician at commissioning. */
#ifndef COLLECTOR_METER_COMMISSION_MONITOR_H
#define COLLECTOR_METER_COMMISSION_MONITOR_H

#include <stdio.h>

#include "collector-meter/meters/station.h"

struct monitor;

/* Writes to `out`, which stays the caller's. At the end of a recording it ends the daemon. */
struct monitor *monitor_open(const struct settings *settings, struct daemon *daemon, FILE *out,
			     struct fail *fail);
void monitor_close(struct monitor *monitor);

struct listener monitor_listener(struct monitor *monitor);

#endif
