/* A slow model of the index series, written from the contract: each time from the whole set. */
#include "tests/unit/aggregator/series_fixture.h"
#include "tests/unit/common/seed.h"

#define TIMES	40
#define RECORDS 60
#define HOUR	INT64_C(3600000)

/* A record has a time (a number of steps), an index and perhaps the mark `start`. */
struct model {
	ms_t step;
	int64_t modulus;
	int64_t change;	  /* from this time on a count is worth 300 mWh, before it 200; */
	int64_t max_w[2]; /* and the limit is the second; 0: 100 MW */
	struct swap swaps[TIMES];
	size_t swap_count;
	int64_t records[RECORDS][3];
	size_t count;
	/* the walk */
	struct item {
		ms_t t;
		int64_t count;
		enum { RECORD, FINAL, INITIAL } type;
		bool start;
		enum point_kind kind;
		int64_t energy; /* since the one kept before it */
	} items[2 * TIMES];
	int all;
	/* results */
	int64_t energy[TIMES]; /* up to each time */
	int resets, glitches, rollovers, jumps;
};

static void model_collect(struct model *model)
{
	model->all = 0;
	for (int t = 0; t < TIMES; t++) {
		const struct swap *swap = NULL;
		int64_t largest = -1;
		bool start = false;

		for (size_t i = 0; i < model->swap_count; i++)
			if (model->swaps[i].t == t * model->step)
				swap = &model->swaps[i];
		for (size_t i = 0; i < model->count; i++) {
			const int64_t *record = model->records[i];

			if (record[0] != t || record[1] < largest)
				continue;
			start = record[2] || (start && record[1] == largest);
			largest = record[1];
		}
		if (swap) {
			model->items[model->all++] =
				(struct item){.t = swap->t, .count = swap->final, .type = FINAL};
			model->items[model->all++] = (struct item){
				.t = swap->t, .count = swap->initial, .type = INITIAL};
		} else if (largest >= 0) {
			model->items[model->all++] = (struct item){
				.t = t * model->step, .count = largest, .start = start};
		}
	}
}

static int64_t worth_of(const struct model *model, const struct item *p, int64_t counts)
{
	return counts * (p->t >= model->change * model->step ? 300 : 200);
}

static bool within(const struct model *model, const struct item *p, const struct item *r,
		   int64_t counts)
{
	int64_t max_w = model->max_w[r->t >= model->change * model->step];

	return (__int128)worth_of(model, p, counts) * 3600 <=
	       (__int128)(max_w ? max_w : 100000000) * (r->t - p->t + 60000);
}

static bool follows(const struct model *model, int i)
{
	return i < model->all && model->items[i].type != INITIAL;
}

static void judge_by_1(struct model *model, struct item *p, int i)
{
	struct item *r = &model->items[i];

	r->energy = worth_of(model, p, r->count - p->count);
	r->kind = POINT_COUNTED;
	if (within(model, p, r, r->count - p->count))
		return;
	r->energy = 0;
	r->kind = POINT_JUMP;
	for (int j = i + 1; follows(model, j) && model->items[j].t <= r->t + HOUR; j++)
		if (model->items[j].count >= p->count && model->items[j].count < r->count)
			r->kind = POINT_GLITCH;
}

static bool rolls_over(const struct model *model, const struct item *p, const struct item *r)
{
	int64_t modulus = model->modulus;

	return modulus && p->count <= modulus && 2 * (p->count - r->count) > modulus &&
	       within(model, p, r, r->count + modulus - p->count);
}

static bool is_glitch_by_2(const struct model *model, const struct item *p, int i)
{
	int j = i;

	while (follows(model, j + 1) && model->items[j + 1].count < p->count)
		j++;
	return follows(model, j + 1) && model->items[j].t <= model->items[i].t + HOUR;
}

/* The last kept one not above `i`, if 3 may go back to it. */
static int find_q(const struct model *model, int i)
{
	const struct item *r = &model->items[i];

	for (int k = i - 1; k >= 0; k--) {
		const struct item *item = &model->items[k];

		if (item->kind == POINT_GLITCH)
			continue;
		if (item->count <= r->count)
			return k;
		if (item->t < r->t - HOUR || item->type == INITIAL ||
		    (item->start && item->kind == POINT_RESET))
			return -1;
	}
	return -1;
}

static void judge(struct model *model, int p, int i)
{
	struct item *r = &model->items[i];
	struct item *before = p < 0 ? NULL : &model->items[p];
	int q;

	r->kind = POINT_COUNTED;
	r->energy = 0;
	if (!before || r->type == INITIAL)
		return;
	if (r->count >= before->count) {
		judge_by_1(model, before, i);
		return;
	}
	r->kind = POINT_RESET;
	if (r->start)
		return;
	if (is_glitch_by_2(model, before, i)) {
		r->kind = POINT_GLITCH;
		return;
	}
	q = find_q(model, i);
	if (q >= 0) {
		for (int k = q + 1; k < i; k++)
			model->items[k].kind = POINT_GLITCH;
		judge_by_1(model, &model->items[q], i);
	} else if (rolls_over(model, before, r)) {
		r->kind = POINT_ROLLOVER;
		r->energy = worth_of(model, before, r->count + model->modulus - before->count);
	}
}

/* Computes the results from the set of records. */
static void model_run(struct model *model)
{
	int kinds[8] = {0};
	int p = -1;

	model_collect(model);
	for (int i = 0; i < model->all; i++) {
		judge(model, p, i);
		for (p = i; model->items[p].kind == POINT_GLITCH; p--)
			;
	}
	memset(model->energy, 0, sizeof(model->energy));
	p = -1;
	for (int i = 0; i < model->all; i++) {
		const struct item *item = &model->items[i];

		kinds[item->type == FINAL ? POINT_FINAL : item->kind]++;
		if (item->kind == POINT_GLITCH)
			continue;
		for (int t = 0; p >= 0 && t < TIMES; t++) {
			ms_t from = model->items[p].t, now = t * model->step;

			if (now >= item->t)
				model->energy[t] += item->energy;
			else if (now > from)
				model->energy[t] += item->energy * (now - from) / (item->t - from);
		}
		p = i;
	}
	model->resets = kinds[POINT_RESET];
	model->glitches = kinds[POINT_GLITCH];
	model->rollovers = kinds[POINT_ROLLOVER];
	model->jumps = kinds[POINT_JUMP];
}

static void assert_same(const struct model *model, const struct index_series *series,
			const int64_t before[TIMES], unsigned long long seed)
{
	if (series->resets != model->resets || series->glitches != model->glitches ||
	    series->rollovers != model->rollovers || series->jumps != model->jumps)
		fail_msg("SEED=%llu: %lld resets, %lld glitches, %lld rollovers, %lld jumps, "
			 "expected %d, %d, %d, %d",
			 seed, (long long)series->resets, (long long)series->glitches,
			 (long long)series->rollovers, (long long)series->jumps, model->resets,
			 model->glitches, model->rollovers, model->jumps);
	for (int t = 0; t + 1 < TIMES; t++) {
		int64_t step = model->energy[t + 1] - model->energy[t];
		ms_t from = t * model->step, to = from + model->step;

		if (between(series, from, to) != step)
			fail_msg("SEED=%llu: energy at %d: %lld, not %lld", seed, t,
				 (long long)between(series, from, to), (long long)step);
		if (step != before[t + 1] - before[t] &&
		    !time_ranges_touch(&series->changed, from, to))
			fail_msg("SEED=%llu: changed at %d, not reported", seed, t);
	}
}

static int64_t model_total(const struct model *model)
{
	int64_t total = 0;

	for (int i = 0; i < model->all; i++)
		if (model->items[i].kind != POINT_GLITCH)
			total += model->items[i].energy;
	return total;
}

/* A reading after the last record is energy if it would be as the next record. */
static void assert_beyond(const struct model *model, const struct index_series *series,
			  int64_t values, unsigned long long seed)
{
	static struct model with;
	int64_t last = model->all ? model->items[model->all - 1].t / model->step : TIMES;
	int64_t *record, energy;

	if (last + 1 >= TIMES || model->count == RECORDS)
		return;
	with = *model;
	record = with.records[with.count++];
	record[0] = last + 1 + seed_below(TIMES - last - 1);
	record[1] = seed_below(2) ? record[0] * 3 : seed_below(values) * 7;
	record[2] = 0;
	model_run(&with);
	energy = model_total(&with) - model_total(model);
	if (energy < 0 || with.items[with.all - 1].kind == POINT_ROLLOVER)
		energy = 0;
	if (series_beyond(series, record[0] * model->step, record[1]) != energy)
		fail_msg("SEED=%llu: beyond: %lld, not %lld", seed,
			 (long long)series_beyond(series, record[0] * model->step, record[1]),
			 (long long)energy);
}

static void model_add_record(struct model *model, struct index_series *series, int64_t values)
{
	int64_t *record = model->records[model->count++];

	record[0] = seed_below(TIMES);
	record[1] = seed_below(3) ? record[0] * 3 : seed_below(values) * 7;
	record[2] = seed_below(10) == 0;
	if (record[2])
		series_add_start(series, record[0] * model->step, record[1]);
	else
		series_add(series, record[0] * model->step, record[1]);
}

static void model_add_swap(struct model *model, struct index_series *series)
{
	struct swap swap = {seed_below(TIMES) * model->step, seed_below(70), seed_below(30), ""};
	size_t i = 0;

	while (i < model->swap_count && model->swaps[i].t != swap.t)
		i++;
	model->swaps[i] = swap;
	model->swap_count += i == model->swap_count;
	series_add_swap(series, swap);
}

static void random_series(int records)
{
	unsigned long long seed = seed_state;
	struct model model = {.step = 60000 * (1 + seed_below(20)),
			      .modulus = seed_below(3) ? 0 : 20 + seed_below(70)};
	int64_t change = seed_below(2) ? TIMES : seed_below(TIMES);
	int64_t before[TIMES] = {0};
	struct index_series series = {0};
	int64_t values = 1 + seed_below(20);
	bool swaps = seed_below(2);

	for (int i = 0; i < 2; i++)
		model.max_w[i] = seed_below(3) ? 1 + seed_below(8) : 0;
	model.change = TIMES + 1;
	series_set_weight(&series, (struct weight){.amount = 200 * WEIGHT_ONE,
						   .modulus = model.modulus,
						   .max_w = model.max_w[0]});
	while ((int)model.count < records) {
		model_add_record(&model, &series, values);
		if (swaps && seed_below(12) == 0)
			model_add_swap(&model, &series);
		if (seed_below(2) && (int)model.count < records)
			continue;
		if (model.change > TIMES && (seed_below(5) == 0 || (int)model.count == records)) {
			model.change = change;
			series_set_weight(&series, (struct weight){.from = change * model.step,
								   .amount = 300 * WEIGHT_ONE,
								   .modulus = model.modulus,
								   .max_w = model.max_w[1]});
		}
		series_update(&series);
		model_run(&model);
		assert_same(&model, &series, before, seed);
		assert_beyond(&model, &series, values, seed);
		memcpy(before, model.energy, sizeof(before));
	}
	series_free(&series);
}

/* Records of few times and few values, so that equal times and excursions are frequent. After each
 * update the series equals the model, and `changed` covers every change. */
static void in_any_order_a_series_follows_from_its_set_of_records(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) * 1000 : 20000;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < iterations; i++)
		random_series((int)seed_below(RECORDS - 1) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order_a_series_follows_from_its_set_of_records),
	};

	return cmocka_run_group_tests_name("series_model", tests, NULL, NULL);
}
