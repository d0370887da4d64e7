/* How a site thins out old facts: those go that no window, band, day or stay needs, and states of
 * contacts that say nothing new. */
#include "aggregator/site/books.h"
#include "aggregator/site/site_parts.h"
#include "common/base/array.h"

/* So much event time of one source at a call. */
#define STRETCH_MS MS_PER_DAY

/* Old records that come only now come nearly in the order of their times: so far behind the newest
 * of them they may still be judged differently. */
#define BEHIND_MS MS_PER_HOUR

struct thinning {
	struct site *site;
	const struct source *source;
	struct window window;
	struct segment segment;
};

/* Somebody asks for the index between `from` and `to`, both left out, or at `t` between them. */
static bool boundary_within(struct thinning *thinning, ms_t from, ms_t t, ms_t to)
{
	struct window *window = &thinning->window;
	struct segment *segment = &thinning->segment;

	if (t < window->start || t >= window->end)
		*window = grid_window(&thinning->site->grid, t);
	if (t < segment->start || t >= segment->end)
		*segment = tariff_at(&thinning->site->tariff, t);
	return window->start > from || window->end < to || segment->start > from ||
	       segment->end < to;
}

static bool weight_within(const struct curve *curve, ms_t from, ms_t to)
{
	for (size_t i = 1; i < curve->weight_count; i++)
		if (curve->weights[i].from > from && curve->weights[i].from < to)
			return true;
	return false;
}

static bool stay_within(const struct site *site, const struct curve *curve, ms_t from, ms_t to)
{
	for (size_t i = 0; i < site->places.count; i++) {
		const struct balance *balance =
			&((const struct place *)site->places.items[i])->zone.balance;

		for (size_t j = 0; j < balance->count; j++) {
			const struct term *term = &balance->terms[j];

			if (term->curve == curve && ((term->from > from && term->from < to) ||
						     (term->until > from && term->until < to)))
				return true;
		}
	}
	return false;
}

/* A point goes where it is one of many that count on, and nobody asks for the index around it. */
static bool point_superfluous(void *context, const struct curve *curve, size_t i)
{
	struct thinning *thinning = context;
	const struct point *point = &curve->points[i];
	struct kept_moment gone = {thinning->source, point->t};

	if (i == 0 || i + 1 >= curve->settled || point->kind != POINT_KEPT ||
	    point[-1].kind != POINT_KEPT || point[1].kind != POINT_KEPT ||
	    boundary_within(thinning, point[-1].t, point->t, point[1].t) ||
	    weight_within(curve, point[-1].t, point[1].t) ||
	    stay_within(thinning->site, &thinning->source->energy, point[-1].t, point[1].t))
		return false;
	if (curve == &thinning->source->energy)
		keep(&thinning->site->keeping.thinned, gone);
	return true;
}

static void contacts_superfluous(void *context, ms_t t)
{
	struct thinning *thinning = context;
	struct kept_moment gone = {thinning->source, t};

	keep(&thinning->site->keeping.contacts_thinned, gone);
}

/* Up to when all of the source is final. */
static ms_t thin_limit(const struct site *site, const struct source *source, ms_t now)
{
	ms_t limit = now - site->wall.settings->fact_days * MS_PER_DAY;
	ms_t certain = grid_certain_until(&site->grid);

	if (source->newest < certain)
		certain = source->newest;
	certain = subtract_limited(certain, BEHIND_MS);
	return limit < certain ? limit : certain;
}

void site_thin(struct site *site, ms_t now)
{
	struct thinning thinning = {.site = site};
	struct source *source;
	ms_t from, to, limit;

	if (!site->wall.settings->fact_days || !site->sources.count)
		return;
	if (site->thin_source >= site->sources.count)
		site->thin_source = 0;
	source = site->sources.items[site->thin_source];
	limit = thin_limit(site, source, now);
	from = site->thin_from > curve_first(&source->energy) ? site->thin_from
							      : curve_first(&source->energy);
	if (from >= limit || !curve_known(&source->energy)) {
		site->thin_source++;
		site->thin_from = CURVE_NEVER;
		return;
	}
	to = from + STRETCH_MS < limit ? from + STRETCH_MS : limit;
	thinning.source = source;
	curve_thin(&source->energy, from, to, point_superfluous, &thinning);
	curve_thin(&source->volume, from, to, point_superfluous, &thinning);
	contacts_thin(&source->contacts, from, to, contacts_superfluous, &thinning);
	if (source->about.role == ROLE_MAIN)
		contacts_thin(&site->tariff.contacts, from, to, NULL, NULL);
	site->thin_from = to;
	if (site->keeping.thinned.count || site->keeping.contacts_thinned.count)
		site->keeping.dirty = true;
}
