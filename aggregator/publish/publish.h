/* publish.h - the retained topics that people read: zones, summary, tariff, demand, health. */
#ifndef AGGREGATOR_PUBLISH_PUBLISH_H
#define AGGREGATOR_PUBLISH_PUBLISH_H

#include "aggregator/consumer/consumer.h"

extern const struct consumer consumer_topics;

#endif
