#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "aggregator/config/config.h"

static struct config config;
static char file[] = "/tmp/wattzone-config-XXXXXX";

static bool read_text(const char *text, struct fail *fail)
{
	FILE *stream = fopen(file, "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	return config_open(&config, file, fail);
}

static void assert_read(const char *text)
{
	struct fail fail = {0};

	if (!read_text(text, &fail))
		fail_msg("%s", fail.text);
}

/* The reason names the file; what follows it is `expected`. */
static void assert_wrong(const char *text, const char *expected)
{
	struct fail fail = {0};
	size_t length = strlen(file);

	if (read_text(text, &fail))
		fail_msg("taken: %s", text);
	assert_memory_equal(fail.text, file, length);
	if (!strstr(fail.text + length, expected))
		fail_msg("expected \"%s\" in: %s", expected, fail.text);
	assert_null(config.site.tariff.calendars);
}

#define ALL_PRICES	"\"P\":0.2,\"HPH\":0.1,\"HCH\":0.06,\"HPE\":0.05,\"HCE\":0.03"
#define TARIFF(text)	"{\"site\":\"lycee\",\"tariff\":{" text "}}"
#define CALENDARS(text) TARIFF("\"calendars\":[" text "]")
#define PRICES(text)	TARIFF("\"prices\":[" text "]")

static void a_site_id_is_enough(void **state)
{
	const struct site_settings *site = &config.site;

	(void)state;
	assert_read("{\"site\":\"lycee\"}");
	assert_string_equal(site->id, "lycee");
	assert_string_equal(site->base, "wattzone");
	assert_string_equal(site->currency, "EUR");
	assert_true(site->leaves);
	assert_int_equal(site->publish_ms, 500);
	assert_int_equal(site->limits.pulse, 150000);
	assert_int_equal(site->limits.other, 5000);
	assert_string_equal(site->tariff.zone.name, "Europe/Paris");
	assert_int_equal(site->tariff.prices[0].of[BAND_P], 18152888);
	assert_int_equal(site->tariff.prices[0].of[BAND_HCE], 3168204);
	assert_int_equal(site->tariff.calendar_count, 1);
	assert_int_equal(site->tariff.subscribed_count, 0);
	assert_int_equal(site->fact_days, 40);
	assert_string_equal(config.store_file, "/var/lib/wattzone/lycee/books.db");
	config_close(&config);
}

static void the_books_can_lie_elsewhere(void **state)
{
	(void)state;
	assert_read("{\"site\":\"lycee\",\"store\":{\"file\":\"/srv/books\",\"fact_days\":0}}");
	assert_string_equal(config.store_file, "/srv/books");
	assert_int_equal(config.site.fact_days, 0);
	config_close(&config);
	assert_wrong(
		"{\"site\":\"lycee\",\"store\":{\"fact_days\":-1}}",
		": store.fact_days: -1 is out of range, expected a whole number from 0 to 36500");
}

static void dated_settings_are_read_exactly(void **state)
{
	const struct tariff_settings *tariff = &config.site.tariff;
	ms_t summer;

	(void)state;
	assert_read(
		TARIFF("\"calendars\":[{\"off_peak\":[\"21:30-07:30\"],\"peak\":[]},"
		       "{\"from\":\"2013-07-01\",\"off_peak\":[\"00:00-05:00\",\"22:30-24:00\"],"
		       "\"peak\":[\"09:00-11:00\",\"18:00-20:00\"]}],"
		       "\"prices\":[{\"P\":0.18152888,\"HPH\":0.09222356,\"HCH\":0.05826912,"
		       "\"HPE\":0.05081804,\"HCE\":0.03168204},"
		       "{\"from\":\"2013-07-01T06:00\"," ALL_PRICES "}],"
		       "\"subscribed_w\":[{\"P\":480000,\"HPH\":480000,\"HCH\":500000,"
		       "\"HPE\":500000,\"HCE\":500000}]"));
	assert_int_equal(tariff->calendar_count, 2);
	assert_int_equal(tariff->calendars[0].off_peak[0].from, 21 * 60 + 30);
	assert_int_equal(tariff->calendars[0].off_peak[0].to, 7 * 60 + 30);
	assert_int_equal(tariff->calendars[0].peak_count, 0);
	assert_true(civil_parse(&summer, &tariff->zone, "2013-07-01"));
	assert_int_equal(tariff->calendars[1].from, summer);
	assert_int_equal(tariff->calendars[1].off_peak_count, 2);
	assert_int_equal(tariff->calendars[1].off_peak[1].to, 24 * 60);
	assert_int_equal(tariff->prices[0].of[BAND_HPH], 9222356);
	assert_int_equal(tariff->prices[1].from, summer + 6 * MS_PER_HOUR);
	assert_int_equal(tariff->prices[1].of[BAND_P], 20000000);
	assert_int_equal(tariff->subscribed[0].watts[BAND_HCH], 500000);
	config_close(&config);
}

static void a_misspelt_source_gets_its_right_name(void **state)
{
	(void)state;
	assert_wrong("{\"site\":\"lycee\",\"timezon\":\"UTC\"}", "timezone");
	assert_wrong(CALENDARS("{\"off_peek\":[],\"peak\":[]}"), "off_peak");
	assert_wrong(CALENDARS("{\"off_peek\":[],\"peak\":[]}"), "tariff.calendars[0]");
	assert_wrong("{\"sit\":\"lycee\"}", "site");
}

static void what_is_missing_or_wrong_is_named_with_its_path(void **state)
{
	(void)state;
	assert_wrong("{}", "site");
	assert_wrong("{\"site\":\"Lycée\"}", "site");
	assert_wrong("{\"site\":\"lycee\",\"currency\":\"euro\"}", "currency");
	assert_wrong("{\"site\":\"lycee\",\"timezone\":\"Europe/Pariss\"}", "timezone");
	assert_wrong("{\"site\":\"lycee\",\"publish_ms\":-1}", "publish_ms");
	assert_wrong("{\"site\":\"lycee\",\"stale_s\":{\"pac\":0}}", "stale_s.pac");
	assert_wrong("{\"site\":\"lycee\",\"leaves\":1}", "leaves");
	assert_wrong(PRICES(""), "tariff.prices");
	assert_wrong(PRICES("{\"P\":0.2}"), "tariff.prices[0]");
	assert_wrong(PRICES("{\"P\":0.123456789,\"HPH\":0,\"HCH\":0,\"HPE\":0,\"HCE\":0}"),
		     "too many decimals");
	assert_wrong("{\"site\":", ":1:");
}

static void hours_that_are_none_are_refused(void **state)
{
	static const char *const wrong[] = {"22:00",	    "22:00-25:00", "24:00-06:00",
					    "06:00-06:00",  "22:60-06:00", "22h00-06h00",
					    "22:00-06:00 ", "-1:00-06:00", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), CALENDARS("{\"off_peak\":[\"%s\"],\"peak\":[]}"),
			 wrong[i]);
		assert_wrong(text, "tariff.calendars[0].off_peak[0]");
	}
}

static void an_hour_cannot_be_peak_and_off_peak(void **state)
{
	(void)state;
	assert_wrong(CALENDARS("{\"off_peak\":[\"22:00-06:00\"],\"peak\":[\"21:00-22:01\"]}"),
		     "overlap");
	assert_wrong(CALENDARS("{\"off_peak\":[\"22:00-06:00\"],\"peak\":[\"05:59-08:00\"]}"),
		     "tariff.calendars[0]");
	assert_read(CALENDARS("{\"off_peak\":[\"22:00-06:00\"],\"peak\":[\"06:00-22:00\"]}"));
	config_close(&config);
}

static void dates_that_are_none_or_go_back_are_refused(void **state)
{
	(void)state;
	assert_wrong(PRICES("{\"from\":\"2013-02-29\"," ALL_PRICES "}"), "tariff.prices[0].from");
	assert_wrong(PRICES("{\"from\":\"1.2.2013\"," ALL_PRICES "}"), "is no date");
	assert_wrong(PRICES("{\"from\":\"2013-02-01\"," ALL_PRICES "},"
			    "{\"from\":\"2013-02-01\"," ALL_PRICES "}"),
		     "tariff.prices[1].from: expected a later date");
	assert_wrong(PRICES("{" ALL_PRICES "},{" ALL_PRICES "}"), "tariff.prices[1].from");
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_false(config_open(&config, "/nowhere/wattzone.json", &fail));
	assert_non_null(strstr(fail.text, "/nowhere/wattzone.json"));
}

static int open_file(void **state)
{
	int fd = mkstemp(file);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_id_is_enough),
		cmocka_unit_test(the_books_can_lie_elsewhere),
		cmocka_unit_test(dated_settings_are_read_exactly),
		cmocka_unit_test(a_misspelt_source_gets_its_right_name),
		cmocka_unit_test(what_is_missing_or_wrong_is_named_with_its_path),
		cmocka_unit_test(hours_that_are_none_are_refused),
		cmocka_unit_test(an_hour_cannot_be_peak_and_off_peak),
		cmocka_unit_test(dates_that_are_none_or_go_back_are_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests_name("config", tests, open_file, remove_file);
}
