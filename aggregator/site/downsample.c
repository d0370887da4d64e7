/* How a site downsamples old facts: it removes those on which no window, band, day or assignment
 * depends, and states of contacts that are equal to the one before. */
#include "aggregator/site/parts.h"
#include "common/base/array.h"

/* So much event time of one source at a call. */
#define STRETCH_MS MS_PER_DAY

/* Old records that come only now come nearly in the order of their times: so far behind the newest
 * of them they may still be judged differently. A record is left out by one that is at most an hour
 * later, which in turn is judged by those of the hour after it. */
#define BEHIND_MS (2 * MS_PER_HOUR)

struct downsampling {
	struct site *site;
	const struct source *source;
	struct window window;
	struct segment segment;
};

/* Returns whether a window or a band begins or ends between `from` and `to`, where `t` lies. */
static bool boundary_within(struct downsampling *downsampling, ms_t from, ms_t t, ms_t to)
{
	struct window *window = &downsampling->window;
	struct segment *segment = &downsampling->segment;

	if (t < window->start || t >= window->end)
		*window = signals_window(&downsampling->site->signals, t);
	if (t < segment->start || t >= segment->end)
		*segment = tariff_at(&downsampling->site->tariff, t);
	return window->start > from || window->end < to || segment->start > from ||
	       segment->end < to;
}

static bool weight_within(const struct index_series *series, ms_t from, ms_t to)
{
	for (size_t i = 1; i < series->weight_count; i++)
		if (series->weights[i].from > from && series->weights[i].from < to)
			return true;
	return false;
}

static bool assignment_within(const struct site *site, const struct index_series *series, ms_t from,
			      ms_t to)
{
	for (size_t i = 0; i < site->zones.count; i++) {
		const struct balance *balance =
			&((const struct zone *)site->zones.items[i])->balance;

		for (size_t j = 0; j < balance->count; j++) {
			const struct term *term = &balance->terms[j];

			if (term->series == series && ((term->from > from && term->from < to) ||
						       (term->until > from && term->until < to)))
				return true;
		}
	}
	return false;
}

/* Returns whether a point can be removed: no amount depends on it, and its kind and those of its
 * neighbours do not change. */
static bool point_superfluous(void *context, const struct index_series *series, size_t i)
{
	struct downsampling *downsampling = context;
	const struct point *point = &series->points[i];
	struct source_moment removed = {downsampling->source, point->t};

	if (i == 0 || i + 1 >= series->classified || point->kind != POINT_COUNTED ||
	    point[-1].kind != POINT_COUNTED || point[1].kind != POINT_COUNTED ||
	    boundary_within(downsampling, point[-1].t, point->t, point[1].t) ||
	    weight_within(series, point[-1].t, point[1].t) ||
	    assignment_within(downsampling->site, &downsampling->source->energy, point[-1].t,
			      point[1].t))
		return false;
	if (series == &downsampling->source->energy)
		changes_append(&downsampling->site->changes.facts_removed, removed);
	return true;
}

static void fact_confirmed(void *context, const struct point *point)
{
	struct downsampling *downsampling = context;
	struct confirmed_fact confirmed = {downsampling->source, point->t,
					   (enum point_kind)point->kind};

	changes_append(&downsampling->site->changes.facts_confirmed, confirmed);
}

static void of_volume_confirmed(void *context, const struct point *point)
{
	(void)context;
	(void)point;
}

static void contacts_superfluous(void *context, ms_t t)
{
	struct downsampling *downsampling = context;
	struct source_moment removed = {downsampling->source, t};

	changes_append(&downsampling->site->changes.contacts_removed, removed);
}

/* Up to when all of the source is final. */
static ms_t downsample_limit(const struct site *site, const struct source *source, ms_t now)
{
	ms_t limit = now - site->settings->fact_days * MS_PER_DAY;
	ms_t certain = signals_certain_until(&site->signals);

	if (source->newest < certain)
		certain = source->newest;
	certain = subtract_limited(certain, BEHIND_MS);
	return limit < certain ? limit : certain;
}

void site_downsample(struct site *site, ms_t now)
{
	struct downsampling downsampling = {.site = site};
	struct source *source;
	ms_t from, to, limit;

	if (!site->settings->fact_days || !site->sources.count)
		return;
	if (site->downsample_source >= site->sources.count)
		site->downsample_source = 0;
	source = site->sources.items[site->downsample_source];
	limit = downsample_limit(site, source, now);
	from = site->downsample_from > series_first(&source->energy)
		       ? site->downsample_from
		       : series_first(&source->energy);
	if (from >= limit || !series_known(&source->energy)) {
		site->downsample_source++;
		site->downsample_from = NEVER;
		return;
	}
	to = from + STRETCH_MS < limit ? from + STRETCH_MS : limit;
	downsampling.source = source;
	series_downsample(&source->energy, from, to, point_superfluous, &downsampling);
	series_downsample(&source->volume, from, to, point_superfluous, &downsampling);
	series_confirm(&source->energy, from, to, fact_confirmed, &downsampling);
	series_confirm(&source->volume, from, to, of_volume_confirmed, NULL);
	contacts_downsample(&source->contacts, from, to, contacts_superfluous, &downsampling);
	if (source->about.role == ROLE_MAIN)
		contacts_downsample(&site->tariff.contacts, from, to, NULL, NULL);
	site->downsample_from = to;
}
