/* acks.h - acknowledges records to their collectors, once they are in the books. */
#ifndef AGGREGATOR_ACKS_ACKS_H
#define AGGREGATOR_ACKS_ACKS_H

#include "aggregator/consumer/consumer.h"

extern const struct consumer consumer_acks;

#endif
