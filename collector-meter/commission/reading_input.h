/* reading_input.h - register readings that are typed while the monitor runs: "SOURCE READING", or
 * the reading alone if there is one meter. */
#ifndef COLLECTOR_METER_COMMISSION_READING_INPUT_H
#define COLLECTOR_METER_COMMISSION_READING_INPUT_H

#include "collector-meter/survey/register_reading.h"
#include "collector-meter/settings/settings.h"
#include "common/process/loop.h"

struct reading_input;

/* Reads the standard input, unless the recording comes from there. Calls `taken` with each reading,
 * and `refused` with the reason for each other line. */
struct reading_input *reading_input_open(const struct meter_settings *settings, struct loop *loop,
					 void (*taken)(void *context, size_t source,
						       const struct register_reading *reading),
					 void (*refused)(void *context, const struct fail *fail),
					 void *context);
void reading_input_close(struct reading_input *input);

#endif
