#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/tariff/tariff_difference.h"
#include "aggregator/tariff/tariff_text.h"
#include "tests/unit/aggregator/random_tariff.h"
#include "tests/unit/common/seed.h"

static struct owned_tariff owned;

static void the_text_gives_back_what_was_written(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 300; i++) {
		struct tariff_settings parsed;
		char *text, *again;

		random_tariff(&owned);
		text = tariff_text(&owned.settings);
		assert_true(tariff_text_parse(&parsed, text));
		assert_int_equal(tariff_differs_from(&owned.settings, &parsed), FOREVER);
		again = tariff_text(&parsed);
		assert_string_equal(again, text);
		tariff_settings_free(&parsed);
		free(again);
		free(text);
	}
}

static void the_text_is_the_one_that_books_hold(void **state)
{
	struct calendar calendars[] = {
		{.from = NEVER,
		 .off_peak = {{22 * 60, 6 * 60}},
		 .off_peak_count = 1,
		 .peak = {{8 * 60, 10 * 60}, {18 * 60, 20 * 60}},
		 .peak_count = 2},
		{.from = INT64_C(1383260400000), .off_peak = {{23 * 60, 0}}, .off_peak_count = 1},
	};
	struct prices prices = {
		.from = NEVER,
		.of = {0, 18152888, 9222356, 5826912, 5081804, -3168204},
	};
	struct tariff_settings settings = {
		.zone = {.name = "Europe/Paris",
			 .count = 2,
			 .offsets = {{.from = NEVER, .offset_s = 3600}, {5000, -7200}}},
		.calendars = calendars,
		.calendar_count = 2,
		.prices = &prices,
		.prices_count = 1,
	};
	char *text = tariff_text(&settings);

	(void)state;
	assert_string_equal(
		text, "tariff 1 1\n"
		      "offset -9223372036854775808 3600\n"
		      "offset 5000 -7200\n"
		      "calendar -9223372036854775808 off_peak 1320-360 peak 480-600 1080-1200\n"
		      "calendar 1383260400000 off_peak 1380-0 peak\n"
		      "prices -9223372036854775808 18152888 9222356 5826912 5081804 -3168204\n");
	free(text);
}

static void another_text_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"a95b81eb99f2e92b",
		"tariff 2 1\noffset 0 0\ncalendar 0 off_peak peak\nprices 0 1 2 3 4 5\n",
		"tariff 1 9\noffset 0 0\ncalendar 0 off_peak peak\nprices 0 1 2 3 4 5\n",
		"tariff 1 1\ncalendar 0 off_peak peak\nprices 0 1 2 3 4 5\n",
		"tariff 1 1\noffset 0 0\nprices 0 1 2 3 4 5\n",
		"tariff 1 1\noffset 0 0\ncalendar 0 off_peak peak\n",
		"tariff 1 1\noffset 0 0\ncalendar 0 off_peak peak\nprices 0 1 2 3 4\n",
		"tariff 1 1\noffset 0 0\ncalendar 0 off_peak peak\nprices 0 1 2 3 4 5\nmore\n",
		"tariff 1 1\noffset 0 0\noffset 0 1\ncalendar 0 off_peak peak\nprices 0 1 2 3 4 "
		"5\n",
		"tariff 1 1\noffset 0 86400\ncalendar 0 off_peak peak\nprices 0 1 2 3 4 5\n",
		"tariff 1 1\noffset 0 0\ncalendar 0 off_peak 1-1441 peak\nprices 0 1 2 3 4 5\n",
		"tariff 1 1\noffset 0 0\ncalendar 0 off_peak 1 2 peak\nprices 0 1 2 3 4 5\n",
		"tariff 1 1\noffset 0 0\ncalendar 0 off_peak 0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1 "
		"peak\nprices 0 1 2 3 4 5\n",
	};
	struct tariff_settings settings;

	(void)state;
	assert_true(tariff_text_parse(&settings,
				      "tariff 1 1\noffset 0 0\ncalendar 0 off_peak peak\n"
				      "prices 0 1 2 3 4 5\n"));
	tariff_settings_free(&settings);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (tariff_text_parse(&settings, wrong[i]))
			fail_msg("was accepted: %s", wrong[i]);
}

static void no_damaged_text_does_harm(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 2000; i++) {
		struct tariff_settings parsed;
		char *text;

		random_tariff(&owned);
		text = tariff_text(&owned.settings);
		seed_mangle(text, strlen(text));
		if (tariff_text_parse(&parsed, text)) {
			tariff_differs_from(&owned.settings, &parsed);
			tariff_settings_free(&parsed);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_gives_back_what_was_written),
		cmocka_unit_test(the_text_is_the_one_that_books_hold),
		cmocka_unit_test(another_text_is_refused),
		cmocka_unit_test(no_damaged_text_does_harm),
	};

	return cmocka_run_group_tests_name("tariff_text", tests, NULL, NULL);
}
