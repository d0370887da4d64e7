#include "common/timebase/timebase.h"

#include <stdio.h>

static ms_t rounded_offset(const struct timebase_look *look)
{
	return floor_divide(look->wall - look->boot + NS_PER_MS / 2, NS_PER_MS);
}

/* How far the wall clock is from an offset. */
static ns_t error_of(ms_t offset, const struct timebase_look *look)
{
	return look->wall - look->boot - offset * NS_PER_MS;
}

static bool is_step(ns_t error)
{
	return error > TIMEBASE_STEP_NS || error < -TIMEBASE_STEP_NS;
}

static ms_t follow(ms_t offset, const struct timebase_look *look)
{
	ns_t error = error_of(offset, look);

	return error > -NS_PER_MS && error < NS_PER_MS ? offset : rounded_offset(look);
}

/* Watches what the wall clock says instead; true where that is new. */
static bool dispute(struct timebase *timebase, const struct timebase_look *look)
{
	bool news = !timebase->disputed || is_step(error_of(timebase->disputed_offset, look));

	if (news)
		timebase->disputed_since = look->boot;
	timebase->disputed = true;
	timebase->disputed_offset = rounded_offset(look);
	return news;
}

static bool held(const struct timebase *timebase, const struct timebase_look *look)
{
	return timebase->disputed && look->boot - timebase->disputed_since >= TIMEBASE_HELD_NS;
}

static bool unset(const struct timebase_look *look)
{
	return look->wall < TIMEBASE_EARLIEST_MS * NS_PER_MS;
}

static enum clock_doubt doubt_of(struct timebase *timebase, const struct timebase_look *look)
{
	if (unset(look))
		return DOUBT_UNSET;
	if (look->trust == CLOCK_UNSURE)
		return DOUBT_UNSURE;
	if (look->wall >= look->newest * NS_PER_MS)
		return DOUBT_NONE;
	/* The newest record may have been dated by a clock that was wrong: no reason to be silent
	 * until that time has come, if the clock is certain now. */
	dispute(timebase, look);
	return look->trust == CLOCK_PROVEN && held(timebase, look) ? DOUBT_NONE : DOUBT_EARLIER;
}

static enum timebase_event take_first(struct timebase *timebase, const struct timebase_look *look)
{
	timebase->doubt = doubt_of(timebase, look);
	if (timebase->doubt != DOUBT_EARLIER)
		timebase->disputed = false;
	if (timebase->doubt != DOUBT_NONE)
		return TIMEBASE_QUIET;
	timebase->known = true;
	timebase->offset = rounded_offset(look);
	return TIMEBASE_KNOWN;
}

static enum timebase_event take_step(struct timebase *timebase, const struct timebase_look *look)
{
	if (dispute(timebase, look))
		return TIMEBASE_STEP_SEEN;
	if (!held(timebase, look) || unset(look))
		return TIMEBASE_QUIET;
	timebase->offset = timebase->disputed_offset;
	timebase->disputed = false;
	return TIMEBASE_STEP_TAKEN;
}

enum timebase_event timebase_take(struct timebase *timebase, const struct timebase_look *look,
				  ms_t *step)
{
	ns_t error = error_of(timebase->offset, look);

	if (step)
		*step = floor_divide(error + NS_PER_MS / 2, NS_PER_MS);
	if (!timebase->known)
		return take_first(timebase, look);
	if (is_step(error))
		return take_step(timebase, look);
	timebase->offset = follow(timebase->offset, look);
	if (!timebase->disputed)
		return TIMEBASE_QUIET;
	timebase->disputed = false;
	return TIMEBASE_STEP_GONE;
}

/* -------- words -------- */

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
