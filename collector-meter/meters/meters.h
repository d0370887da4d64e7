/* meters.h - all meters of a collector: reads their lines, counts, and calls a sink. */
#ifndef COLLECTOR_METER_METERS_METERS_H
#define COLLECTOR_METER_METERS_METERS_H

#include "collector-meter/meters/meter_sink.h"
#include "collector-meter/settings/settings.h"
#include "common/process/loop.h"

struct meters;

/* Starts reading. GPIO lines that cannot be opened are logged, and opened again every 5 s; if a
 * recording cannot be opened, returns NULL with a reason. An invalid line of it stops the loop. */
struct meters *meters_open(const struct meter_settings *settings, struct loop *loop,
			   const struct meter_sink *sink, struct fail *fail);
void meters_resume(struct meters *meters);

/* Gives the sink the last records and closes the lines. If the service manager keeps them, a
 * successor continues with them, and with the levels that are not certain yet. A recording in a
 * file is closed without a stop: the next process continues in it as if there had been no
 * interruption. */
void meters_close(struct meters *meters);

#endif
