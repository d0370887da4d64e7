/* statistics.h - counts of edges on the lines of a meter, for the operator. */
#ifndef COLLECTOR_METER_SURVEY_STATISTICS_H
#define COLLECTOR_METER_SURVEY_STATISTICS_H

#include "collector-meter/survey/survey.h"

/* The payload of the topic <source>/lines (wattzone-topics(7)); a survey for each line. The caller
 * frees it; NULL if out of memory. */
char *statistics_encode(const struct counter *counter, const struct survey surveys[LINE_ROLES]);

#endif
