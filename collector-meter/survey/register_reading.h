/* reading.h - what a meter's register shows, as somebody reads it off. */
#ifndef COLLECTOR_METER_SURVEY_REGISTER_READING_H
#define COLLECTOR_METER_SURVEY_REGISTER_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/fail.h"

struct register_reading {
	double value; /* kWh or m3 */
	int decimals; /* it is read to this place, 0..6 */
};

/* "812345.6", with a comma as well: up to 15 digits. */
bool register_reading_parse(struct register_reading *reading, const char *text, struct fail *fail);

/* As pulses of `unit_per_pulse` (kWh or m3), rounded to whole ones. False above 9e15. */
bool register_reading_pulses(const struct register_reading *reading, double unit_per_pulse,
			     int64_t *pulses, struct fail *fail);

#endif
