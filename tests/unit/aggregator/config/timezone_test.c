#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "aggregator/config/timezone.h"
#include "tests/unit/common/seed.h"

#define SECOND_2101 INT64_C(4133980800)

static struct civil_zone zone;

static void load(const char *name)
{
	struct fail fail = {0};

	if (!timezone_load(&zone, name, &fail))
		fail_msg("%s", fail.text);
	assert_string_equal(zone.name, name);
}

/* The change at `moment`, which must be there. */
static int32_t offset_from(ms_t moment)
{
	for (size_t i = 0; i < zone.count; i++) {
		if (zone.offsets[i].from == moment)
			return zone.offsets[i].offset_s;
	}
	fail_msg("no change at %" PRId64, moment);
	return 0;
}

static void paris_changes_on_the_last_sundays_of_march_and_october(void **state)
{
	(void)state;
	load("Europe/Paris");
	assert_int_equal(offset_from(INT64_C(1364691600000)), 7200); /* 2013-03-31T01:00Z */
	assert_int_equal(offset_from(INT64_C(1382835600000)), 3600); /* 2013-10-27T01:00Z */
	assert_int_equal(offset_from(INT64_C(4109878800000)), 7200); /* 2100-03-28T01:00Z */
	assert_int_equal(offset_from(INT64_C(4128627600000)), 3600); /* 2100-10-31T01:00Z */
}

static void new_york_changes_on_other_sundays(void **state)
{
	(void)state;
	load("America/New_York");
	assert_int_equal(offset_from(INT64_C(1362898800000)), -14400); /* 2013-03-10T07:00Z */
	assert_int_equal(offset_from(INT64_C(1383458400000)), -18000); /* 2013-11-03T06:00Z */
}

static void zones_without_summer_time_have_one_offset(void **state)
{
	(void)state;
	load("Asia/Kolkata");
	assert_int_equal(zone.count, 1);
	assert_int_equal(zone.offsets[0].offset_s, 19800);
	load("UTC");
	assert_int_equal(zone.count, 1);
	assert_int_equal(zone.offsets[0].offset_s, 0);
}

static void the_table_agrees_with_libc_at_any_time(void **state)
{
	static const char *const names[] = {
		"Europe/Paris",	     "Europe/Dublin",	    "America/New_York", "America/St_Johns",
		"America/Sao_Paulo", "Africa/Casablanca",   "Asia/Tehran",	"Asia/Kathmandu",
		"Pacific/Apia",	     "Australia/Lord_Howe", "Antarctica/Troll", "UTC",
	};

	(void)state;
	seed_start(__func__);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(names[i]);
		for (int n = 0; n < 3000; n++) {
			time_t second = (time_t)seed_below(SECOND_2101);
			struct civil civil;
			struct tm local;

			if (n < (int)zone.count)
				second = (time_t)(zone.offsets[n].from / MS_PER_SECOND) - n % 2;
			civil = civil_at(&zone, second * MS_PER_SECOND);
			assert_non_null(localtime_r(&second, &local));
			assert_int_equal(civil.year, local.tm_year + 1900);
			assert_int_equal(civil.month, local.tm_mon + 1);
			assert_int_equal(civil.day, local.tm_mday);
			assert_int_equal(civil.weekday, local.tm_wday);
			assert_int_equal(civil.hour, local.tm_hour);
			assert_int_equal(civil.minute, local.tm_min);
			assert_int_equal(civil.second, local.tm_sec);
			assert_int_equal(civil.offset_s, local.tm_gmtoff);
		}
	}
}

static void a_name_that_is_no_zone_is_refused_with_an_example(void **state)
{
	static const char *const wrong[] = {
		"",
		"/usr/share/zoneinfo/Europe/Paris",
		"../zoneinfo/Europe/Paris",
		"Europe/../Europe/Paris",
		"Europe",
		"Europe/Pariss",
		"Europe/Paris ",
		":Europe/Paris",
		"tzdata.zi",
		"<+01>-1",
		"Europe/Paris\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fail fail = {0};

		assert_false(timezone_load(&zone, wrong[i], &fail));
		assert_non_null(strstr(fail.text, "time zone \""));
		assert_non_null(strstr(fail.text, "Europe/Paris"));
	}
}

static void put_number(FILE *file, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		fputc((int)(number >> shift & 0xff), file);
}

/* A zone (tzfile(5), version 1) that changes every other day. */
static void write_zone(const char *path, uint32_t changes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fwrite("TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 1, 20, file);
	put_number(file, 0); /* UT/local indicators */
	put_number(file, 0); /* standard/wall indicators */
	put_number(file, 0); /* leap seconds */
	put_number(file, changes);
	put_number(file, 2); /* types */
	put_number(file, 8); /* characters */
	for (uint32_t i = 0; i < changes; i++)
		put_number(file, 1000000000 + i * 2 * 86400);
	for (uint32_t i = 0; i < changes; i++)
		fputc(i % 2 == 0, file);
	for (uint32_t type = 0; type < 2; type++) {
		put_number(file, type * 3600);
		fputc((int)type, file);
		fputc((int)type * 4, file);
	}
	fwrite("AAA\0BBB\0", 1, 8, file);
	assert_int_equal(fclose(file), 0);
}

static char folder[] = "/tmp/timezone_test.XXXXXX";

#define LONGEST "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define LONGER	LONGEST "l"

/* Files assignment until the end: libc takes a file for unchanged that has the inode of a removed
 * one. */
static const char *const made[] = {"Text", "Often", "Oftener", LONGEST, LONGER};

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && setenv("TZDIR", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	unsetenv("TZDIR");
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		unlink(path_of(made[i]));
	return rmdir(folder);
}

static void a_file_that_is_no_time_zone_is_refused(void **state)
{
	static const char *const contents[] = {"", "TZ", "TZIF2 and more", "# version 2024a"};

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		FILE *file = fopen(path_of("Text"), "w");
		struct fail fail = {0};

		assert_non_null(file);
		fputs(contents[i], file);
		fclose(file);
		assert_false(timezone_load(&zone, "Text", &fail));
		assert_non_null(strstr(fail.text, "/Text is not a time zone"));
	}
}

static void a_name_of_63_letters_is_the_longest(void **state)
{
	struct fail fail = {0};

	(void)state;
	write_zone(path_of(LONGEST), 1);
	load(LONGEST);
	write_zone(path_of(LONGER), 1);
	assert_false(timezone_load(&zone, LONGER, &fail));
	assert_non_null(strstr(fail.text, LONGER));
}

static void a_zone_that_changes_too_often_is_refused(void **state)
{
	struct fail fail = {0};

	(void)state;
	write_zone(path_of("Often"), 511);
	load("Often");
	assert_int_equal(zone.count, 512);
	assert_int_equal(offset_from(INT64_C(1000000000000)), 3600);
	write_zone(path_of("Oftener"), 512);
	assert_false(timezone_load(&zone, "Oftener", &fail));
	assert_string_equal(fail.text,
			    "time zone \"Oftener\": it changes its offset more than 512 times");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paris_changes_on_the_last_sundays_of_march_and_october),
		cmocka_unit_test(new_york_changes_on_other_sundays),
		cmocka_unit_test(zones_without_summer_time_have_one_offset),
		cmocka_unit_test(the_table_agrees_with_libc_at_any_time),
		cmocka_unit_test(a_name_that_is_no_zone_is_refused_with_an_example),
	};
	const struct CMUnitTest made_up[] = {
		cmocka_unit_test(a_file_that_is_no_time_zone_is_refused),
		cmocka_unit_test(a_name_of_63_letters_is_the_longest),
		cmocka_unit_test(a_zone_that_changes_too_often_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) +
	       cmocka_run_group_tests(made_up, make_folder, remove_folder);
}
