/* line_statistics.h - what is seen on the lines of a source: the payload of its topic "lines", and
 * warnings about a filter that does not suit them. */
#ifndef COLLECTOR_METER_PUBLISH_LINE_STATISTICS_H
#define COLLECTOR_METER_PUBLISH_LINE_STATISTICS_H

#include "collector-meter/survey/filter.h"

struct line_statistics {
	const char *source;
	const struct counter *counter; /* owned by the meters; NULL: no record yet */
	struct survey surveys[LINE_ROLES];
	enum filter_fault logged[LINE_ROLES][2]; /* by level */
	char *published;			 /* the last payload */
};

void line_statistics_open(struct line_statistics *statistics, const char *source,
			  const struct counter_config *config);
void line_statistics_close(struct line_statistics *statistics);

/* Edges were not seen for a while. */
void line_statistics_interrupt(struct line_statistics *statistics);

/* Returns the payload if it has changed; it belongs to the statistics. NULL: it has not. */
const char *line_statistics_next(struct line_statistics *statistics);

/* Logs each fault of the filter when it appears. */
void line_statistics_warn(struct line_statistics *statistics);

#endif
