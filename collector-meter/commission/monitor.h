/* monitor.h - a sink of the meters that prints edges, pulses and records, for commissioning. */
#ifndef COLLECTOR_METER_COMMISSION_MONITOR_H
#define COLLECTOR_METER_COMMISSION_MONITOR_H

#include <stdio.h>

#include "collector-meter/meters/meters.h"

struct monitor;

/* Writes to `out`, which the caller closes. At the end of a recording it stops the loop. */
struct monitor *monitor_open(const struct meter_settings *settings, struct loop *loop, FILE *out);
void monitor_close(struct monitor *monitor);

struct meter_sink monitor_sink(struct monitor *monitor);

#endif
