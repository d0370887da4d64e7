/* comparison.h - compares counted pulses with the meter's register. */
#ifndef COLLECTOR_METER_SURVEY_COMPARISON_H
#define COLLECTOR_METER_SURVEY_COMPARISON_H

#include "collector-meter/survey/register_reading.h"

/* A reading of the register, and the pulses counted at that time. */
struct comparison_point {
	struct register_reading reading;
	int64_t pulses;
};

struct comparison {
	double amount;	      /* of the register, in its unit */
	int64_t counted;      /* pulses */
	double expected;      /* pulses for that amount */
	double tolerance;     /* pulses: the resolution of the readings */
	double deviation_pct; /* of counted from expected; NAN: nothing was expected */
	bool agrees;	      /* within the tolerance */
	bool early;	      /* the tolerance exceeds a tenth: wait longer */
	double likely;	      /* the likely amount of a pulse, in the register's unit; 0: unclear */
};

/* Compares two readings. Returns false if the later one is smaller. */
bool comparison_make(struct comparison *comparison, const struct comparison_point *from,
		     const struct comparison_point *to, double unit_per_pulse);

#endif
