/* survey.h - the widths of a line's levels and the intervals of its pulses over some time, and the
 * filter that suits them. */
#ifndef COLLECTOR_METER_SURVEY_SURVEY_H
#define COLLECTOR_METER_SURVEY_SURVEY_H

#include "collector-meter/count/counter.h"
#include "collector-meter/survey/histogram.h"

struct survey {
	struct qualifier qualifier;
	bool begun; /* an edge was seen since the start or the last interruption */
	bool since_known;
	ns_t since; /* start of the last real level */
	bool on_known;
	ns_t on_since;		      /* start of the last real on level */
	struct histogram real[2];     /* widths of real levels: off, on */
	struct histogram rejected[2]; /* of levels that were too short */
	int64_t nearly[2];	      /* of these, at least half as wide as the filter */
	struct histogram intervals;   /* between the starts of real on levels */
};

void survey_open(struct survey *survey, const struct counter_config *config);

/* Edges were not seen for a while. The histograms remain. */
void survey_interrupt(struct survey *survey);

void survey_edge(struct survey *survey, bool on, ns_t t);

enum advice {
	ADVICE_GIVEN,
	ADVICE_TOO_FEW, /* levels that look real */
	ADVICE_NO_GAP,	/* levels of every width occur */
};

#define SURVEY_LEVELS 20 /* that look real, needed for an advice */

/* The recommended minimum width. It does not depend on the present one: rejected and real levels
 * are evaluated together. */
struct width_advice {
	enum advice advice;
	ns_t below; /* the longest level that is too short; 0: none */
	ns_t above; /* the shortest that looks real; of all levels without a gap */
	double ms;  /* ADVICE_GIVEN: the width to configure */
};

struct width_advice survey_width(const struct survey *survey, bool on);

/* The recommended min_interval_ms, a quarter of the shortest interval; 0: too few pulses. */
double survey_interval_ms(const struct survey *survey);

#endif
