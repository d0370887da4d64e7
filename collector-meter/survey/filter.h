/* filter.h - whether the filter of a line suits the levels that were seen on it. */
#ifndef COLLECTOR_METER_SURVEY_FILTER_H
#define COLLECTOR_METER_SURVEY_FILTER_H

#include "collector-meter/survey/survey.h"

enum filter_fault {
	FILTER_FITS,	  /* or too little was seen */
	FILTER_TOO_LONG,  /* levels that look real do not count */
	FILTER_TOO_SHORT, /* bounces count */
	FILTER_TOO_NEAR,  /* many levels end just below it; which of them are real is not clear */
};

struct filter_verdict {
	enum filter_fault fault;
	struct width_advice width;
	int64_t wrong; /* levels that did not count, or should not have */
	int64_t of;    /* levels that counted */
};

/* A fault is FILTER_LEVELS levels or more, and one in a hundred. */
#define FILTER_LEVELS SURVEY_LEVELS

/* Judges the minimum width of on or off levels. */
struct filter_verdict filter_judge(const struct survey *survey, bool on);

/* Says what is wrong and what to do, for a technician; `key` is "min_on_ms" or "min_off_ms".
 * Empty if the filter fits. */
#define FILTER_TEXT_SIZE 240
void filter_explain(char text[FILTER_TEXT_SIZE], const struct survey *survey, bool on,
		    const struct filter_verdict *verdict);

#endif
