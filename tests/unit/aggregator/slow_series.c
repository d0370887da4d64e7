#include "tests/unit/aggregator/slow_series.h"

#include <stdlib.h>

#define E	      3600000 /* ms */
#define MAX_W_DEFAULT INT64_C(100000000)

static const struct weight *in_force(const struct slow_series *series, ms_t t)
{
	const struct weight *weight = &series->weights[0];

	for (size_t i = 1; i < series->weight_count; i++)
		if (series->weights[i].from <= t)
			weight = &series->weights[i];
	return weight;
}

/* "The increase from p to r is worth the weight in force at p.t", rounded half up at both ends. */
static __int128 worth(const struct slow_series *series, ms_t t, __int128 from, __int128 to)
{
	__int128 weight = in_force(series, t)->amount;

	return (to * weight + WEIGHT_ONE / 2) / WEIGHT_ONE -
	       (from * weight + WEIGHT_ONE / 2) / WEIGHT_ONE;
}

static bool within_the_limit(const struct slow_series *series, const struct slow_record *p,
			     const struct slow_record *r, __int128 energy)
{
	int64_t max_w = in_force(series, r->t)->max_w;

	return series->no_limit ||
	       energy * 3600 <= (__int128)(max_w ? max_w : MAX_W_DEFAULT) * (r->t - p->t + 60000);
}

/* Rule 1: `r` is not below `p`. [r, end) are the records from `r` on. */
static void judge_increase(const struct slow_series *series, const struct slow_record *p,
			   struct slow_record *r, const struct slow_record *end)
{
	__int128 energy = worth(series, p->t, p->count, r->count);

	r->energy = 0;
	if (within_the_limit(series, p, r, energy)) {
		r->kind = POINT_COUNTED;
		r->energy = (int64_t)energy;
		return;
	}
	r->kind = POINT_JUMP;
	for (const struct slow_record *next = r + 1; next < end && next->t <= r->t + E; next++)
		if (next->count >= p->count && next->count < r->count)
			r->kind = POINT_GLITCH;
}

/* Rule 2 */
static bool is_made_good(const struct slow_record *p, const struct slow_record *r,
			 const struct slow_record *end)
{
	const struct slow_record *last = r;

	while (last + 1 < end && last[1].count < p->count)
		last++;
	return last->t <= r->t + E && last + 1 < end;
}

/* Rule 3. Returns q, or NULL. */
static struct slow_record *last_not_above(struct slow_record *first, struct slow_record *p,
					  const struct slow_record *r)
{
	for (struct slow_record *record = p; record >= first; record--) {
		if (record->kind == POINT_GLITCH)
			continue;
		if (record->count <= r->count)
			return record;
		if (record->t < r->t - E || (record->start && record->kind == POINT_RESET))
			return NULL;
	}
	return NULL;
}

/* `first` is the first record of all, or since a swap; `p` the last one kept before `r`. */
static void judge(const struct slow_series *series, struct slow_record *first,
		  struct slow_record *p, struct slow_record *r, struct slow_record *end)
{
	int64_t modulus = in_force(series, p->t)->modulus;
	struct slow_record *q;

	if (r->count >= p->count) {
		judge_increase(series, p, r, end);
		return;
	}
	r->energy = 0;
	r->kind = POINT_RESET;
	if (r->start)
		return;
	if (is_made_good(p, r, end)) {
		r->kind = POINT_GLITCH;
		return;
	}
	q = last_not_above(first, p, r);
	if (q) {
		for (struct slow_record *wrong = q + 1; wrong < r; wrong++)
			wrong->kind = POINT_GLITCH, wrong->energy = 0;
		judge_increase(series, q, r, end);
		return;
	}
	if (modulus && p->count <= modulus && p->count - r->count > modulus / 2) {
		__int128 energy = worth(series, p->t, p->count, r->count + modulus);

		if (within_the_limit(series, p, r, energy))
			r->kind = POINT_ROLLOVER, r->energy = (int64_t)energy;
	}
}

/* Walks the records [first, end). */
static void walk(const struct slow_series *series, struct slow_record *first,
		 struct slow_record *end)
{
	for (struct slow_record *r = first + 1; r < end; r++) {
		struct slow_record *p = r - 1;

		while (p->kind == POINT_GLITCH)
			p--;
		judge(series, first, p, r, end);
	}
}

static const struct swap *swap_at(const struct slow_series *series, ms_t t)
{
	for (size_t i = 0; i < series->swap_count; i++)
		if (series->swaps[i].t == t)
			return &series->swaps[i];
	return NULL;
}

static int by_time_and_count(const void *a, const void *b)
{
	const struct slow_record *l = a, *r = b;

	if (l->t != r->t)
		return l->t < r->t ? -1 : 1;
	if (l->count != r->count)
		return l->count < r->count ? -1 : 1;
	return l->start - r->start;
}

/* "Two records of one source with the same t: the larger index counts." A swap is two records, in
 * place of the one of its moment. */
static void collect(struct slow_series *series)
{
	size_t all = series->fact_count + series->swap_count;
	struct slow_record *sorted = calloc(all + 1, sizeof(*sorted));

	series->records = calloc(2 * all + 1, sizeof(*series->records));
	series->count = 0;
	if (!sorted || !series->records)
		abort();
	for (size_t i = 0; i < series->fact_count; i++)
		sorted[i] = series->facts[i];
	for (size_t i = 0; i < series->swap_count; i++)
		sorted[series->fact_count + i].t = series->swaps[i].t;
	qsort(sorted, all, sizeof(*sorted), by_time_and_count);
	for (size_t i = 0; i < all; i++) {
		const struct swap *swap = swap_at(series, sorted[i].t);

		if (i + 1 < all && sorted[i + 1].t == sorted[i].t)
			continue;
		if (!swap) {
			series->records[series->count++] = sorted[i];
			continue;
		}
		series->records[series->count++] =
			(struct slow_record){.t = swap->t, .count = swap->final};
		series->records[series->count++] =
			(struct slow_record){.t = swap->t, .count = swap->initial};
	}
	free(sorted);
}

/* "Records before and after a swap are walked separately." */
static void walk_between_swaps(struct slow_series *series)
{
	size_t first = 0;

	for (size_t i = 0; i < series->count; i++) {
		struct slow_record *record = &series->records[i];
		bool final = i + 1 < series->count && record[1].t == record->t;

		if (!final && i + 1 < series->count)
			continue;
		walk(series, &series->records[first], record + 1);
		first = i + 1;
		if (final)
			record->kind = POINT_FINAL;
	}
	for (size_t i = 1; i < series->count; i++)
		if (series->records[i].t == series->records[i - 1].t)
			series->records[i].kind = POINT_INITIAL;
}

void slow_series_run(struct slow_series *series)
{
	free(series->records);
	collect(series);
	walk_between_swaps(series);
	series->resets = series->jumps = series->glitches = series->rollovers = 0;
	for (size_t i = 0; i < series->count; i++) {
		series->resets += series->records[i].kind == POINT_RESET;
		series->jumps += series->records[i].kind == POINT_JUMP;
		series->glitches += series->records[i].kind == POINT_GLITCH;
		series->rollovers += series->records[i].kind == POINT_ROLLOVER;
	}
}

int64_t slow_series_at(const struct slow_series *series, ms_t t)
{
	const struct slow_record *p = NULL;
	int64_t energy = 0;

	for (size_t i = 0; i < series->count; i++) {
		const struct slow_record *r = &series->records[i];

		if (r->kind == POINT_GLITCH)
			continue;
		if (r->t > t)
			return energy + (int64_t)(p && p->t < t ? (__int128)r->energy * (t - p->t) /
									  (r->t - p->t)
								: 0);
		energy += r->energy;
		p = r;
	}
	return energy;
}

void slow_series_free(struct slow_series *series)
{
	free(series->records);
	series->records = NULL;
}
