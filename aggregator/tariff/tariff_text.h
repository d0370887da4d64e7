/* tariff_text.h - the tariff settings that windows were computed with, as text to store. */
#ifndef AGGREGATOR_TARIFF_TARIFF_TEXT_H
#define AGGREGATOR_TARIFF_TARIFF_TEXT_H

#include <stdbool.h>

#include "aggregator/tariff/tariff.h"

/* Returns a text to free(): the zone's offsets, the calendars and the prices, an entry a line,
 * below a line with the version. Neither the zone's name nor subscribed power is part of it, since
 * windows do not depend on them. Settings that are equal in the rest have the same text. */
char *tariff_text(const struct tariff_settings *settings);

/* Reads such a text. Returns false, with nothing to free, if the text is damaged or of another
 * version (then any window may have to be computed again). On success tariff_settings_free()
 * releases the settings. */
bool tariff_text_parse(struct tariff_settings *settings, const char *text);

#endif
