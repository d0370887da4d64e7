#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "aggregator/config/timezone.h"
#include "tests/sim/edges_model.h"
#include "tests/sim/school_model.h"

static struct civil_zone paris;

static ms_t moment(const char *text)
{
	ms_t t;

	assert_true(civil_parse(&t, &paris, text));
	return t;
}

static struct school school_from(const char *text)
{
	return (struct school){.zone = &paris, .since = moment(text)};
}

static void energy_is_the_sum_of_power_over_time(void **state)
{
	struct school school = school_from("2013-01-14");
	ms_t begin = moment("2013-01-15T09:59:30");

	(void)state;
	for (enum school_zone zone = 0; zone <= SCHOOL_GLOBAL; zone++) {
		mj_t sum = 0;
		mj_t energy = school_energy(&school, zone, begin + MS_PER_MINUTE) -
			      school_energy(&school, zone, begin);

		for (ms_t t = begin; t < begin + MS_PER_MINUTE; t++)
			sum += school_power(&school, zone, t);
		/* Powers are rounded down to a watt: at most one for each of two slopes. */
		assert_in_range(energy - sum + 10, 0, 12 * MS_PER_MINUTE);
	}
}

static void energy_goes_on_where_an_hour_ends(void **state)
{
	struct school school = school_from("2013-03-30");
	ms_t end = moment("2013-04-01");

	(void)state;
	for (enum school_zone zone = 0; zone <= SCHOOL_GLOBAL; zone++) {
		for (ms_t t = school.since + MS_PER_HOUR; t < end; t += MS_PER_HOUR) {
			mj_t last = school_energy(&school, zone, t) -
				    school_energy(&school, zone, t - 1);

			assert_in_range(last, 1, 480000);
			assert_in_range(llabs(last - school_power(&school, zone, t - 1)), 0, 2 * 6);
		}
	}
}

static void the_site_draws_more_than_its_meters_see_and_less_than_is_subscribed(void **state)
{
	struct school school = school_from("2013-01-14");

	(void)state;
	for (ms_t t = school.since; t < school.since + 7 * MS_PER_DAY; t += 7 * MS_PER_SECOND) {
		int64_t parts = 0;
		int64_t global = school_power(&school, SCHOOL_GLOBAL, t);

		for (enum school_zone zone = 0; zone < SCHOOL_METERS; zone++)
			parts += school_power(&school, zone, t);
		assert_true(parts < global);
		assert_true(global < 480000);
	}
}

static void a_pulse_comes_when_the_energy_of_one_more_is_complete(void **state)
{
	struct school school = school_from("2013-03-30");
	struct school_pulses pulses;
	ms_t before = school.since;

	(void)state;
	school_pulses_start(&pulses, &school);
	for (int64_t i = 1; i <= 60000; i++) {
		ms_t t = school_pulses_next(&pulses);

		assert_true(t - before > 600);
		before = t;
		if (i % 97)
			continue;
		assert_true(school_energy(&school, SCHOOL_GLOBAL, t) >= i * MJ_PER_PULSE);
		assert_true(school_energy(&school, SCHOOL_GLOBAL, t - 1) < i * MJ_PER_PULSE);
	}
	assert_true(before > moment("2013-03-31T12:00"));
}

static void contacts_follow_the_hours_of_the_tariff(void **state)
{
	static const struct {
		const char *at;
		bool off_peak, peak;
	} cases[] = {
		{"2013-01-15T05:59", true, false},  {"2013-01-15T06:00", false, false},
		{"2013-01-15T08:00", false, true},  {"2013-01-15T10:00", false, false},
		{"2013-01-15T18:00", false, true},  {"2013-01-15T20:00", false, false},
		{"2013-01-15T22:00", true, false},  {"2013-01-13T09:00", true, false},
		{"2013-03-01T09:00", false, false}, {"2013-02-28T09:00", false, true},
		{"2012-12-01T18:30", false, true},  {"2012-11-30T18:30", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct school_contacts contacts = school_contacts(&paris, moment(cases[i].at));

		assert_int_equal(contacts.off_peak, cases[i].off_peak);
		assert_int_equal(contacts.peak, cases[i].peak);
	}
}

static int64_t no_pulse(void *context)
{
	(void)context;
	return INT64_MAX;
}

static void assert_edge(struct edges *edges, const char *expected)
{
	struct edge edge = edges_next(edges);
	char text[EDGE_TEXT_SIZE];

	edge_text(text, &edge);
	assert_string_equal(text, expected);
}

static void a_contact_changes_before_the_period_signal_of_the_same_instant(void **state)
{
	struct edges edges;

	(void)state;
	edges_start(&edges, &paris, moment("2013-01-15T05:00"), no_pulse, NULL);
	assert_edge(&edges, "1358222400.000000000 global.top 1");
	assert_edge(&edges, "1358222401.000000000 global.top 0");
	for (int i = 0; i < 10; i++)
		edges_next(&edges);
	assert_edge(&edges, "1358226000.000000000 global.off-peak 0");
	assert_edge(&edges, "1358226000.000000000 global.top 1");
}

static int64_t quarter_to_six(void *context)
{
	int64_t *given = context;

	return ++*given == 1 ? moment("2013-01-15T05:45") * NS_PER_MS + 5 : INT64_MAX;
}

static void a_pulse_lasts_as_long_as_a_meter_makes_it(void **state)
{
	struct edges edges;
	int64_t given = 0;

	(void)state;
	edges_start(&edges, &paris, moment("2013-01-15T05:00"), quarter_to_six, &given);
	for (int i = 0; i < 10; i++)
		edges_next(&edges);
	assert_edge(&edges, "1358225100.000000005 global.pulse 1");
	assert_edge(&edges, "1358225100.060000005 global.pulse 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(energy_is_the_sum_of_power_over_time),
		cmocka_unit_test(energy_goes_on_where_an_hour_ends),
		cmocka_unit_test(
			the_site_draws_more_than_its_meters_see_and_less_than_is_subscribed),
		cmocka_unit_test(a_pulse_comes_when_the_energy_of_one_more_is_complete),
		cmocka_unit_test(contacts_follow_the_hours_of_the_tariff),
		cmocka_unit_test(a_contact_changes_before_the_period_signal_of_the_same_instant),
		cmocka_unit_test(a_pulse_lasts_as_long_as_a_meter_makes_it),
	};
	struct fail fail = {0};

	if (!timezone_load(&paris, "Europe/Paris", &fail)) {
		print_error("%s\n", fail.text);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
