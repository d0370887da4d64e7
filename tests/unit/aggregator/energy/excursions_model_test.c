#include "tests/unit/aggregator/series_fixture.h"
#include "tests/unit/aggregator/slow_series.h"
#include "tests/unit/common/seed.h"

#define RECORDS 1000
#define SWAPS	4
#define WEIGHTS 5
#define KWH	INT64_C(1000000) /* mWh */
#define SECOND	INT64_C(1000)
#define MINUTE	INT64_C(60000)
#define HOUR	INT64_C(3600000)

/* What is recorded, and announced. */
struct scene {
	struct slow_record facts[RECORDS];
	size_t count;
	struct swap swaps[SWAPS];
	size_t swap_count;
	struct weight weights[WEIGHTS];
	size_t weight_count;
};

/* The same, as far as it is delivered. */
struct delivery {
	struct slow_series model;
	struct slow_record facts[2 * RECORDS];
	struct swap swaps[SWAPS];
	struct weight weights[WEIGHTS];
	struct index_series series;
	ms_t times[2 * RECORDS]; /* at which energies are compared */
	int64_t before[2 * RECORDS];
	size_t time_count;
};

static void add_fact(struct scene *scene, ms_t t, int64_t count, bool start)
{
	if (scene->count < RECORDS)
		scene->facts[scene->count++] =
			(struct slow_record){.t = t, .count = count, .start = start};
}

/* Few times and few values, so that everything that the rules speak of is frequent. */
static void few_values(struct scene *scene)
{
	int64_t values = 2 + seed_below(12), spread = 1 + seed_below(24);
	ms_t step = seed_below(2) ? 10 * MINUTE : 20 * MINUTE;
	size_t count = 1 + (size_t)seed_below(40);

	while (scene->count < count) {
		ms_t t = seed_below(spread);
		int64_t value = seed_below(3) ? 3 * t : 7 * seed_below(values);

		add_fact(scene, HOUR + t * step - (seed_below(8) == 0), value * KWH,
			 seed_below(10) == 0);
	}
	while (scene->swap_count < SWAPS && seed_below(4) == 0)
		scene->swaps[scene->swap_count++] =
			(struct swap){HOUR + (8 * (ms_t)scene->swap_count + seed_below(8)) * step,
				      seed_below(70) * KWH, seed_below(30) * KWH, ""};
	for (ms_t from = HOUR; scene->weight_count < WEIGHTS; from += (1 + seed_below(6)) * step) {
		scene->weights[scene->weight_count++] = (struct weight){
			.from = from,
			.amount = seed_below(2) ? WEIGHT_ONE : 1 + seed_below(3 * WEIGHT_ONE),
			.modulus = seed_below(2) ? 0 : (20 + seed_below(70)) * KWH,
			.max_w = seed_below(3) ? 1000 * (1 + seed_below(100)) : 0,
		};
		if (seed_below(2))
			break;
	}
}

/* The value of an excursion: of an index in counts. */
static int64_t wrong_value(int64_t right, int64_t other)
{
	switch (seed_below(8)) {
	case 0: return 0;
	case 1: return INT64_C(4294967295000000);	       /* not available: 32 bits, in kWh */
	case 2: return right ^ (INT64_C(1) << seed_below(45)); /* a torn word */
	case 3: return other;				       /* that of another meter */
	case 4: return right - seed_below(right < KWH ? right + 1 : KWH); /* a step back */
	case 5: return right + seed_below(KWH);
	case 6: return right + 100000 * KWH;
	default: return seed_any_size(INT64_C(1) << 50);
	}
}

/* A day of an honest curve with everything that can happen to it. */
static void honest_with_misdeeds(struct scene *scene)
{
	static const int64_t steps[] = {1, 10000, 100000, KWH};
	int64_t step = steps[seed_below(4)], modulus = seed_below(3) ? 0 : 100000 * KWH;
	int64_t index = modulus ? modulus - seed_below(30 * KWH) : seed_any_size(1 << 20) * KWH;
	int64_t other = seed_any_size(1 << 20) * KWH, watts = 1 + seed_any_size(200000);
	int64_t wrong = 0;
	ms_t t = HOUR, wrong_until = 0;
	size_t count = 1 + (size_t)seed_below(150);

	scene->weights[0] = (struct weight){.amount = WEIGHT_ONE, .modulus = modulus};
	scene->weights[0].max_w = seed_below(2) ? 0 : watts * (1 + seed_below(4));
	scene->weight_count = 1;
	while (scene->count < count) {
		ms_t interval = seed_below(20) ? (1 + seed_below(60)) * 10 * SECOND
					       : seed_below(3 * HOUR) + 1;
		bool start = seed_below(60) == 0;

		t += interval;
		index += watts * interval / 3600 * seed_below(5) / 4;
		other += interval;
		if (modulus && index >= modulus)
			index -= modulus;
		if (seed_below(100) == 0)
			index = seed_below(2) ? seed_below(KWH) : index + seed_below(200) * KWH;
		if (start && seed_below(2))
			index = seed_below(KWH);
		if (t >= wrong_until && seed_below(15) == 0) {
			wrong_until = t + seed_below(seed_below(4) ? HOUR : 3 * HOUR);
			wrong = wrong_value(index, other);
		}
		if (t < wrong_until && seed_below(4) == 0)
			wrong = wrong_value(index, other);
		add_fact(scene, t, t < wrong_until ? wrong : index - index % step, start);
		if (seed_below(100) == 0)
			add_fact(scene, t, wrong_value(index, other), seed_below(4) == 0);
		if (scene->swap_count < SWAPS && seed_below(80) == 0) {
			t += seed_below(2);
			scene->swaps[scene->swap_count].t = t;
			scene->swaps[scene->swap_count].final = index;
			index = seed_any_size(1 << 10) * KWH;
			scene->swaps[scene->swap_count++].initial = index;
		}
		if (scene->weight_count < WEIGHTS && seed_below(60) == 0) {
			struct weight weight = scene->weights[scene->weight_count - 1];

			weight.from = t + seed_below(2);
			weight.max_w = seed_below(2) ? 0 : 1 + seed_any_size(1 << 20);
			if (seed_below(3) == 0)
				weight.amount = 1 + seed_below(4 * WEIGHT_ONE);
			if (seed_below(3) == 0)
				weight.modulus = (1 + seed_any_size(1 << 18)) * KWH;
			scene->weights[scene->weight_count++] = weight;
		}
	}
}

static void open_delivery(struct delivery *delivery, const struct scene *scene)
{
	*delivery = (struct delivery){0};
	delivery->model.facts = delivery->facts;
	delivery->model.swaps = delivery->swaps;
	delivery->model.weights = delivery->weights;
	delivery->weights[0] = scene->weights[0];
	delivery->model.weight_count = 1;
	series_set_weight(&delivery->series, scene->weights[0]);
	for (size_t i = 0; i < scene->count; i++) {
		ms_t t = scene->facts[i].t;

		delivery->times[delivery->time_count++] = t;
		delivery->times[delivery->time_count++] = t + 1 + seed_below(5 * MINUTE);
	}
}

static void deliver_fact(struct delivery *delivery, const struct slow_record *fact)
{
	delivery->facts[delivery->model.fact_count++] = *fact;
	if (fact->start)
		series_add_start(&delivery->series, fact->t, fact->count);
	else
		series_add(&delivery->series, fact->t, fact->count);
}

static void deliver_swap(struct delivery *delivery, const struct swap *swap)
{
	delivery->swaps[delivery->model.swap_count++] = *swap;
	series_add_swap(&delivery->series, *swap);
}

/* Announcements come in any order, too: the past may be corrected. */
static void deliver_weight(struct delivery *delivery, const struct weight *weight)
{
	size_t i = delivery->model.weight_count++;

	for (; i > 1 && delivery->weights[i - 1].from > weight->from; i--)
		delivery->weights[i] = delivery->weights[i - 1];
	delivery->weights[i] = *weight;
	series_set_weight(&delivery->series, *weight);
}

static void assert_verdicts(const struct delivery *delivery, uint64_t seed)
{
	const struct slow_series *model = &delivery->model;
	const struct index_series *series = &delivery->series;

	if (series->count != model->count)
		fail_msg("SEED=%llu: %zu records, not %zu", (unsigned long long)seed, series->count,
			 model->count);
	for (size_t i = 0; i < model->count; i++) {
		const struct slow_record *right = &model->records[i];
		const struct point *point = &series->points[i];

		if (point->t != right->t || (int64_t)point->count != right->count ||
		    point->kind != right->kind)
			fail_msg("SEED=%llu: record %zu at %lld of %lld is %d, not %d",
				 (unsigned long long)seed, i, (long long)right->t,
				 (long long)right->count, (int)point->kind, (int)right->kind);
	}
	if (series->resets != model->resets || series->jumps != model->jumps ||
	    series->glitches != model->glitches || series->rollovers != model->rollovers)
		fail_msg("SEED=%llu: counters", (unsigned long long)seed);
}

static int by_time(const void *a, const void *b)
{
	ms_t l = *(const ms_t *)a, r = *(const ms_t *)b;

	return (l > r) - (l < r);
}

/* Energies between successive times, and between any two. */
static void assert_energies(struct delivery *delivery, uint64_t seed)
{
	const ms_t *times = delivery->times;
	int64_t *before = delivery->before, now[2 * RECORDS];
	size_t last = delivery->time_count - 1;
	size_t some = (size_t)seed_below((int64_t)last + 1);

	for (size_t i = 0; i <= last; i++)
		now[i] = slow_series_at(&delivery->model, times[i]);
	for (size_t i = 0; i < last; i++) {
		int64_t right = now[i + 1] - now[i];
		int64_t got = between(&delivery->series, times[i], times[i + 1]);

		if (got != right)
			fail_msg("SEED=%llu: energy from %lld to %lld: %lld, not %lld",
				 (unsigned long long)seed, (long long)times[i],
				 (long long)times[i + 1], (long long)got, (long long)right);
		if (right != before[i + 1] - before[i] &&
		    !time_ranges_touch(&delivery->series.changed, times[i], times[i + 1]))
			fail_msg("SEED=%llu: change from %lld to %lld not reported",
				 (unsigned long long)seed, (long long)times[i],
				 (long long)times[i + 1]);
	}
	if (between(&delivery->series, times[some], times[last]) != now[last] - now[some])
		fail_msg("SEED=%llu: energy from %lld to the end", (unsigned long long)seed,
			 (long long)times[some]);
	memcpy(before, now, (last + 1) * sizeof(*now));
}

static void compare(struct delivery *delivery, uint64_t seed)
{
	series_update(&delivery->series);
	slow_series_run(&delivery->model);
	assert_verdicts(delivery, seed);
	if (delivery->model.count)
		assert_energies(delivery, seed);
}

enum order { ORDER_IN, ORDER_ANY, ORDER_LATE, ORDERS };

static void arrange(struct scene *scene, enum order order)
{
	for (size_t i = scene->count; order != ORDER_IN && i > 1; i--) {
		size_t nearest = order == ORDER_LATE && i > 8 ? i - 8 : 0;
		size_t j = nearest + (size_t)seed_below((int64_t)(i - nearest));
		struct slow_record record = scene->facts[i - 1];

		scene->facts[i - 1] = scene->facts[j];
		scene->facts[j] = record;
	}
}

/* In random portions, a few records twice, swaps and announcements in between. */
static void deliver(const struct scene *scene, uint64_t seed)
{
	static struct delivery delivery;
	size_t swaps = 0, weights = 1, comparisons = 0;
	int64_t portion = 1 + seed_any_size(100);

	open_delivery(&delivery, scene);
	qsort(delivery.times, delivery.time_count, sizeof(ms_t), by_time);
	for (size_t i = 0; i < scene->count; i++) {
		deliver_fact(&delivery, &scene->facts[i]);
		if (seed_below(10) == 0)
			deliver_fact(&delivery, &scene->facts[seed_below((int64_t)i + 1)]);
		if (swaps < scene->swap_count && seed_below(20) == 0)
			deliver_swap(&delivery, &scene->swaps[swaps++]);
		if (weights < scene->weight_count && seed_below(20) == 0)
			deliver_weight(&delivery, &scene->weights[weights++]);
		if (seed_below(portion) == 0 && comparisons++ < 40)
			compare(&delivery, seed);
	}
	while (swaps < scene->swap_count)
		deliver_swap(&delivery, &scene->swaps[swaps++]);
	while (weights < scene->weight_count)
		deliver_weight(&delivery, &scene->weights[weights++]);
	compare(&delivery, seed);
	slow_series_free(&delivery.model);
	series_free(&delivery.series);
}

static void repeat(int iterations, void (*make)(struct scene *scene))
{
	const char *given = getenv("ITERATIONS");

	for (int i = given ? atoi(given) * iterations / 20 : iterations; i > 0; i--) {
		static struct scene scene;
		uint64_t seed = seed_state;

		scene = (struct scene){0};
		make(&scene);
		arrange(&scene, (enum order)seed_below(ORDERS));
		deliver(&scene, seed);
	}
}

static void an_index_series_of_few_times_and_values_equals_the_model(void **state)
{
	(void)state;
	seed_start(__func__);
	repeat(8000, few_values);
}

static void an_honest_index_series_with_misdeeds_equals_the_model(void **state)
{
	(void)state;
	seed_start(__func__);
	repeat(300, honest_with_misdeeds);
}

/* Wrong answers for less than an hour, and then right ones for more than that: far off, they cost
 * nothing at any time; near the true index, on one side of it, at most as much as they are off, and
 * in the end nothing. */
static void excursions_within_the_rules(int64_t off)
{
	static struct scene scene;
	static ms_t t_of[RECORDS];
	static int64_t right[RECORDS];
	uint64_t seed = seed_state;
	int64_t side = seed_below(2) ? 1 : -1;
	int64_t watts = 9 * seed_below(1000), index = (1 + seed_below(1000000)) * KWH;
	ms_t t = HOUR, wrong_from = 2 * HOUR;
	struct index_series series = {0};
	size_t count = 200 + (size_t)seed_below(300), honest = 0;

	scene = (struct scene){0};
	for (size_t i = 0; i < count || t - wrong_from <= HOUR; i++) {
		ms_t interval = (1 + seed_below(9)) * 10 * SECOND;
		bool wrong;

		t += interval;
		/* Near the true index it is of constant power, as a line between two records is. */
		index += watts * interval / 3600 * (off ? 4 : seed_below(5)) / 4;
		while (t > wrong_from + HOUR && scene.count < count)
			wrong_from += 2 * HOUR + 5 * MINUTE + seed_below(3 * HOUR);
		wrong = t >= wrong_from && t < wrong_from + HOUR - 2 * MINUTE;
		if (wrong && off)
			add_fact(&scene, t, index + side * seed_below(off + 1), false);
		else if (wrong)
			add_fact(&scene, t,
				 seed_below(2) ? seed_below(KWH / 2)
					       : 2000000 * KWH + seed_any_size(1 << 20) * KWH,
				 false);
		else
			add_fact(&scene, t, index, false);
		if (!wrong)
			t_of[honest] = t, right[honest++] = index;
		if (scene.count == RECORDS)
			fail_msg("SEED=%llu: too many records", (unsigned long long)seed);
	}
	arrange(&scene, ORDER_ANY);
	series_set_weight(&series, (struct weight){.amount = WEIGHT_ONE, .max_w = 20000});
	for (size_t i = 0; i < scene.count; i++)
		series_add(&series, scene.facts[i].t, scene.facts[i].count);
	series_update(&series);
	for (size_t i = 1; i < honest; i++) {
		int64_t more = between(&series, t_of[0], t_of[i]) - (right[i] - right[0]);

		if (more > off || more < -off || (i + 1 == honest && more))
			fail_msg("SEED=%llu: energy at %lld is wrong by %lld mWh",
				 (unsigned long long)seed, (long long)t_of[i], (long long)more);
	}
	if (series.resets || series.jumps || series.rollovers)
		fail_msg("SEED=%llu: reset or jump", (unsigned long long)seed);
	series_free(&series);
}

static void excursions_of_less_than_an_hour_cost_nothing(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? 20 * atoi(given) : 400;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < iterations; i++)
		excursions_within_the_rules(seed_below(2) ? 0 : 1 + seed_below(KWH / 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_series_of_few_times_and_values_equals_the_model),
		cmocka_unit_test(an_honest_index_series_with_misdeeds_equals_the_model),
		cmocka_unit_test(excursions_of_less_than_an_hour_cost_nothing),
	};

	return cmocka_run_group_tests_name("excursions_model", tests, NULL, NULL);
}
