#include "aggregator/zone/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/array.h"

void ledger_free(struct ledger *ledger)
{
	free(ledger->days);
	*ledger = (struct ledger){0};
}

static void amount_add(struct amount *sum, struct amount more)
{
	sum->energy = add_limited(sum->energy, more.energy);
	sum->cost = money_add(sum->cost, more.cost);
}

static void amount_subtract(struct amount *sum, struct amount less)
{
	sum->energy = subtract_limited(sum->energy, less.energy);
	sum->cost = money_subtract(sum->cost, less.cost);
}

void ledger_invalidate(struct ledger *ledger, struct time_range range)
{
	for (size_t i = ledger->count; i-- > 0 && ledger->days[i].end > range.from;)
		if (ledger->days[i].start < range.to)
			ledger->days[i].valid = false;
}

size_t ledger_periods(struct period **periods, const struct balance *balance, struct tariff *tariff,
		      ms_t start, ms_t end)
{
	struct time_range domain = balance_domain(balance);
	size_t count = 0;
	size_t capacity = 0;

	*periods = NULL;
	if (domain.from > start)
		start = domain.from;
	if (domain.to < end)
		end = domain.to;
	while (start < end) {
		struct segment segment = tariff_at(tariff, start);
		struct period period = {.start = start, .end = segment.end, .band = segment.band};
		struct period *last = count ? &(*periods)[count - 1] : NULL;

		if (period.end > end)
			period.end = end;
		start = period.end;
		period.amount.energy = balance_between(balance, period.start, period.end).energy;
		period.amount.cost = money_of(period.amount.energy, segment.price);
		if (last && last->band == period.band) {
			last->end = period.end;
			amount_add(&last->amount, period.amount);
			continue;
		}
		*periods = array_grow(*periods, count, &capacity, sizeof(**periods));
		(*periods)[count++] = period;
	}
	return count;
}

static void ledger_compute(struct ledger_day *day, const struct balance *balance,
			   struct tariff *tariff)
{
	struct period *periods;
	size_t count = ledger_periods(&periods, balance, tariff, day->start, day->end);

	day->total = (struct amount){0};
	memset(day->bands, 0, sizeof(day->bands));
	for (size_t i = 0; i < count; i++) {
		amount_add(&day->total, periods[i].amount);
		amount_add(&day->bands[periods[i].band], periods[i].amount);
	}
	free(periods);
	day->valid = true;
}

static void ledger_append(struct ledger *ledger, const struct civil_zone *zone, ms_t t)
{
	ledger->days =
		array_grow(ledger->days, ledger->count, &ledger->capacity, sizeof(*ledger->days));
	ledger->days[ledger->count++] = (struct ledger_day){
		.start = civil_day_start(zone, t),
		.end = civil_day_end(zone, t),
	};
}

/* Extends the days to cover the balance's domain. */
static void ledger_extend(struct ledger *ledger, const struct balance *balance,
			  const struct civil_zone *zone)
{
	struct time_range domain = balance_domain(balance);

	if (time_range_empty(domain))
		return;
	if (ledger->count && domain.from < ledger->days[0].start) {
		ms_t last = ledger->days[ledger->count - 1].start;

		/* There are records older than all before: start from the first day. */
		ledger_free(ledger);
		domain.to = domain.to > last ? domain.to : last;
	}
	if (!ledger->count)
		ledger_append(ledger, zone, domain.from);
	while (ledger->days[ledger->count - 1].end <= domain.to)
		ledger_append(ledger, zone, ledger->days[ledger->count - 1].end);
}

void ledger_update(struct ledger *ledger, const struct balance *balance, struct tariff *tariff)
{
	ledger_extend(ledger, balance, &tariff->settings->zone);
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_day *day = &ledger->days[i];

		if (day->valid)
			continue;
		amount_subtract(&ledger->total, day->total);
		ledger_compute(day, balance, tariff);
		amount_add(&ledger->total, day->total);
	}
}

const struct ledger_day *ledger_day(const struct ledger *ledger, ms_t t)
{
	for (size_t i = ledger->count; i-- > 0;)
		if (ledger->days[i].start <= t)
			return t < ledger->days[i].end ? &ledger->days[i] : NULL;
	return NULL;
}
