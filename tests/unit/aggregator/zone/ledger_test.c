#include "tests/unit/aggregator/site_fixture.h"

#include "aggregator/config/timezone.h"
#include "aggregator/zone/ledger.h"
#include "tests/unit/common/seed.h"

static struct civil_zone paris;
static struct prices prices[2];
static struct tariff_settings settings;
static struct tariff tariff;
static struct index_series series;
static struct balance balance;
static struct ledger ledger;

static ms_t moment(const char *local)
{
	ms_t t = -1;

	assert_true(civil_parse(&t, &paris, local));
	return t;
}

static int setup(void **state)
{
	struct fail fail = {0};

	(void)state;
	if (!timezone_load(&paris, "Europe/Paris", &fail))
		fail_msg("%s", fail.text);
	prices[0] = fixture_prices[0];
	settings = (struct tariff_settings){.zone = paris,
					    .calendars = fixture_calendars,
					    .calendar_count = 1,
					    .prices = prices,
					    .prices_count = 1};
	tariff_open(&tariff, &settings);
	series_set_weight(&series, (struct weight){.amount = WEIGHT_ONE});
	balance_add(&balance, (struct term){&series, NEVER, FOREVER, 1});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tariff_close(&tariff);
	series_free(&series);
	balance_free(&balance);
	ledger_free(&ledger);
	return 0;
}

static void update(void)
{
	series_update(&series);
	for (size_t i = 0; i < series.changed.count; i++)
		ledger_invalidate(&ledger, series.changed.items[i]);
	ledger_update(&ledger, &balance, &tariff);
}

static void days_reach_from_the_first_record_to_the_last(void **state)
{
	(void)state;
	update();
	assert_null(ledger_day(&ledger, moment("2013-01-15")));
	series_add(&series, moment("2013-01-15T12:00"), 0);
	series_add(&series, moment("2013-01-17T12:00"), 48 * MWH_PER_KWH);
	update();
	assert_int_equal(ledger.count, 3);
	assert_null(ledger_day(&ledger, moment("2013-01-15") - 1));
	assert_int_equal(ledger_day(&ledger, moment("2013-01-15"))->total.energy, 12 * MWH_PER_KWH);
	assert_int_equal(ledger_day(&ledger, moment("2013-01-16T23:59"))->total.energy,
			 24 * MWH_PER_KWH);
	assert_null(ledger_day(&ledger, moment("2013-01-18")));
	assert_int_equal(ledger.total.energy, 48 * MWH_PER_KWH);
	/* older records that come late */
	series_add(&series, moment("2013-01-10T12:00"), 0);
	update();
	assert_int_equal(ledger.count, 8);
	assert_int_equal(ledger.total.energy, 48 * MWH_PER_KWH);
	assert_int_equal(ledger_day(&ledger, moment("2013-01-16"))->start, moment("2013-01-16"));
}

static void periods_begin_and_end_with_the_records(void **state)
{
	struct period *periods;
	size_t count;

	(void)state;
	series_add(&series, moment("2013-01-15T07:30"), 0);
	series_add(&series, moment("2013-01-15T11:30"), 4 * MWH_PER_KWH);
	update();
	count = ledger_periods(&periods, &balance, &tariff, moment("2013-01-15"),
			       moment("2013-01-16"));
	assert_int_equal(count, 3);
	assert_int_equal(periods[0].start, moment("2013-01-15T07:30"));
	assert_int_equal(periods[0].amount.energy, MWH_PER_KWH / 2);
	assert_int_equal(periods[1].band, BAND_P);
	assert_int_equal(periods[2].end, moment("2013-01-15T11:30"));
	free(periods);
}

static void a_price_that_changes_within_a_band_prices_each_side_of_it(void **state)
{
	struct period *periods;
	const struct ledger_day *day;
	size_t count;

	(void)state;
	prices[1] = prices[0];
	prices[1].from = moment("2013-01-15T13:00");
	prices[1].of[BAND_HPH] = 10000000;
	settings.prices_count = 2;
	series_add(&series, moment("2013-01-15T12:00"), 0);
	series_add(&series, moment("2013-01-15T14:00"), 2 * MWH_PER_KWH);
	update();
	day = ledger_day(&ledger, moment("2013-01-15"));
	assert_int_equal(day->total.cost.units, 9222356 + 10000000);
	assert_int_equal(day->bands[BAND_HPH].cost.units, 9222356 + 10000000);
	count = ledger_periods(&periods, &balance, &tariff, day->start, day->end);
	assert_int_equal(count, 1);
	assert_int_equal(periods[0].amount.cost.units, 9222356 + 10000000);
	free(periods);
}

static void a_band_that_changes_between_two_records_splits_the_energy_there(void **state)
{
	const struct ledger_day *day;

	(void)state;
	/* 22:00 lies at two thirds of 20:00 to 23:00 */
	series_add(&series, moment("2013-01-15T20:00"), 0);
	series_add(&series, moment("2013-01-15T23:00"), 1000);
	update();
	day = ledger_day(&ledger, moment("2013-01-15"));
	assert_int_equal(day->bands[BAND_HPH].energy, 666);
	assert_int_equal(day->bands[BAND_HCH].energy, 334);
	assert_int_equal(day->total.energy, 1000);
}

static void days_computed_bit_by_bit_are_those_computed_at_once(void **state)
{
	ms_t from = moment("2013-03-29");

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 200; i++) {
		uint64_t seed = seed_state;
		struct ledger fresh = {0};
		struct money sum = {0};
		mwh_t energy = 0;

		teardown(NULL);
		setup(NULL);
		for (int j = 0; j < 60; j++) {
			ms_t t = from + seed_below(4 * 24 * 60) * MS_PER_MINUTE;

			series_add(&series, t,
				   seed_below(10) ? (t - from) / 100 : seed_below(3000000));
			if (seed_below(6) == 0) {
				struct contact_state contact = {t, (enum tristate)seed_below(2), NO,
								true, j};
				struct time_range bands;

				contacts_add(&tariff.contacts, &contact);
				bands = tariff_update(&tariff);
				if (!time_range_empty(bands))
					ledger_invalidate(&ledger, bands);
			}
			if (seed_below(2))
				update();
		}
		update();
		ledger_update(&fresh, &balance, &tariff);
		if (fresh.count != ledger.count || fresh.total.energy != ledger.total.energy ||
		    !money_equal(fresh.total.cost, ledger.total.cost))
			fail_msg("SEED=%llu: total", (unsigned long long)seed);
		for (size_t j = 0; j < fresh.count; j++) {
			const struct ledger_day *a = &fresh.days[j], *b = &ledger.days[j];

			if (a->start != b->start || a->total.energy != b->total.energy ||
			    !money_equal(a->total.cost, b->total.cost))
				fail_msg("SEED=%llu: day %zu", (unsigned long long)seed, j);
			sum = money_add(sum, a->total.cost);
			energy += a->total.energy;
		}
		assert_int_equal(energy, series_total(&series));
		assert_true(money_equal(sum, ledger.total.cost));
		ledger_free(&fresh);
	}
}

#define ledger_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ledger_test(days_reach_from_the_first_record_to_the_last),
		ledger_test(periods_begin_and_end_with_the_records),
		ledger_test(a_price_that_changes_within_a_band_prices_each_side_of_it),
		ledger_test(a_band_that_changes_between_two_records_splits_the_energy_there),
		ledger_test(days_computed_bit_by_bit_are_those_computed_at_once),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
