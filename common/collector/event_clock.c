#include "common/collector/event_clock.h"

#include "common/process/clock.h"
#include "common/process/log.h"

static void tell(struct event_clock *clock, enum timebase_event event, ms_t step)
{
	enum clock_doubt doubt = clock->timebase.doubt;
	char text[200];

	if (doubt != clock->told && doubt != DOUBT_NONE)
		log_warning("the clock %s; records are kept, and dated once the time is known",
			    clock_doubt_text(doubt));
	timebase_explain(text, event, step);
	if (event == TIMEBASE_KNOWN && clock->told != DOUBT_NONE)
		log_info("%s", text);
	else if (event != TIMEBASE_KNOWN && event != TIMEBASE_QUIET)
		log_warning("%s", text);
	clock->told = doubt;
}

bool event_clock_look(struct event_clock *clock, ms_t newest)
{
	struct clock_moment now = clock_moment();
	struct timebase_look look = {.boot = now.boot, .wall = now.wall, .newest = newest};
	enum timebase_event event;
	ms_t step;

	/* Once the time is known it does not matter who set the clock. */
	if (!clock->timebase.known) {
		struct clock_evidence evidence = clock_evidence_read("");

		look.trust = clock_trust((enum clock_policy)clock->policy, &evidence);
	}
	event = timebase_take(&clock->timebase, &look, &step);
	tell(clock, event, step);
	return event == TIMEBASE_KNOWN;
}
