/* statistics.h - what an operator wants to know of the lines of a meter, as JSON. */
#ifndef COLLECTOR_METER_COUNT_STATISTICS_H
#define COLLECTOR_METER_COUNT_STATISTICS_H

#include "collector-meter/count/counter.h"

/* The topic <source>/lines (wattzone-topics(7)). To be freed; NULL when memory is out. */
char *statistics_encode(const struct counter *counter);

#endif
