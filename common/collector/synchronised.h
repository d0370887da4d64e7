/* synchronised.h - what the machine says about its wall clock. */
#ifndef COMMON_COLLECTOR_SYNCHRONISED_H
#define COMMON_COLLECTOR_SYNCHRONISED_H

#include "common/timebase/clock_trust.h"

/* `root` goes before the names of files: "" but in tests. */
struct clock_evidence clock_evidence_read(const char *root);

#endif
