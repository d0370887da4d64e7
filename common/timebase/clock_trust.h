/* clock_trust.h - how far the wall clock may be believed, by what the machine says about it. */
#ifndef COMMON_TIMEBASE_CLOCK_TRUST_H
#define COMMON_TIMEBASE_CLOCK_TRUST_H

#include "common/timebase/timebase.h"

/* The member "clock" of a configuration. */
enum clock_policy {
	CLOCK_AUTO,		 /* what the machine says */
	CLOCK_WHEN_SYNCHRONISED, /* only once the kernel's time is synchronised */
	CLOCK_AT_ONCE,		 /* as it is: somebody sees to it */
};

extern const char *const clock_policies[]; /* "auto", "synchronised", "trusted", NULL */

struct clock_evidence {
	bool kernel;	 /* counts its time as synchronised (adjtimex) */
	bool timesyncd;	 /* says that it is synchronised */
	bool set_by_rtc; /* at the start, from a clock with a battery */
	bool service;	 /* systemd-timesyncd, chronyd or ntpd is at work */
};

enum clock_trust clock_trust(enum clock_policy policy, const struct clock_evidence *evidence);

#endif
