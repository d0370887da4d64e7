#include "collector-meter/survey/filter.h"

#include <inttypes.h>
#include <stdio.h>

/* A hundredth of the energy is more than what a meter may be wrong by. */
static bool many(int64_t wrong, int64_t of)
{
	return wrong >= FILTER_LEVELS && wrong >= of / 100;
}

static enum filter_fault fault_of(const struct survey *survey, bool on,
				  struct filter_verdict *verdict)
{
	const struct histogram *real = &survey->real[on], *rejected = &survey->rejected[on];
	ns_t minimum = survey->qualifier.minimum[on];

	if (verdict->width.advice == ADVICE_GIVEN && minimum > verdict->width.above) {
		verdict->wrong = histogram_count_from(rejected, verdict->width.above);
		return many(verdict->wrong, verdict->of) ? FILTER_TOO_LONG : FILTER_FITS;
	}
	if (verdict->width.advice == ADVICE_GIVEN && minimum <= verdict->width.below) {
		verdict->wrong = verdict->of - histogram_count_from(real, verdict->width.above);
		return many(verdict->wrong, verdict->of) ? FILTER_TOO_SHORT : FILTER_FITS;
	}
	verdict->wrong = survey->nearly[on];
	return verdict->width.advice == ADVICE_NO_GAP && many(verdict->wrong, verdict->of)
		       ? FILTER_TOO_NEAR
		       : FILTER_FITS;
}

struct filter_verdict filter_judge(const struct survey *survey, bool on)
{
	struct filter_verdict verdict = {
		.width = survey_width(survey, on),
		.of = histogram_count(&survey->real[on]),
	};

	verdict.fault = fault_of(survey, on, &verdict);
	if (verdict.fault == FILTER_FITS)
		verdict.wrong = 0;
	return verdict;
}

void filter_explain(char text[FILTER_TEXT_SIZE], const struct survey *survey, bool on,
		    const struct filter_verdict *verdict)
{
	const char *level = on ? "on" : "off";
	double now = (double)survey->qualifier.minimum[on] / NS_PER_MS;
	double above = (double)verdict->width.above / NS_PER_MS;
	double below = (double)verdict->width.below / NS_PER_MS;

	text[0] = '\0';
	switch (verdict->fault) {
	case FILTER_FITS: break;
	case FILTER_TOO_LONG:
		snprintf(text, FILTER_TEXT_SIZE,
			 "%" PRId64 " %s levels were shorter than min_%s_ms %g and did not count, "
			 "%" PRId64 " did, but from %.1f ms on they look like pulses: configure "
			 "min_%s_ms %g",
			 verdict->wrong, level, level, now, verdict->of, above, level,
			 verdict->width.ms);
		break;
	case FILTER_TOO_SHORT:
		snprintf(text, FILTER_TEXT_SIZE,
			 "%" PRId64 " of %" PRId64
			 " %s levels that counted look like bounces (up to "
			 "%.1f ms): configure min_%s_ms %g",
			 verdict->wrong, verdict->of, level, below, level, verdict->width.ms);
		break;
	case FILTER_TOO_NEAR:
		snprintf(text, FILTER_TEXT_SIZE,
			 "%" PRId64
			 " %s levels ended just below min_%s_ms %g and did not count, %" PRId64
			 " did; pulses and bounces cannot be distinguished: check the contact and "
			 "the wires, and compare with --monitor",
			 verdict->wrong, level, level, now, verdict->of);
		break;
	}
}
