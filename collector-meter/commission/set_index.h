/* set_index.h - a person sets the index of a meter to what its register shows. */
#ifndef COLLECTOR_METER_COMMISSION_SET_INDEX_H
#define COLLECTOR_METER_COMMISSION_SET_INDEX_H

#include "collector-meter/settings/settings.h"

/* `wish` is "SOURCE=READING" in kWh or m3; `by` is who wants it, NULL: the user of this terminal.
 * Puts a record into the outbox that says so, and says on the terminal what was done. The collector
 * must not run. */
bool set_index(const struct meter_settings *settings, const char *request, const char *by,
	       struct fail *fail);

#endif
