/* set_index.h - sets the index of a meter to the reading of its register. */
#ifndef COLLECTOR_METER_COMMISSION_SET_INDEX_H
#define COLLECTOR_METER_COMMISSION_SET_INDEX_H

#include "collector-meter/settings/settings.h"

/* `request` is "SOURCE=READING" in kWh or m3; `by` is the person who sets it, NULL: the user of
 * this terminal. Adds a record to the outbox, and prints what was done. The collector must not run.
 * False with a reason. */
bool set_index(const struct meter_settings *settings, const char *request, const char *by,
	       struct fail *fail);

#endif
