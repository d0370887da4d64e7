/* typed.h - readings of registers that somebody types while meters are watched: "SOURCE READING",
 * or the reading alone where there is one meter. */
#ifndef COLLECTOR_METER_COMMISSION_TYPED_H
#define COLLECTOR_METER_COMMISSION_TYPED_H

#include "collector-meter/survey/reading.h"
#include "collector-meter/settings/settings.h"
#include "common/process/daemon.h"

struct typed;

/* From the standard input, unless the recording comes from there. `taken` is told what came,
 * `refused` why a line is none. NULL with a reason. */
struct typed *typed_open(const struct settings *settings, struct daemon *daemon,
			 void (*taken)(void *context, size_t source, const struct reading *reading),
			 void (*refused)(void *context, const struct fail *fail), void *context,
			 struct fail *fail);
void typed_close(struct typed *typed);

#endif
