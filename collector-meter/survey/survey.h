/* survey.h - what a line does, watched for a while: widths of its levels, distances of its pulses,
 * and which filter would suit them. */
#ifndef COLLECTOR_METER_SURVEY_SURVEY_H
#define COLLECTOR_METER_SURVEY_SURVEY_H

#include "collector-meter/count/counter.h"
#include "collector-meter/survey/histogram.h"

/* Zeroed but for the qualifier's minimum widths: begins with the first edge. */
struct survey {
	struct qualifier qualifier;
	bool begun;
	bool since_known; /* when the real level began */
	ns_t since;
	bool on_known;
	ns_t on_since;		      /* the last real level of on */
	struct histogram real[2];     /* widths of levels that counted: off, on */
	struct histogram rejected[2]; /* of those that were too short */
	struct histogram intervals;   /* between the beginnings of real levels of on */
};

void survey_open(struct survey *survey, const struct counter_config *config);

/* Edges were not seen for a while; what was seen before stays. */
void survey_interrupt(struct survey *survey);

void survey_edge(struct survey *survey, bool on, ns_t t);

enum advice {
	ADVICE_GIVEN,
	ADVICE_TOO_FEW, /* levels, of those that look real */
	ADVICE_NO_GAP,	/* there are levels of every width */
};

#define SURVEY_LEVELS 20 /* so many that look real are needed for an advice */

/* What a minimum width should be. The present one plays no part: levels that it took for too short
 * and others are looked at together. */
struct width_advice {
	enum advice advice;
	ns_t below; /* the longest level that is too short; 0: there is none */
	ns_t above; /* the shortest that looks real; ADVICE_TOO_FEW, NO_BORDER: of all */
	double ms;  /* given: the width to configure */
};

struct width_advice survey_width(const struct survey *survey, bool on);

/* What min_interval_ms should be, a quarter of the shortest interval; 0: too few pulses. */
double survey_interval_ms(const struct survey *survey);

#endif
