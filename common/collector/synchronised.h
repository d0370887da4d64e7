/* synchronised.h - evidence of the machine that its wall clock is right. */
#ifndef COMMON_COLLECTOR_SYNCHRONISED_H
#define COMMON_COLLECTOR_SYNCHRONISED_H

#include "common/timebase/clock_trust.h"

/* `root` precedes the names of files: "" except in tests. */
struct clock_evidence clock_evidence_read(const char *root);

#endif
