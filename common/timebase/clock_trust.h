/* clock_trust.h - how far the wall clock can be trusted, from evidence of the machine. */
#ifndef COMMON_TIMEBASE_CLOCK_TRUST_H
#define COMMON_TIMEBASE_CLOCK_TRUST_H

#include "common/timebase/timebase.h"

/* The key "clock" of a configuration. */
enum clock_policy {
	CLOCK_AUTO,		 /* from the evidence */
	CLOCK_WHEN_SYNCHRONISED, /* only once the kernel's time is synchronised */
	CLOCK_AT_ONCE,		 /* always: the operator is responsible */
};

extern const char *const clock_policies[]; /* "auto", "synchronised", "trusted", NULL */

struct clock_evidence {
	bool kernel;	 /* the kernel's time is synchronised (adjtimex) */
	bool timesyncd;	 /* systemd-timesyncd reports it as synchronised */
	bool set_by_rtc; /* at the boot, from a clock with a battery */
	bool service;	 /* systemd-timesyncd, chronyd or ntpd is running */
};

enum clock_trust clock_trust(enum clock_policy policy, const struct clock_evidence *evidence);

#endif
