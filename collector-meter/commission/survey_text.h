/* survey_text.h - prints a survey as a table, with recommended settings. */
#ifndef COLLECTOR_METER_COMMISSION_SURVEY_TEXT_H
#define COLLECTOR_METER_COMMISSION_SURVEY_TEXT_H

#include <stdio.h>

#include "collector-meter/survey/survey.h"

/* At most 80 columns. `min_interval` is the configured one; 0: none. */
void survey_print(FILE *out, const char *source, enum line_role role, const struct survey *survey,
		  ns_t min_interval);

/* "412.000 ms" or "3.0021 s" */
void duration_print(FILE *out, ns_t duration);

#endif
