/* comparison.h - counted pulses against what the meter's register says. */
#ifndef COLLECTOR_METER_SURVEY_COMPARISON_H
#define COLLECTOR_METER_SURVEY_COMPARISON_H

#include "collector-meter/survey/register_reading.h"

/* The register was read when so many pulses were counted. */
struct comparison_point {
	struct register_reading reading;
	int64_t pulses;
};

struct comparison {
	double amount;	      /* by the register, in its unit */
	int64_t counted;      /* pulses */
	double expected;      /* pulses, of that amount */
	double tolerance;     /* pulses: what the digits that were read leave open */
	double deviation_pct; /* counted against expected; NAN: nothing was expected */
	bool agrees;	      /* within the tolerance */
	bool early;	      /* the tolerance is more than a tenth: wait for a longer time */
	double likely;	      /* what a pulse is worth then, in the register's unit; 0: unclear */
};

/* From one reading to a later one. False where the register went back. */
bool comparison_make(struct comparison *comparison, const struct comparison_point *from,
		     const struct comparison_point *to, double unit_per_pulse);

#endif
