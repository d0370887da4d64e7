#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-meter/survey/filter.h"

#define MS NS_PER_MS

static struct survey survey;

static void open_survey(double min_ms)
{
	const struct counter_config config = {
		.min_on = (ns_t)(min_ms * MS),
		.min_off = (ns_t)(min_ms * MS),
	};

	survey_open(&survey, &config);
}

/* `count` pulses, every half second, of `from` to `to`; bounces of 1 ms before them if wanted. */
static void pulses(int count, ns_t from, ns_t to, bool bounces)
{
	static ns_t now;

	for (int i = 0; i < count; i++) {
		ns_t width = from + (to - from) * i / count;

		now += 500 * MS;
		if (bounces) {
			survey_edge(&survey, true, now - 3 * MS);
			survey_edge(&survey, false, now - 2 * MS);
		}
		survey_edge(&survey, true, now);
		survey_edge(&survey, false, now + width);
	}
}

static void assert_filter(enum filter_fault fault, int64_t wrong, const char *text)
{
	struct filter_verdict verdict = filter_judge(&survey, true);
	char found[FILTER_TEXT_SIZE];

	assert_int_equal(verdict.fault, fault);
	assert_int_equal(verdict.wrong, wrong);
	filter_explain(found, &survey, true, &verdict);
	assert_string_equal(found, text);
}

static void the_least_pulses_of_s0_fit_the_default_also_with_bounces(void **state)
{
	(void)state;
	for (int bounces = 0; bounces < 2; bounces++) {
		open_survey(20);
		pulses(2000, 29600000, 30400000, bounces);
		assert_filter(FILTER_FITS, 0, "");
		assert_int_equal(histogram_count(&survey.real[true]), 1999);
	}
}

static void pulses_around_the_filter_are_missed(void **state)
{
	(void)state;
	open_survey(30);
	pulses(2000, 29600000, 30400000, false);
	assert_filter(FILTER_TOO_LONG, 1000,
		      "1000 on levels were shorter than min_on_ms 30 and did not count, 999 did, "
		      "but from 29.6 ms on they look like pulses: configure min_on_ms 14");
}

static void pulses_of_an_led_are_missed_all(void **state)
{
	(void)state;
	open_survey(20);
	pulses(FILTER_LEVELS - 1, 9700000, 10100000, false);
	assert_filter(FILTER_FITS, 0, "");
	pulses(30, 9700000, 10100000, false);
	assert_filter(FILTER_TOO_LONG, 49,
		      "49 on levels were shorter than min_on_ms 20 and did not count, 0 did, but "
		      "from 9.7 ms on they look like pulses: configure min_on_ms 4");
}

static void bounces_that_count_are_seen(void **state)
{
	(void)state;
	open_survey(0.5);
	pulses(100, 60 * MS, 60 * MS, true);
	assert_filter(FILTER_TOO_SHORT, 100,
		      "100 of 199 on levels that counted look like bounces (up to 1.0 ms): "
		      "configure min_on_ms 20");
}

static void levels_of_every_width_up_to_the_filter_need_a_look_at_the_wires(void **state)
{
	(void)state;
	open_survey(20);
	pulses(200, MS / 2, 40 * MS, false);
	assert_filter(FILTER_TOO_NEAR, 50,
		      "50 on levels ended just below min_on_ms 20 and did not count, 100 did; "
		      "pulses and bounces cannot be distinguished: check the contact and the "
		      "wires, and compare with --monitor");
}

static void a_few_spikes_among_many_pulses_are_no_fault(void **state)
{
	(void)state;
	open_survey(20);
	pulses(5000, 30 * MS, 31 * MS, false);
	pulses(30, 19 * MS, 19 * MS, false);
	assert_int_equal(filter_judge(&survey, true).fault, FILTER_FITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_pulses_of_s0_fit_the_default_also_with_bounces),
		cmocka_unit_test(pulses_around_the_filter_are_missed),
		cmocka_unit_test(pulses_of_an_led_are_missed_all),
		cmocka_unit_test(bounces_that_count_are_seen),
		cmocka_unit_test(levels_of_every_width_up_to_the_filter_need_a_look_at_the_wires),
		cmocka_unit_test(a_few_spikes_among_many_pulses_are_no_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
