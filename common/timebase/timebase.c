#include "common/timebase/timebase.h"

#include <stdio.h>

static ms_t rounded_offset(const struct timebase_clocks *clocks)
{
	return floor_divide(clocks->wall - clocks->boot + NS_PER_MS / 2, NS_PER_MS);
}

/* How far the wall clock is from an offset. */
static ns_t error_of(ms_t offset, const struct timebase_clocks *clocks)
{
	return clocks->wall - clocks->boot - offset * NS_PER_MS;
}

static bool is_step(ns_t error)
{
	return error > TIMEBASE_STEP_NS || error < -TIMEBASE_STEP_NS;
}

static ms_t follow(ms_t offset, const struct timebase_clocks *clocks)
{
	ns_t error = error_of(offset, clocks);

	return error > -NS_PER_MS && error < NS_PER_MS ? offset : rounded_offset(clocks);
}

/* Follows the wall clock beside the base. Returns true if its offset is a new one. */
static bool dispute(struct timebase *timebase, const struct timebase_clocks *clocks)
{
	bool news = !timebase->disputed || is_step(error_of(timebase->disputed_offset, clocks));

	if (news)
		timebase->disputed_since = clocks->boot;
	timebase->disputed = true;
	timebase->disputed_offset = rounded_offset(clocks);
	return news;
}

static bool held(const struct timebase *timebase, const struct timebase_clocks *clocks)
{
	return timebase->disputed && clocks->boot - timebase->disputed_since >= TIMEBASE_HELD_NS;
}

static bool unset(const struct timebase_clocks *clocks)
{
	return clocks->wall < TIMEBASE_EARLIEST_MS * NS_PER_MS;
}

static enum clock_doubt doubt_of(struct timebase *timebase, const struct timebase_clocks *clocks)
{
	if (unset(clocks))
		return DOUBT_UNSET;
	if (clocks->trust == CLOCK_UNSURE)
		return DOUBT_UNSURE;
	if (clocks->wall >= clocks->newest * NS_PER_MS)
		return DOUBT_NONE;
	/* The newest record may have been dated by a wrong clock. If the clock is certain now,
	 * there is no reason to wait for that time. */
	dispute(timebase, clocks);
	return clocks->trust == CLOCK_PROVEN && held(timebase, clocks) ? DOUBT_NONE : DOUBT_EARLIER;
}

static enum timebase_event take_first(struct timebase *timebase,
				      const struct timebase_clocks *clocks)
{
	timebase->doubt = doubt_of(timebase, clocks);
	if (timebase->doubt != DOUBT_EARLIER)
		timebase->disputed = false;
	if (timebase->doubt != DOUBT_NONE)
		return TIMEBASE_QUIET;
	timebase->known = true;
	timebase->offset = rounded_offset(clocks);
	return TIMEBASE_KNOWN;
}

static enum timebase_event take_step(struct timebase *timebase,
				     const struct timebase_clocks *clocks)
{
	if (dispute(timebase, clocks))
		return TIMEBASE_STEP_SEEN;
	if (!held(timebase, clocks) || unset(clocks))
		return TIMEBASE_QUIET;
	timebase->offset = timebase->disputed_offset;
	timebase->disputed = false;
	return TIMEBASE_STEP_TAKEN;
}

enum timebase_event timebase_update(struct timebase *timebase, const struct timebase_clocks *clocks,
				    ms_t *step)
{
	ns_t error = error_of(timebase->offset, clocks);

	if (step)
		*step = floor_divide(error + NS_PER_MS / 2, NS_PER_MS);
	if (!timebase->known)
		return take_first(timebase, clocks);
	if (is_step(error))
		return take_step(timebase, clocks);
	timebase->offset = follow(timebase->offset, clocks);
	if (!timebase->disputed)
		return TIMEBASE_QUIET;
	timebase->disputed = false;
	return TIMEBASE_STEP_GONE;
}

/* -------- text -------- */

const char *clock_doubt_text(enum clock_doubt doubt)
{
	static const char *const texts[] = {
		[DOUBT_NONE] = "is known",
		[DOUBT_UNSET] = "was not set yet: it is before 2012",
		[DOUBT_UNSURE] = "is not synchronised yet",
		[DOUBT_EARLIER] = "is earlier than the newest record",
	};

	return texts[doubt];
}

void timebase_explain(char text[200], enum timebase_event event, ms_t step)
{
	double seconds = (double)(step < 0 ? -step : step) / 1000;
	const char *direction = step < 0 ? "back" : "forward";

	switch (event) {
	case TIMEBASE_QUIET: text[0] = '\0'; break;
	case TIMEBASE_KNOWN: snprintf(text, 200, "the clock is known"); break;
	case TIMEBASE_STEP_SEEN:
		snprintf(text, 200,
			 "the clock was set %.3f s %s; times go on as before, and follow it if it "
			 "stays so for 5 minutes",
			 seconds, direction);
		break;
	case TIMEBASE_STEP_TAKEN:
		snprintf(text, 200,
			 "the clock has stayed %.3f s %s for 5 minutes: times follow it now",
			 seconds, direction);
		break;
	case TIMEBASE_STEP_GONE:
		snprintf(text, 200, "the clock was set right again: times went on as before");
		break;
	}
}
