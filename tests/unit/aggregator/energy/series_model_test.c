#include "tests/unit/aggregator/series_fixture.h"
#include "tests/unit/common/seed.h"

#define TIMES	24
#define RECORDS 40

struct model {
	int64_t modulus;
	int64_t change; /* from this time on a count is worth 3, before it 2 */
	struct swap swaps[TIMES];
	size_t swap_count;
	int64_t records[RECORDS][2];
	size_t count;
	/* results */
	int64_t energy[TIMES]; /* up to each time */
	int resets, glitches, rollovers;
};

enum { RECORD, FINAL, INITIAL };

/* Computes the results from the set of records. */
static void model_run(struct model *model)
{
	int64_t largest[TIMES], t_of[3 * TIMES], count[3 * TIMES], step[3 * TIMES];
	int kind[3 * TIMES];
	int all = 0, n = 0;

	model->resets = model->glitches = model->rollovers = 0;
	for (int t = 0; t < TIMES; t++)
		largest[t] = -1;
	for (size_t i = 0; i < model->count; i++)
		if (model->records[i][1] > largest[model->records[i][0]])
			largest[model->records[i][0]] = model->records[i][1];
	for (int t = 0; t < TIMES; t++) {
		const struct swap *swap = NULL;

		for (size_t i = 0; i < model->swap_count; i++)
			if (model->swaps[i].t == t)
				swap = &model->swaps[i];
		if (!swap && largest[t] < 0)
			continue;
		t_of[all] = t;
		count[all] = swap ? swap->final : largest[t];
		kind[all++] = swap ? FINAL : RECORD;
		if (swap)
			t_of[all] = t, count[all] = swap->initial, kind[all++] = INITIAL;
	}
	for (int i = 0; i < all; i++) {
		int64_t weight = n && t_of[n - 1] >= model->change ? 3 : 2;
		int64_t fall = n ? count[n - 1] - count[i] : 0;
		bool rolls = model->modulus && 2 * fall > model->modulus && n &&
			     count[n - 1] <= model->modulus;

		step[n] = n && kind[i] != INITIAL && fall <= 0 ? -fall * weight : 0;
		if (kind[i] == FINAL && fall > 0 && rolls)
			step[n] = (model->modulus - fall) * weight;
		if (kind[i] == RECORD && fall > 0) {
			bool more = i + 1 < all;

			if (more && kind[i + 1] != INITIAL && count[i + 1] >= count[n - 1]) {
				model->glitches++;
				continue;
			}
			if (more && rolls) {
				model->rollovers++;
				step[n] = (model->modulus - fall) * weight;
			} else {
				model->resets++;
			}
		}
		t_of[n] = t_of[i];
		count[n++] = count[i];
	}
	for (int t = 0; t < TIMES; t++) {
		model->energy[t] = 0;
		for (int i = 1; i < n; i++) {
			if (t >= t_of[i])
				model->energy[t] += step[i];
			else if (t > t_of[i - 1])
				model->energy[t] +=
					step[i] * (t - t_of[i - 1]) / (t_of[i] - t_of[i - 1]);
		}
	}
}

/* Records of few times and few values, so that equal times, glitches, resets and rollovers are
 * frequent. After each update the series equals the model, and `changed` covers every change. */
static void in_any_order_a_series_follows_from_its_set_of_records(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) * 1000 : 20000;

	(void)state;
	seed_start(__func__);
	for (int iteration = 0; iteration < iterations; iteration++) {
		uint64_t seed = seed_state;
		struct model model = {.change = seed_below(2) ? TIMES : seed_below(TIMES),
				      .modulus = seed_below(3) ? 0 : 20 + seed_below(70)};
		int64_t before[TIMES] = {0};
		struct index_series series = {0};
		size_t count = (size_t)seed_below(RECORDS - 1) + 1;
		int64_t values = 1 + seed_below(12);
		bool changed = false;

		series_set_weight(&series, (struct weight){.amount = 2 * WEIGHT_ONE,
							   .modulus = model.modulus});
		while (model.count < count) {
			int64_t *record = model.records[model.count++];

			record[0] = seed_below(TIMES);
			record[1] = seed_below(3) ? record[0] * 3 : seed_below(values) * 7;
			series_add(&series, record[0], record[1]);
			if (seed_below(12) == 0) {
				struct swap swap = {seed_below(TIMES), seed_below(70),
						    seed_below(30), ""};
				size_t i = 0;

				while (i < model.swap_count && model.swaps[i].t != swap.t)
					i++;
				model.swaps[i] = swap;
				model.swap_count += i == model.swap_count;
				series_add_swap(&series, swap);
			}
			if (seed_below(2) && model.count < count)
				continue;
			if (!changed && (seed_below(5) == 0 || model.count == count)) {
				changed = true;
				series_set_weight(&series,
						  (struct weight){.from = model.change,
								  .amount = 3 * WEIGHT_ONE,
								  .modulus = model.modulus});
			}
			series_update(&series);
			if (!changed)
				model.change += 2 * TIMES;
			model_run(&model);
			if (!changed)
				model.change -= 2 * TIMES;
			if (series.resets != model.resets || series.glitches != model.glitches ||
			    series.rollovers != model.rollovers)
				fail_msg("SEED=%llu: events", (unsigned long long)seed);
			for (int t = 0; t + 1 < TIMES; t++) {
				int64_t step = model.energy[t + 1] - model.energy[t];

				if (between(&series, t, t + 1) != step)
					fail_msg("SEED=%llu: energy at %d: %lld, not %lld",
						 (unsigned long long)seed, t,
						 (long long)between(&series, t, t + 1),
						 (long long)step);
				if (step != before[t + 1] - before[t] &&
				    !time_ranges_touch(&series.changed, t, t + 1))
					fail_msg("SEED=%llu: changed at %d, not reported",
						 (unsigned long long)seed, t);
			}
			memcpy(before, model.energy, sizeof(before));
		}
		series_free(&series);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order_a_series_follows_from_its_set_of_records),
	};

	return cmocka_run_group_tests_name("series_model", tests, NULL, NULL);
}
