#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/tariff/fingerprint.h"

static struct calendar calendars[] = {
	{.off_peak = {{22 * 60, 6 * 60}},
	 .off_peak_count = 1,
	 .peak = {{480, 600}},
	 .peak_count = 1},
	{.from = 1000, .off_peak = {{23 * 60, 7 * 60}}, .off_peak_count = 1},
};

static struct prices prices[] = {
	{.of = {0, 18152888, 9222356, 5826912, 5081804, 3168204}},
	{.from = 1000, .of = {0, 19152888, 9222356, 5826912, 5081804, 3168204}},
};

static struct subscribed subscribed[] = {{.watts = {0, 1, 2, 3, 4, 5}}};

static struct tariff_settings settings(void)
{
	return (struct tariff_settings){
		.zone = {.name = "Europe/Paris",
			 .count = 2,
			 .offsets = {{.from = 0, .offset_s = 3600}, {.from = 5, .offset_s = 7200}}},
		.calendars = calendars,
		.calendar_count = 2,
		.prices = prices,
		.prices_count = 2,
	};
}

static bool differs(const struct tariff_settings *a, const struct tariff_settings *b)
{
	char of_a[FINGERPRINT_SIZE], of_b[FINGERPRINT_SIZE];

	fingerprint_of(of_a, a);
	fingerprint_of(of_b, b);
	assert_int_equal(strlen(of_a), FINGERPRINT_SIZE - 1);
	return strcmp(of_a, of_b) != 0;
}

static void the_same_settings_have_the_same_fingerprint(void **state)
{
	struct tariff_settings a = settings(), b = settings();

	(void)state;
	assert_false(differs(&a, &b));
}

static void a_fingerprint_changes_with_everything_that_costs_depend_on(void **state)
{
	struct tariff_settings before = settings(), after = settings();
	int64_t price = prices[1].of[BAND_HCE];
	int to = calendars[0].peak[0].to;

	(void)state;
	after.zone.offsets[1].offset_s = 3600;
	assert_true(differs(&before, &after));
	after = settings();
	after.zone.count = 1;
	assert_true(differs(&before, &after));
	after = settings();
	after.calendar_count = 1;
	assert_true(differs(&before, &after));
	after = settings();
	after.prices_count = 1;
	assert_true(differs(&before, &after));

	struct prices dearer[2] = {prices[0], prices[1]};
	struct calendar longer[2] = {calendars[0], calendars[1]};

	after = settings();
	after.prices = dearer;
	assert_false(differs(&before, &after));
	dearer[1].of[BAND_HCE] = price + 1;
	assert_true(differs(&before, &after));
	after = settings();
	after.calendars = longer;
	longer[0].peak[0].to = to + 1;
	assert_true(differs(&before, &after));
	longer[0].peak[0].to = to;
	longer[1].from++;
	assert_true(differs(&before, &after));
}

static void a_fingerprint_does_not_change_with_anything_else(void **state)
{
	struct tariff_settings before = settings(), after = settings();

	(void)state;
	after.subscribed = subscribed;
	after.subscribed_count = 1;
	strcpy(after.zone.name, "CET");
	assert_false(differs(&before, &after));
}

static void its_value_is_the_one_that_books_hold(void **state)
{
	struct tariff_settings a = settings();
	char text[FINGERPRINT_SIZE];

	(void)state;
	fingerprint_of(text, &a);
	assert_string_equal(text, "a95b81eb99f2e92b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_settings_have_the_same_fingerprint),
		cmocka_unit_test(a_fingerprint_changes_with_everything_that_costs_depend_on),
		cmocka_unit_test(a_fingerprint_does_not_change_with_anything_else),
		cmocka_unit_test(its_value_is_the_one_that_books_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
