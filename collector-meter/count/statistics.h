/* statistics.h - counts of edges on the lines of a meter, for the operator. */
#ifndef COLLECTOR_METER_COUNT_STATISTICS_H
#define COLLECTOR_METER_COUNT_STATISTICS_H

#include "collector-meter/count/counter.h"

/* The payload of the topic <source>/lines (wattzone-topics(7)). The caller frees it; NULL if out of
 * memory. */
char *statistics_encode(const struct counter *counter);

#endif
