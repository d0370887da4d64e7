/* counted.h - what a meter counts: energy, reactive energy, or the pulses of another meter. */
#ifndef COLLECTOR_PAC_SETTINGS_COUNTED_H
#define COLLECTOR_PAC_SETTINGS_COUNTED_H

#include "collector-pac/settings/meter_settings.h"

/* Checks the settings against the profile, which is loaded, and fills in medium and max_w. On
 * failure the reason begins with the key. */
bool counted_resolve(struct pac_meter_settings *meter, struct fail *fail);

/* Refuses two media in one zone. `second` is the number of `b`, for the reason. */
bool counted_alike(const struct pac_meter_settings *a, const struct pac_meter_settings *b,
		   size_t first, size_t second, struct fail *fail);

#endif
