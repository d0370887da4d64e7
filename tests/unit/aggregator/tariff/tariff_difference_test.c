#include "tests/unit/aggregator/site_fixture.h"

#include "aggregator/config/timezone.h"
#include "aggregator/tariff/tariff_difference.h"
#include "tests/unit/aggregator/random_tariff.h"
#include "tests/unit/common/seed.h"

static struct civil_zone paris;

static ms_t moment(const char *local)
{
	ms_t t = -1;

	assert_true(civil_parse(&t, &paris, local));
	return t;
}

/* Two calendars, the second from 2013-11-01, and two prices, the second from 2013-08-01. */
static void example(struct owned_tariff *owned)
{
	*owned = (struct owned_tariff){
		.calendars = {fixture_calendars[0], fixture_calendars[0]},
		.prices = {fixture_prices[0], fixture_prices[0]},
		.settings = {.zone = paris, .calendar_count = 2, .prices_count = 2},
	};
	owned->calendars[1].from = moment("2013-11-01");
	owned->calendars[1].off_peak[0].from = 23 * 60;
	owned->prices[1].from = moment("2013-08-01");
	owned->prices[1].of[BAND_P]++;
	owned_tariff_set(owned, owned);
}

static struct owned_tariff old, new;

static int setup(void **state)
{
	struct fail fail = {0};

	(void)state;
	if (!timezone_load(&paris, "Europe/Paris", &fail))
		fail_msg("%s", fail.text);
	example(&old);
	example(&new);
	return 0;
}

/* The same in both directions. */
static ms_t differs_from(void)
{
	ms_t t = tariff_differs_from(&old.settings, &new.settings);

	assert_int_equal(tariff_differs_from(&new.settings, &old.settings), t);
	return t;
}

static void settings_do_not_differ_from_themselves(void **state)
{
	(void)state;
	assert_int_equal(differs_from(), FOREVER);
}

static void a_changed_price_counts_from_its_date(void **state)
{
	(void)state;
	new.prices[1].of[BAND_HCE]++;
	assert_int_equal(differs_from(), moment("2013-08-01"));
	new.prices[0].of[BAND_HCE]++;
	assert_int_equal(differs_from(), NEVER);
}

static void an_added_price_counts_from_its_date(void **state)
{
	(void)state;
	new.prices[2] = new.prices[1];
	new.prices[2].from = moment("2014-01-01T06:00");
	new.prices[2].of[BAND_HPH] = 1;
	new.settings.prices_count = 3;
	assert_int_equal(differs_from(), moment("2014-01-01T06:00"));
}

static void a_moved_date_counts_from_the_earlier_one(void **state)
{
	(void)state;
	new.prices[1].from = moment("2013-07-15");
	assert_int_equal(differs_from(), moment("2013-07-15"));
	new.prices[1].from = moment("2013-08-15");
	assert_int_equal(differs_from(), moment("2013-08-01"));
}

static void the_date_of_the_first_entry_does_not_matter(void **state)
{
	(void)state;
	new.prices[0].from = moment("2010-01-01");
	new.calendars[0].from = NEVER;
	assert_int_equal(differs_from(), FOREVER);
}

static void an_entry_equal_to_the_one_in_force_changes_nothing(void **state)
{
	(void)state;
	new.prices[2] = new.prices[1];
	new.prices[2].from = moment("2014-01-01");
	new.settings.prices_count = 3;
	new.calendars[2] = new.calendars[1];
	new.calendars[2].from = moment("2014-01-01");
	new.settings.calendar_count = 3;
	assert_int_equal(differs_from(), FOREVER);
	/* … also if others follow, */
	old.prices[2] = old.prices[1];
	old.prices[2].from = moment("2015-01-01");
	old.settings.prices_count = 3;
	old.prices[2].of[BAND_P] = 7;
	new.prices[3] = old.prices[2];
	new.settings.prices_count = 4;
	assert_int_equal(differs_from(), FOREVER);
	/* … and these are what differs. */
	new.prices[3].of[BAND_P] = 8;
	assert_int_equal(differs_from(), moment("2015-01-01"));
}

static void an_added_calendar_counts_from_its_date(void **state)
{
	(void)state;
	new.calendars[2] = new.calendars[0];
	new.calendars[2].from = moment("2014-11-01");
	new.settings.calendar_count = 3;
	assert_int_equal(differs_from(), moment("2014-11-01"));
}

static void the_same_hours_in_other_pieces_are_the_same(void **state)
{
	(void)state;
	new.calendars[0].off_peak[0] = (struct hours){0, 6 * 60};
	new.calendars[0].off_peak[1] = (struct hours){22 * 60, 24 * 60};
	new.calendars[0].off_peak_count = 2;
	assert_int_equal(differs_from(), FOREVER);
	new.calendars[0].off_peak[1].to--;
	assert_int_equal(differs_from(), NEVER);
}

static void the_earliest_of_all_differences_counts(void **state)
{
	(void)state;
	new.calendars[1].peak_count = 0;
	assert_int_equal(differs_from(), moment("2013-11-01"));
	new.prices[1].of[BAND_P]++;
	assert_int_equal(differs_from(), moment("2013-08-01"));
}

static void a_changed_offset_counts_from_the_start_of_its_day(void **state)
{
	struct civil_zone *zone = &new.settings.zone;

	(void)state;
	for (size_t i = 1; i < zone->count; i++)
		if (zone->offsets[i].from > moment("2013-10-01")) {
			zone->count = i; /* summer time for ever */
			break;
		}
	assert_int_equal(differs_from(), moment("2013-10-27"));
	zone->count = 1;
	zone->offsets[0].offset_s = 0;
	assert_int_equal(differs_from(), NEVER);
}

static void subscribed_power_takes_no_part(void **state)
{
	struct subscribed subscribed = {.watts = {0, 1, 2, 3, 4, 5}};

	(void)state;
	new.settings.subscribed = &subscribed;
	new.settings.subscribed_count = 1;
	assert_int_equal(differs_from(), FOREVER);
}

/* ---- any settings ---- */

/* One small edit, or none. Dates stay in order. */
static void random_edit(struct owned_tariff *owned)
{
	size_t i = (size_t)seed_below(ENTRIES_MAX);
	struct civil_zone *zone = &owned->settings.zone;
	size_t last = zone->count - 1;

	switch (seed_below(8)) {
	case 0: owned->prices[i].of[1 + seed_below(5)] += seed_below(2); break;
	case 1: random_hours(&owned->calendars[i]); break;
	case 2: owned->settings.prices_count = 1 + i; break;
	case 3: owned->settings.calendar_count = 1 + i; break;
	case 4: owned->prices[i].from += seed_below(3) - 1; break;
	case 5: zone->count = 1 + (size_t)seed_below((int64_t)zone->count); break;
	case 6: zone->offsets[last].offset_s = (int32_t)(seed_below(47) - 23) * 1800; break;
	default: zone->offsets[last].from += (seed_below(3) - 1) * MS_PER_HOUR;
	}
}

static bool same_at(ms_t t)
{
	const struct tariff_settings *a = &old.settings, *b = &new.settings;
	enum band band;
	ms_t until;

	band = tariff_calendar_band(a, t, &until);
	return tariff_calendar_band(b, t, &until) == band &&
	       memcmp(tariff_prices(a, t)->of, tariff_prices(b, t)->of,
		      sizeof(tariff_prices(a, t)->of)) == 0 &&
	       civil_day_start(&a->zone, t) == civil_day_start(&b->zone, t) &&
	       civil_day_end(&a->zone, t) == civil_day_end(&b->zone, t);
}

static void before_the_date_everything_is_the_same(void **state)
{
	int found = 0, equal = 0;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 3000; i++) {
		unsigned long long seed = seed_state;
		ms_t from;

		random_tariff(&old);
		owned_tariff_set(&new, &old);
		for (int64_t edits = seed_below(4); edits > 0; edits--)
			random_edit(&new);
		from = differs_from();
		equal += from == FOREVER;
		for (int j = 0; j < 100; j++) {
			ms_t latest = from == FOREVER ? DATES_FROM + 2 * DATES_MS : from;
			ms_t t = latest - 1 - seed_any_size(DATES_MS);

			if (from == NEVER)
				t = random_date();
			if (t < from && !same_at(t))
				fail_msg("SEED=%llu: %lld, from %lld", seed, (long long)t,
					 (long long)from);
			found += t >= from && !same_at(t);
		}
	}
	/* The settings must differ often enough for this to show something. */
	assert_true(found > 1000 && equal > 100);
}

#define difference_test(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		difference_test(settings_do_not_differ_from_themselves),
		difference_test(a_changed_price_counts_from_its_date),
		difference_test(an_added_price_counts_from_its_date),
		difference_test(a_moved_date_counts_from_the_earlier_one),
		difference_test(the_date_of_the_first_entry_does_not_matter),
		difference_test(an_entry_equal_to_the_one_in_force_changes_nothing),
		difference_test(an_added_calendar_counts_from_its_date),
		difference_test(the_same_hours_in_other_pieces_are_the_same),
		difference_test(the_earliest_of_all_differences_counts),
		difference_test(a_changed_offset_counts_from_the_start_of_its_day),
		difference_test(subscribed_power_takes_no_part),
		difference_test(before_the_date_everything_is_the_same),
	};

	return cmocka_run_group_tests_name("tariff_difference", tests, NULL, NULL);
}
