/* How a site takes the replacement of a meter. The indices that an operator gives have to agree
 * with what the meters recorded: a wrong index is energy that was not used. */
#include <stdio.h>

#include "aggregator/site/parts.h"

/* A point in the words of the command. */
struct point_text {
	char when[CIVIL_ISO_SIZE];
	char what[48];
};

static struct point_text point_text(const struct site *site, const struct source *source,
				    const struct point *point)
{
	int64_t count = (int64_t)point->count;
	struct point_text text;

	civil_iso(text.when, &site->settings->tariff.zone, point->t);
	if (source->counts == COUNTS_PULSES)
		snprintf(text.what, sizeof(text.what), "%lld pulses", (long long)count);
	else
		snprintf(text.what, sizeof(text.what), "%lld.%03lld Wh", (long long)count / 1000,
			 (long long)count % 1000);
	return text;
}

static bool swap_known(const struct index_series *series, const struct swap *swap)
{
	for (size_t i = 0; i < series->swap_count; i++)
		if (series->swaps[i].final == swap->final &&
		    series->swaps[i].initial == swap->initial)
			return true;
	return false;
}

/* Whether the new meter recorded before the time that was given: the index fell then, from one that
 * the old meter can have had to one that the new one can have had. */
static bool too_late(const struct site *site, const struct source *source, const struct swap *swap,
		     struct fail *fail)
{
	const struct index_series *series = &source->energy;
	size_t i = series_find(series, swap->t);

	while (i > 0 && series->points[i - 1].kind != POINT_RESET &&
	       series->points[i - 1].kind != POINT_INITIAL)
		i--;
	if (i > 0 && series->points[i - 1].kind == POINT_RESET) {
		const struct point *first = &series->points[i - 1];
		const struct point *last = series_before(series, i - 1);
		struct point_text before = point_text(site, source, last);
		struct point_text after = point_text(site, source, first);

		if ((int64_t)last->count <= swap->final && (int64_t)first->count >= swap->initial)
			return !fail_set(
				fail,
				"t: the index fell from %s at %s to %s at %s; if that was the "
				"replacement, expected a t between these two",
				before.what, before.when, after.what, after.when);
	}
	return false;
}

static bool swap_agrees(const struct site *site, const struct source *source,
			const struct swap *swap, struct fail *fail)
{
	const struct index_series *series = &source->energy;
	const struct point *before = series_before(series, series_find(series, swap->t));
	const struct point *after = series_after(series, series_find(series, swap->t));
	struct point_text text;

	if (too_late(site, source, swap, fail))
		return false;
	if (before && (int64_t)before->count > swap->final) {
		text = point_text(site, source, before);
		return fail_set(fail, "the final index is below %s, which the meter had at %s",
				text.what, text.when);
	}
	if (before && !series_increases(series, before, swap->t, swap->final)) {
		text = point_text(site, source, before);
		return fail_set(fail,
				"the final index is above what the source can have reached since "
				"%s at %s",
				text.what, text.when);
	}
	if (after && after->kind != POINT_FINAL && (int64_t)after->count < swap->initial) {
		text = point_text(site, source, after);
		return fail_set(fail, "the initial index is above %s, which the meter had at %s",
				text.what, text.when);
	}
	return true;
}

/* After a command the energy in the books is published, also if it is less. */
static void publish_books(struct site *site, const struct source *source)
{
	const struct term *term = NULL;
	const struct zone *zone = NULL;

	while ((term = site_next_assignment(site, source, term, &zone)))
		site_find_zone(site, zone->id)->published = 0;
}

bool site_swap(struct site *site, const char *collector, const char *id, const struct swap *swap,
	       ms_t now, struct fail *fail)
{
	struct source *source = site_find_source(site, collector, id);

	if (!source)
		return fail_set(fail, "there is no source %s/%s", collector, id);
	if (!fact_time(swap->t, now, fail))
		return false;
	/* Sent once more, because the answer was lost, or was that it could not be written yet. */
	if (swap_known(&source->energy, swap))
		return true;
	site_recompute(site);
	if (!swap_agrees(site, source, swap, fail))
		return false;
	if (source_add_swap(source, swap)) {
		changes_source(&site->changes, source)->description_changed = true;
		publish_books(site, source);
	}
	return true;
}
