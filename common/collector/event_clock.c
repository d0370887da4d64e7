#include "common/collector/event_clock.h"

#include "common/process/clock.h"
#include "common/process/log.h"

static void log_changes(struct event_clock *clock, enum timebase_event event, ms_t step)
{
	enum clock_doubt doubt = clock->timebase.doubt;
	char text[200];

	if (doubt != clock->logged && doubt != DOUBT_NONE)
		log_warning("the clock %s; records are kept, and dated once the time is known",
			    clock_doubt_text(doubt));
	timebase_explain(text, event, step);
	if (event == TIMEBASE_KNOWN && clock->logged != DOUBT_NONE)
		log_info("%s", text);
	else if (event != TIMEBASE_KNOWN && event != TIMEBASE_QUIET)
		log_warning("%s", text);
	clock->logged = doubt;
}

bool event_clock_update(struct event_clock *clock, ms_t newest)
{
	struct clock_moment now = clock_moment();
	struct timebase_clocks clocks = {.boot = now.boot, .wall = now.wall, .newest = newest};
	enum timebase_event event;
	ms_t step;

	/* Once the time is known it does not matter who set the clock. */
	if (!clock->timebase.known) {
		struct clock_evidence evidence = clock_evidence_read("");

		clocks.trust = clock_trust((enum clock_policy)clock->policy, &evidence);
	}
	event = timebase_update(&clock->timebase, &clocks, &step);
	log_changes(clock, event, step);
	return event == TIMEBASE_KNOWN;
}
