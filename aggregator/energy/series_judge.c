/* The verdict on a record, from those that were kept before it and the records that follow it: what
 * the contract calls excursions. */
#include "aggregator/energy/series_parts.h"

/* What a source can deliver if it announced nothing: 100 MW. */
#define MAX_W INT64_C(100000000)

/* A record may have been read this much later than it says. */
#define LIMIT_GRACE_MS MS_PER_MINUTE

static int64_t count_of(const struct index_series *series, size_t i)
{
	return (int64_t)series->points[i].count;
}

/* ---- the limit ---- */

static const struct index_series *limits_of(const struct index_series *series)
{
	return series->limits ? series->limits : series;
}

static bool energy_within(const struct index_series *series, ms_t from, ms_t to, mwh_t energy)
{
	int64_t max_w = series_weight(limits_of(series), to)->max_w;

	return (__int128)energy * 3600 <=
	       (__int128)(max_w ? max_w : MAX_W) * (to - from + LIMIT_GRACE_MS);
}

/* Whether the source can have counted from `count` at `p` to `to` at `t`. */
static bool increase_within(const struct index_series *series, const struct point *p, ms_t t,
			    int64_t to)
{
	int64_t weight = series_weight(limits_of(series), p->t)->amount;
	mwh_t energy;

	return weight_worth(weight, (int64_t)p->count, to, &energy) &&
	       energy_within(series, p->t, t, energy);
}

bool series_increases(const struct index_series *series, const struct point *p, ms_t t, int64_t to)
{
	return to >= (int64_t)p->count && increase_within(series, p, t, to);
}

bool series_rolls_over(const struct index_series *series, const struct point *p,
		       const struct point *r)
{
	const struct weight *weight = series_weight(limits_of(series), p->t);
	int64_t fall = (int64_t)p->count - (int64_t)r->count;
	int64_t modulus = weight->modulus;
	mwh_t before, after;

	return modulus && (int64_t)p->count <= modulus && fall > modulus / 2 &&
	       weight_worth(weight->amount, (int64_t)p->count, modulus, &before) &&
	       weight_worth(weight->amount, 0, (int64_t)r->count, &after) &&
	       energy_within(series, p->t, r->t, add_limited(before, after));
}

/* ---- what follows ---- */

/* Returns the first record after `i` that is not below the kept record `p` if those between are at
 * most an hour after `i`; 0: there is none. */
static size_t recovery(const struct index_series *series, size_t p, size_t i)
{
	ms_t until = series->points[i].t + EXCURSION_MS;

	for (size_t j = i + 1; j < series->count; j++) {
		const struct point *point = &series->points[j];

		if (point->kind == POINT_INITIAL)
			return 0;
		if (count_of(series, j) >= count_of(series, p))
			return j;
		if (point->t > until)
			return 0;
	}
	return 0;
}

/* Returns the first record at most an hour after `i` that is below it, but not below the kept
 * record `p`; 0: there is none. */
static size_t return_below(const struct index_series *series, size_t p, size_t i)
{
	ms_t until = series->points[i].t + EXCURSION_MS;

	for (size_t j = i + 1; j < series->count; j++) {
		const struct point *point = &series->points[j];

		if (point->kind == POINT_INITIAL || point->t > until)
			return 0;
		if (count_of(series, j) >= count_of(series, p) &&
		    count_of(series, j) < count_of(series, i))
			return j;
	}
	return 0;
}

/* Whether `i`, judged against `p`, lies in a run whose end is known from an earlier record of it.
 */
static bool run_covers(struct run_of_glitches *run, size_t p, size_t i, size_t end)
{
	if (run->end > i && run->p == p)
		return true;
	if (end)
		*run = (struct run_of_glitches){p, end};
	return end;
}

static bool recovers(struct walk *walk, size_t p, size_t i)
{
	bool known = walk->low.end > i && walk->low.p == p;

	return run_covers(&walk->low, p, i, known ? 0 : recovery(walk->series, p, i));
}

static bool comes_down(struct walk *walk, size_t p, size_t i)
{
	bool known = walk->high.end > i && walk->high.p == p;

	return run_covers(&walk->high, p, i, known ? 0 : return_below(walk->series, p, i));
}

/* ---- what was kept ---- */

/* Returns the last kept record that is not above `i`, if those kept after it may be left out: none
 * of them is before `from`. NO_POINT: there is none. Where the index fell to a baseline above `i`,
 * it was looked for before, in vain. */
static size_t reach_back(const struct index_series *series, size_t p, size_t i, ms_t from)
{
	for (size_t k = p;; k--) {
		const struct point *point = &series->points[k];

		if (point->kind == POINT_GLITCH)
			continue;
		if (count_of(series, k) <= count_of(series, i))
			return k;
		if (k == 0 || point->t < from || point->confirmed ||
		    (point->kind != POINT_COUNTED && point->kind != POINT_JUMP))
			return NO_POINT;
	}
}

/* ---- the verdict ---- */

static size_t accept(struct walk *walk, size_t i, enum point_kind kind)
{
	walk->series->points[i].kind = kind & 7;
	return i;
}

static size_t leave_out(struct walk *walk, size_t i, size_t p)
{
	walk->series->points[i].kind = POINT_GLITCH;
	return p;
}

/* Leaves out those between the kept record `q` and `i`. */
static void leave_out_after(struct walk *walk, size_t q, size_t i)
{
	struct point *points = walk->series->points;

	for (size_t k = q + 1; k < walk->start; k++)
		points[k].was = points[k].kind;
	if (q < walk->start) {
		walk->start = q + 1;
		walk->before = q;
	}
	for (size_t k = q + 1; k < i; k++)
		leave_out(walk, k, q);
	walk->revised = true;
}

static size_t judge_increase(struct walk *walk, size_t p, size_t i)
{
	const struct index_series *series = walk->series;
	const struct point *r = &series->points[i];

	if (increase_within(series, &series->points[p], r->t, (int64_t)r->count))
		return accept(walk, i, POINT_COUNTED);
	walk->doubt_t = r->t;
	return comes_down(walk, p, i) ? leave_out(walk, i, p) : accept(walk, i, POINT_JUMP);
}

static size_t judge_fall(struct walk *walk, size_t p, size_t i)
{
	struct index_series *series = walk->series;
	struct point *r = &series->points[i];
	size_t q;

	walk->doubt_t = r->t;
	if (r->start)
		return accept(walk, i, POINT_RESET);
	if (recovers(walk, p, i))
		return leave_out(walk, i, p);
	q = reach_back(series, p, i, r->t - EXCURSION_MS);
	if (q != NO_POINT) {
		leave_out_after(walk, q, i);
		return judge_increase(walk, q, i);
	}
	return accept(walk, i,
		      series_rolls_over(series, &series->points[p], r) ? POINT_ROLLOVER
								       : POINT_RESET);
}

/* The final index of a swap is kept in any case. */
static size_t judge_final(struct walk *walk, size_t p, size_t i)
{
	const struct point *points = walk->series->points;
	size_t q;

	if (p == NO_POINT || points[i].count >= points[p].count)
		return i;
	walk->doubt_t = points[i].t;
	q = reach_back(walk->series, p, i, points[i].t - EXCURSION_MS);
	if (q != NO_POINT)
		leave_out_after(walk, q, i);
	return i;
}

/* The kind is final. Records that came late and are above it do not change it: no energy is
 * negative. */
static size_t judge_confirmed(struct walk *walk, size_t p, size_t i)
{
	const struct point *points = walk->series->points;
	size_t q;

	if (points[i].kind == POINT_GLITCH)
		return p;
	if (points[i].kind != POINT_COUNTED || p == NO_POINT || points[i].count >= points[p].count)
		return i;
	walk->doubt_t = points[i].t;
	q = reach_back(walk->series, p, i, NEVER);
	if (q != NO_POINT)
		leave_out_after(walk, q, i);
	return i;
}

size_t walk_judge(struct walk *walk, size_t p, size_t i)
{
	const struct index_series *series = walk->series;
	const struct point *r = &series->points[i];

	if (r->kind == POINT_FINAL)
		return judge_final(walk, p, i);
	if (r->kind == POINT_INITIAL)
		return i;
	if (r->confirmed)
		return judge_confirmed(walk, p, i);
	if (p == NO_POINT)
		return accept(walk, i, POINT_COUNTED);
	return r->count >= series->points[p].count ? judge_increase(walk, p, i)
						   : judge_fall(walk, p, i);
}
