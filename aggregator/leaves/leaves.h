/* leaves.h - each number of a zone's state as a bare scalar on a topic of its own. */
#ifndef AGGREGATOR_LEAVES_LEAVES_H
#define AGGREGATOR_LEAVES_LEAVES_H

#include "aggregator/consumer/consumer.h"

extern const struct consumer consumer_leaves;

#endif
