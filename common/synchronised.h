/* synchronised.h - what the machine says about its wall clock. */
#ifndef COMMON_SYNCHRONISED_H
#define COMMON_SYNCHRONISED_H

#include "common/timebase.h"

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

/* `root` goes before the names of files: "" but in tests. */
struct clock_evidence clock_evidence_read(const char *root);

enum clock_trust clock_trust(enum clock_policy policy, const struct clock_evidence *evidence);

#endif
