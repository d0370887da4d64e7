/* The books are a function of the set of records: whatever their order, delay and repetition, every
 * topic ends up the same; and it says what a slow model says that was written from the contract
 * alone. SEED=… repeats a run, ITERATIONS=… makes it longer. */
#include "tests/unit/aggregator/random_site.h"
#include "tests/unit/common/seed.h"

#include <math.h>

/* The messages that decide most when they come last: the first and the newest record of each
 * source, and some changes of contacts. */
static void choose_last(bool last[MESSAGES_MAX])
{
	for (int i = 0; i < random_site.message_count; i++)
		last[i] = false;
	for (int source = 0; source < SOURCES; source++) {
		int first = -1, newest = -1;

		for (int i = 0; i < random_site.fact_count; i++) {
			if (random_site.facts[i].source != source)
				continue;
			if (first < 0 || random_site.facts[i].t < random_site.facts[first].t)
				first = i;
			if (newest < 0 || random_site.facts[i].t > random_site.facts[newest].t)
				newest = i;
		}
		last[SOURCES + (seed_below(2) ? first : newest)] = true;
	}
	for (int i = 0; i < random_site.fact_count; i++)
		if (random_site.facts[i].change && seed_below(6) == 0)
			last[SOURCES + i] = true;
}

/* Up to three times each, in any order, with looks between. */
static void deliver_in_disorder(struct fixture *fixture)
{
	static bool last[MESSAGES_MAX];
	int count = (1 + (int)seed_below(3)) * random_site.message_count;
	int *order = calloc((size_t)count, sizeof(*order));

	fixture->now = random_site.to + 60000;
	for (int i = 0; i < count; i++) {
		int other = (int)seed_below(i + 1);

		order[i] = order[other];
		order[other] = i % random_site.message_count;
	}
	choose_last(last);
	for (int i = 0; i < count; i++) {
		if (last[order[i]])
			continue;
		deliver(fixture, &random_site.messages[order[i]]);
		if (seed_below(400) == 0)
			publish_soon(fixture);
	}
	for (int i = 0; i < count; i++) {
		if (!last[order[i]])
			continue;
		deliver(fixture, &random_site.messages[order[i]]);
		publish_soon(fixture);
	}
	publish_soon(fixture);
	free(order);
}

/* ---- the slow model ---- */

static int fact_compare(const void *a, const void *b)
{
	const struct random_fact *p = a, *q = b;

	if (p->t != q->t)
		return p->t < q->t ? -1 : 1;
	return (p->count > q->count) - (p->count < q->count);
}

/* The records of a source that count, ascending; `reset` marks new baselines. */
struct model_point {
	ms_t t;
	int64_t index; /* mWh */
	bool reset;
};

static struct model {
	int count[SOURCES];
	struct model_point points[SOURCES][MESSAGES_MAX];
	int signal_count;
	ms_t signals[2000];
	const struct civil_zone *zone;
} model;

/* Excursions, as the contract has them; no record has a limit below that of 100 MW. */
static bool model_within(const struct model_point *p, const struct model_point *r)
{
	return (__int128)(r->index - p->index) * 3600 <=
	       (__int128)100000000 * (r->t - p->t + 60000);
}

enum { COUNTED, LEFT_OUT, BASELINE };

static int model_rise(const struct model_point *all, int count, const struct model_point *p, int i)
{
	if (model_within(p, &all[i]))
		return COUNTED;
	for (int j = i + 1; j < count && all[j].t <= all[i].t + MS_PER_HOUR; j++)
		if (all[j].index >= p->index && all[j].index < all[i].index)
			return LEFT_OUT;
	return BASELINE;
}

static bool model_recovers(const struct model_point *all, int count, int64_t index, int i)
{
	int j = i;

	while (j + 1 < count && all[j + 1].index < index)
		j++;
	return j + 1 < count && all[j].t <= all[i].t + MS_PER_HOUR;
}

static void model_walk(const struct model_point *all, int count, int *verdicts)
{
	int p = -1;

	for (int i = 0; i < count; i++) {
		int q = p;

		if (p < 0) {
			verdicts[i] = COUNTED;
		} else if (all[i].index >= all[p].index) {
			verdicts[i] = model_rise(all, count, &all[p], i);
		} else if (model_recovers(all, count, all[p].index, i)) {
			verdicts[i] = LEFT_OUT;
		} else {
			while (q >= 0 &&
			       (verdicts[q] == LEFT_OUT || (all[q].index > all[i].index &&
							    all[q].t >= all[i].t - MS_PER_HOUR)))
				q--;
			verdicts[i] = BASELINE;
			if (q >= 0 && all[q].index <= all[i].index) {
				for (int k = q + 1; k < i; k++)
					verdicts[k] = LEFT_OUT;
				verdicts[i] = model_rise(all, count, &all[q], i);
			}
		}
		for (p = i; verdicts[p] == LEFT_OUT; p--)
			;
	}
}

static void model_source(int source)
{
	static struct random_fact mine[MESSAGES_MAX];
	static struct model_point all[MESSAGES_MAX];
	static int verdicts[MESSAGES_MAX];
	int count = 0, unique = 0, count_left = 0;

	for (int i = 0; i < random_site.fact_count; i++)
		if (random_site.facts[i].source == source)
			mine[count++] = random_site.facts[i];
	qsort(mine, (size_t)count, sizeof(mine[0]), fact_compare);
	for (int i = 0; i < count; i++) {
		if (unique && mine[unique - 1].t == mine[i].t)
			unique--;
		mine[unique++] = mine[i];
	}
	for (int i = 0; i < unique; i++)
		all[i] = (struct model_point){
			.t = mine[i].t,
			.index = mine[i].count * (source ? 1 : 80000),
		};
	model_walk(all, unique, verdicts);
	for (int i = 0; i < unique; i++) {
		if (verdicts[i] == LEFT_OUT)
			continue;
		all[i].reset = verdicts[i] == BASELINE;
		model.points[source][count_left++] = all[i];
	}
	model.count[source] = count_left;
}

/* Energy of a source up to `t`. */
static int64_t model_energy(int source, ms_t t)
{
	int64_t energy = 0;

	for (int i = 1; i < model.count[source]; i++) {
		const struct model_point *a = &model.points[source][i - 1];
		const struct model_point *b = &model.points[source][i];

		if (b->reset || t <= a->t)
			continue;
		if (t >= b->t)
			energy += b->index - a->index;
		else
			energy += (int64_t)((__int128)(b->index - a->index) * (t - a->t) /
					    (b->t - a->t));
	}
	return energy;
}

static int64_t zone_energy(const char *zone, ms_t from, ms_t to)
{
	int64_t energy = 0;

	for (int source = 0; source < SOURCES; source++)
		if (strcmp(random_site_zones[source], zone) == 0)
			energy += model_energy(source, to) - model_energy(source, from);
	return energy;
}

static int model_band(ms_t t)
{
	const struct random_fact *state = NULL;
	struct civil local = civil_at(model.zone, t);
	int hour = local.hour;
	bool winter = local.month <= 3 || local.month >= 11;
	bool peaks = local.month <= 2 || local.month == 12;
	bool sunday = local.weekday == 0;
	bool low = sunday || hour >= 22 || hour < 6;
	int calendar = !sunday && peaks && ((hour >= 8 && hour < 10) || (hour >= 18 && hour < 20))
			       ? 1
			       : (winter ? 2 : 4) + low;

	for (int i = 0; i < random_site.fact_count; i++) {
		const struct random_fact *f = &random_site.facts[i];

		if (f->source != 0 || f->t > t || (f->off_peak == 2 && f->peak == 2))
			continue;
		if (!state || f->t > state->t ||
		    (f->t == state->t && (f->change > state->change ||
					  (f->change == state->change && f->seq > state->seq))))
			state = f;
	}
	if (!state || t - state->t >= 15 * 60000)
		return calendar;
	if (state->peak == 1 && (state->off_peak == 1 || !peaks))
		return calendar;
	if (state->peak == 1)
		return 1;
	if (state->off_peak == 1)
		return winter ? 3 : 5;
	if (state->off_peak == 2)
		return calendar == 1 ? (winter ? 2 : 4) : calendar;
	if (state->peak == 2 && calendar == 1)
		return 1;
	return winter ? 2 : 4;
}

static int moment_compare(const void *a, const void *b)
{
	const ms_t *p = a, *q = b;

	return (*p > *q) - (*p < *q);
}

/* Every moment at which the band may change. */
static int model_breaks(ms_t *breaks, ms_t from, ms_t to)
{
	int count = 0;

	breaks[count++] = from;
	breaks[count++] = to;
	for (ms_t t = from - from % MS_PER_HOUR + MS_PER_HOUR; t < to; t += MS_PER_HOUR)
		breaks[count++] = t;
	if (random_site_prices[1].from > from && random_site_prices[1].from < to)
		breaks[count++] = random_site_prices[1].from;
	for (int i = 0; i < random_site.fact_count; i++) {
		for (int k = 0; k < 2; k++) {
			ms_t t = random_site.facts[i].t + k * 15 * 60000;

			if (random_site.facts[i].source == 0 && t > from && t < to)
				breaks[count++] = t;
		}
	}
	qsort(breaks, (size_t)count, sizeof(*breaks), moment_compare);
	return count;
}

/* Cost in 1e-14 of the currency. */
static __int128 model_cost(const char *zone, ms_t from, ms_t to)
{
	static ms_t breaks[3 * MESSAGES_MAX];
	int count = model_breaks(breaks, from, to);
	__int128 cost = 0;

	for (int i = 1; i < count; i++)
		if (breaks[i] > breaks[i - 1])
			cost += (__int128)zone_energy(zone, breaks[i - 1], breaks[i]) *
				random_site_prices[breaks[i - 1] >= random_site_prices[1].from]
					.of[model_band(breaks[i - 1])];
	return cost;
}

static void expect_number(const char *text, double value, const char *what)
{
	char expected[40];

	snprintf(expected, sizeof(expected), "%.15g", value);
	if (strtod(text, NULL) != strtod(expected, NULL))
		fail_msg("%s: published %s, the model says %s", what, text, expected);
}

static double money_text(__int128 cost)
{
	return (double)(int64_t)((cost + 500000) / 1000000) / 1e8;
}

static void model_signals(void)
{
	static ms_t all[2000];
	int count = 0;

	for (int i = 0; i < random_site.fact_count; i++)
		if (random_site.facts[i].signal)
			all[count++] = random_site.facts[i].t;
	qsort(all, (size_t)count, sizeof(all[0]), moment_compare);
	model.signal_count = 0;
	for (int i = 0; i < count; i++)
		if (!model.signal_count || all[i] - model.signals[model.signal_count - 1] >= 570000)
			model.signals[model.signal_count++] = all[i];
}

/* Is [start, end) a window of the site? */
static bool model_window(ms_t start, ms_t end, bool *signal)
{
	*signal = false;
	for (int i = 1; i < model.signal_count; i++) {
		ms_t a = model.signals[i - 1], b = model.signals[i];
		int64_t k = (int64_t)floor((double)(b - a) / 600000 + 0.5);

		for (int64_t j = 0; j < k; j++) {
			if (a + (b - a) * j / k == start && a + (b - a) * (j + 1) / k == end) {
				*signal = k == 1;
				return true;
			}
		}
	}
	if (end <= model.signals[0])
		return end - start == 600000 && (model.signals[0] - end) % 600000 == 0;
	return start >= model.signals[model.signal_count - 1] && end - start == 600000 &&
	       (start - model.signals[model.signal_count - 1]) % 600000 == 0;
}

struct checked {
	int windows;
	ms_t end[SOURCES];
};

static ms_t iso(const char *text)
{
	struct civil local = {0};
	int hours, minutes, length = 0, ms = 0;
	char sign;
	ms_t days;

	sscanf(text, "\"%d-%d-%dT%d:%d:%d%n", &local.year, &local.month, &local.day, &local.hour,
	       &local.minute, &local.second, &length);
	if (text[length] == '.')
		ms = atoi(text + length + 1), length += 4;
	sscanf(text + length, "%c%d:%d", &sign, &hours, &minutes);
	days = civil_days(local.year, local.month, local.day);
	return days * MS_PER_DAY + local.hour * MS_PER_HOUR + local.minute * MS_PER_MINUTE +
	       local.second * 1000 + ms -
	       (sign == '-' ? -1 : 1) * (hours * MS_PER_HOUR + minutes * MS_PER_MINUTE);
}

static void check_window(struct fixture *fixture, const char *name, const char *text)
{
	struct checked *checked = fixture->context;
	char zone[40], own[80];
	ms_t start, end;
	bool signal;

	(void)text;
	if (sscanf(name, "zone/%39[^/]", zone) != 1 || !strstr(name, "/mean10") ||
	    strcmp(zone, "rest") == 0)
		return;
	snprintf(own, sizeof(own), "%s", name);
	start = iso(fixture_field(fixture, own, "start"));
	end = iso(fixture_field(fixture, own, "end"));
	if (!model_window(start, end, &signal))
		fail_msg("%s: no such window: %s", name, text);
	assert_field(fixture, own, "sync", signal ? "\"top\"" : "\"clock\"");
	expect_number(fixture_field(fixture, own, "energy_kwh"),
		      (double)zone_energy(zone, start, end) / 1e6, text);
	expect_number(fixture_field(fixture, own, "cost"), money_text(model_cost(zone, start, end)),
		      text);
	checked->windows++;
}

static void expect_model(struct fixture *fixture)
{
	static const char *const zones[] = {"global", "self", "nord"};
	ms_t start = civil_day_start(model.zone, fixture->now);
	ms_t end = civil_day_end(model.zone, fixture->now);
	ms_t last =
		random_site.to + 2 * MS_PER_HOUR; /* records may be a little ahead of our clock */

	for (int i = 0; i < 3; i++) {
		char name[60];

		snprintf(name, sizeof(name), "zone/%s/day", zones[i]);
		expect_number(fixture_field(fixture, name, "energy_kwh"),
			      (double)zone_energy(zones[i], start, end) / 1e6, name);
		expect_number(fixture_field(fixture, name, "cost"),
			      money_text(model_cost(zones[i], start, end)), name);
		snprintf(name, sizeof(name), "zone/%s/state", zones[i]);
		expect_number(fixture_field(fixture, name, "energy_kwh"),
			      (double)zone_energy(zones[i], 0, last) / 1e6, name);
		expect_number(
			fixture_field(fixture, name, "cost_total"),
			money_text(model_cost(zones[i], random_site.from - MS_PER_HOUR, last)),
			name);
	}
}

static void every_order_gives_the_same_topics_and_those_of_the_model(void **state)
{
	const char *given = getenv("ITERATIONS");
	int iterations = given ? atoi(given) : 12;
	int windows = 0;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < iterations; i++) {
		uint64_t seed = seed_state;
		struct fixture first = {0}, second = {0};
		struct checked checked = {0};

		fixture_open(&first);
		fixture_open(&second);
		random_site_make(&first.settings.tariff.zone);
		first.settings.tariff.prices = second.settings.tariff.prices = random_site_prices;
		first.settings.tariff.prices_count = second.settings.tariff.prices_count = 2;
		model.zone = &first.settings.tariff.zone;
		for (int source = 0; source < SOURCES; source++)
			model_source(source);
		model_signals();
		first.on_publish = check_window;
		first.context = &checked;
		printf("  SEED=%llu: %d records\n", (unsigned long long)seed,
		       random_site.fact_count);
		deliver_in_order(&first);
		deliver_in_disorder(&second);
		publish_books(&second);
		expect_same(&first, &second);
		expect_same(&second, &first);
		expect_model(&first);
		windows += checked.windows;
		fixture_close(&first);
		fixture_close(&second);
	}
	printf("  %d windows compared with the model\n", windows);
	assert_true(windows > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_gives_the_same_topics_and_those_of_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
