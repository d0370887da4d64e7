#include "common/timebase/clock_trust.h"

const char *const clock_policies[] = {[CLOCK_AUTO] = "auto",
				      [CLOCK_WHEN_SYNCHRONISED] = "synchronised",
				      [CLOCK_AT_ONCE] = "trusted",
				      NULL};

enum clock_trust clock_trust(enum clock_policy policy, const struct clock_evidence *evidence)
{
	if (policy == CLOCK_AT_ONCE || evidence->kernel || evidence->timesyncd)
		return CLOCK_PROVEN;
	if (policy == CLOCK_WHEN_SYNCHRONISED)
		return CLOCK_UNSURE;
	return evidence->service && !evidence->set_by_rtc ? CLOCK_UNSURE : CLOCK_TRUSTED;
}
