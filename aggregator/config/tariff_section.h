/* tariff_section.h - the section "tariff" of the configuration file. */
#ifndef AGGREGATOR_CONFIG_TARIFF_SECTION_H
#define AGGREGATOR_CONFIG_TARIFF_SECTION_H

#include "aggregator/tariff/tariff.h"
#include "common/base/fail.h"
#include "common/json/config.h"

/* As in the file: dates are texts until the time zone is known. */
struct tariff_section {
	struct field_array calendars, prices, subscribed;
};

extern const struct json_field tariff_section_keys[];

/* Fills the calendars, prices and subscribed powers of `tariff`, whose zone is loaded; hours and
 * prices that are not configured are those of the first site. On failure tariff_settings_free()
 * releases the part that was filled. */
bool tariff_section_convert(const struct tariff_section *section, struct tariff_settings *tariff,
			    const char *file, struct fail *fail);

#endif
