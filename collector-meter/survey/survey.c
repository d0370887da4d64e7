#include "collector-meter/survey/survey.h"

#include <math.h>

/* A contact that bounces longer is broken. */
#define BOUNCE_MAX (20 * NS_PER_MS)

/* The shortest level that is taken to be real if there are no bounces to compare it with. */
#define REAL_MIN (10 * NS_PER_MS)

/* Shorter ones are real if all are alike, as those of a LED are: bounces are not. */
#define ALIKE_MIN    NS_PER_MS
#define ALIKE_FACTOR 2

#define FACTOR 3

/* For S0 outputs (IEC 62053-31), whose levels are at least 30 ms: see the default of the
 * configuration. */
#define WIDTH_ENOUGH_MS 20

void survey_open(struct survey *survey, const struct counter_config *config)
{
	*survey = (struct survey){0};
	survey->qualifier.minimum[false] = config->min_off;
	survey->qualifier.minimum[true] = config->min_on;
}

void survey_interrupt(struct survey *survey)
{
	survey->begun = survey->since_known = survey->on_known = false;
}

/* A real level ends the previous one. */
static void take_level(struct survey *survey, const struct level *level)
{
	if (survey->since_known)
		histogram_add(&survey->real[!level->on], level->since - survey->since);
	survey->since_known = true;
	survey->since = level->since;
	if (!level->on)
		return;
	if (survey->on_known)
		histogram_add(&survey->intervals, level->since - survey->on_since);
	survey->on_known = true;
	survey->on_since = level->since;
}

static void reject(struct survey *survey, bool on, ns_t width)
{
	histogram_add(&survey->rejected[on], width);
	survey->nearly[on] += 2 * width >= survey->qualifier.minimum[on];
}

void survey_edge(struct survey *survey, bool on, ns_t t)
{
	struct qualifier *qualifier = &survey->qualifier;
	struct level levels[2];
	size_t count;
	ns_t since, due;

	/* The level before the first edge is known, but not when it began. */
	if (!survey->begun)
		qualifier_start(qualifier, !on, t);
	survey->begun = true;
	if (qualifier_undecided(qualifier, &since, &due) && due > t)
		reject(survey, qualifier->raw, t - since);
	count = qualifier_edge(qualifier, on, t, levels);
	for (size_t i = 0; i < count; i++)
		take_level(survey, &levels[i]);
}

/* -------- advice -------- */

/* The geometric mean of the limits of the gap, in the configuration's unit. */
static double width_between(ns_t below, ns_t above)
{
	double low = fmax((double)below, (double)above / 4);
	double ms = sqrt(low * (double)above) / NS_PER_MS;

	/* Levels may become shorter at a higher load. */
	ms = fmin(ms, fmax(WIDTH_ENOUGH_MS, 2 * (double)below / NS_PER_MS));
	return ms < 2 ? round(ms * 100) / 100 : floor(ms);
}

/* Whether all levels may be real, without bounces to compare them with. */
static bool look_real(const struct histogram *all)
{
	ns_t shortest = histogram_shortest(all);

	return shortest >= REAL_MIN ||
	       (shortest >= ALIKE_MIN && histogram_longest(all) <= ALIKE_FACTOR * shortest);
}

struct width_advice survey_width(const struct survey *survey, bool on)
{
	struct histogram all = survey->real[on];
	struct width_advice advice = {0};
	struct histogram_gap gap;

	histogram_join(&all, &survey->rejected[on]);
	if (!histogram_find_gap(&all, FACTOR, BOUNCE_MAX, &gap))
		gap = (struct histogram_gap){0, histogram_shortest(&all), histogram_count(&all)};
	advice.below = gap.below;
	advice.above = gap.above;
	if (gap.count < SURVEY_LEVELS) {
		advice.advice = ADVICE_TOO_FEW;
	} else if (!gap.below && !look_real(&all)) {
		advice.advice = ADVICE_NO_GAP;
	} else {
		advice.ms = width_between(gap.below, gap.above);
	}
	return advice;
}

double survey_interval_ms(const struct survey *survey)
{
	if (histogram_count(&survey->intervals) < SURVEY_LEVELS)
		return 0;
	return floor((double)histogram_shortest(&survey->intervals) / NS_PER_MS / 4);
}
