/* register_reading.h - a reading of a meter's register, by a person. */
#ifndef COLLECTOR_METER_SURVEY_REGISTER_READING_H
#define COLLECTOR_METER_SURVEY_REGISTER_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/fail.h"

struct register_reading {
	double value; /* kWh or m3 */
	int decimals; /* digits after the decimal point, 0..6 */
};

/* Parses "812345.6" or "812345,6", with up to 15 digits. False with a reason. */
bool register_reading_parse(struct register_reading *reading, const char *text, struct fail *fail);

/* Converts it to pulses of `unit_per_pulse` (kWh or m3), rounded. False above 9e15. */
bool register_reading_pulses(const struct register_reading *reading, double unit_per_pulse,
			     int64_t *pulses, struct fail *fail);

#endif
