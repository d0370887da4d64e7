#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector-meter/settings/settings.h"
#include "common/timebase/clock_trust.h"

/* -------- configurations in a file -------- */

struct fixture {
	char file[64];
	struct meter_settings settings;
	struct fail fail;
};

/* Loads a configuration with these sources; `before` are further members in front of them,
 * `replay` is that of the command line. */
static bool load_replay(struct fixture *fixture, const char *before, const char *sources,
			const char *replay)
{
	FILE *file;
	int fd;
	bool loaded;

	memset(fixture, 0, sizeof(*fixture));
	strcpy(fixture->file, "/tmp/settings_test.XXXXXX");
	fd = mkstemp(fixture->file);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	fprintf(file, "{\"site\": \"lycee\", \"collector\": \"meters\",%s\n \"sources\": [%s]}\n",
		before, sources);
	fclose(file);
	loaded = settings_load(&fixture->settings, fixture->file, replay, &fixture->fail);
	unlink(fixture->file);
	return loaded;
}

static bool load(struct fixture *fixture, const char *before, const char *sources)
{
	return load_replay(fixture, before, sources, NULL);
}

static void assert_loads(struct fixture *fixture, const char *before, const char *sources)
{
	if (!load(fixture, before, sources))
		fail_msg("%s", fixture->fail.text);
}

/* The reason is the file's name, then `reason`. */
static void assert_refused(const char *before, const char *sources, const char *reason)
{
	struct fixture fixture;
	char expected[500];

	assert_false(load(&fixture, before, sources));
	snprintf(expected, sizeof(expected), "%s: %s", fixture.file, reason);
	assert_string_equal(fixture.fail.text, expected);
	settings_free(&fixture.settings);
}

#define PULSE  "\"pulse\": {\"chip\": \"pinctrl-bcm2711\", \"offset\": 17}"
#define WEIGHT "\"wh_per_pulse\": 80, "

/* -------- what is read -------- */

static void a_source_needs_little_and_the_rest_has_defaults(void **state)
{
	const struct source_settings *source;
	struct fixture fixture;

	(void)state;
	assert_loads(&fixture, "", "{\"source\": \"self\", " WEIGHT PULSE "}");
	assert_string_equal(fixture.settings.broker.host, "localhost");
	assert_string_equal(fixture.settings.replay, "");
	assert_int_equal(fixture.settings.sources.count, 1);
	source = settings_source(&fixture.settings, 0);
	assert_string_equal(source->zone, "self");
	assert_string_equal(source->label, "self");
	assert_string_equal(source->medium, "electricity");
	assert_int_equal(source->role, ROLE_PART);
	assert_true(isnan(source->nominal_w));
	assert_true(source->min_on_ms == 20 && source->min_off_ms == 20);
	assert_true(source->lines[LINE_PULSE].given);
	assert_int_equal(source->lines[LINE_PULSE].offset, 17);
	assert_int_equal(source->lines[LINE_PULSE].bias, BIAS_AS_IS);
	assert_false(source->lines[LINE_PULSE].active_low);
	assert_false(source->lines[LINE_SIGNAL].given);
	settings_free(&fixture.settings);
}

static void a_source_announces_what_its_filter_lets_through_at_most(void **state)
{
	struct fixture fixture;
	struct about about;

	(void)state;
	assert_loads(&fixture, "",
		     "{\"source\": \"self\", " WEIGHT PULSE "},"
		     "{\"source\": \"known\", \"max_w\": 500000, " WEIGHT
		     "\"pulse\": {\"line\": \"A\"}},"
		     "{\"source\": \"water\", \"m3_per_pulse\": 0.01, "
		     "\"pulse\": {\"line\": \"B\"}},"
		     "{\"source\": \"any\", \"min_on_ms\": 0, \"min_off_ms\": 0, " WEIGHT
		     "\"pulse\": {\"line\": \"C\"}}");
	about = source_about(settings_source(&fixture.settings, 0));
	/* 80 Wh in 40 ms */
	assert_int_equal(about.max_w, 7200000);
	assert_int_equal(about.interval_ms, 60000);
	assert_int_equal(source_about(settings_source(&fixture.settings, 1)).max_w, 500000);
	assert_int_equal(source_about(settings_source(&fixture.settings, 2)).max_w, 0);
	assert_int_equal(source_about(settings_source(&fixture.settings, 3)).max_w, 0);
	settings_free(&fixture.settings);
}

static void a_filter_that_the_pulses_cannot_pass_is_refused(void **state)
{
	(void)state;
	assert_refused(
		"", "{\"source\": \"a\", \"max_w\": 7200001, " WEIGHT PULSE "}",
		"sources[0]: min_on_ms + min_off_ms are 40 ms, but at max_w 7200001 pulses "
		"come every 40 ms, expected a shorter filter (and see the weight of a pulse)");
	assert_refused(
		"", "{\"source\": \"a\", \"nominal_w\": 200000, \"wh_per_pulse\": 1, " PULSE "}",
		"sources[0]: min_on_ms + min_off_ms are 40 ms, but at nominal_w 200000 pulses "
		"come every 18 ms, expected a shorter filter (and see the weight of a pulse)");
	assert_refused(
		"", "{\"source\": \"a\", \"nominal_w\": 2000, \"max_w\": 1999, " WEIGHT PULSE "}",
		"sources[0]: max_w: 1999 W are less than nominal_w, expected more than the "
		"meter can ever measure");
}

static void a_main_meter_has_four_lines_of_any_polarity_and_bias(void **state)
{
	const struct source_settings *source;
	struct counter_config config;
	struct fixture fixture;

	(void)state;
	assert_loads(
		&fixture, "",
		"{\"source\": \"global\", \"role\": \"main\", \"initial_pulses\": 1234567, " WEIGHT
		"\"min_on_ms\": 20, \"min_off_ms\": 0,\n"
		"\"pulse\": {\"line\": \"GPIO17\", \"bias\": \"pull-up\", \"active_low\": true},\n"
		"\"top\": {\"line\": \"GPIO27\", \"bias\": \"pull-down\"},\n"
		"\"off_peak\": {\"chip\": \"/dev/gpiochip0\", \"offset\": 0},\n"
		"\"peak\": {\"chip\": \"gpiochip0\", \"offset\": 23, \"bias\": \"disabled\"}}");
	source = settings_source(&fixture.settings, 0);
	assert_int_equal(source->role, ROLE_MAIN);
	assert_int_equal(source->lines[LINE_PULSE].bias, BIAS_PULL_UP);
	assert_true(source->lines[LINE_PULSE].active_low);
	assert_string_equal(source->lines[LINE_SIGNAL].line, "GPIO27");
	assert_int_equal(source->lines[LINE_OFF_PEAK].offset, 0);
	assert_int_equal(source->lines[LINE_PEAK].bias, BIAS_DISABLED);
	config = source_counter(source);
	for (int role = 0; role < LINE_ROLES; role++)
		assert_true(config.has_line[role]);
	assert_int_equal(config.min_on, 20 * NS_PER_MS);
	assert_int_equal(config.min_off, 0);
	assert_int_equal(config.initial_pulses, 1234567);
	settings_free(&fixture.settings);
}

static void the_smallest_plausible_interval_is_that_of_twice_the_nominal_power(void **state)
{
	struct fixture fixture;

	(void)state;
	assert_loads(&fixture, "",
		     "{\"source\": \"a\", \"nominal_w\": 480000, " WEIGHT
		     "\"pulse\": {\"line\": \"A\"}},"
		     "{\"source\": \"b\", \"nominal_w\": 480000, \"min_interval_ms\": 12.5, " WEIGHT
		     "\"pulse\": {\"line\": \"B\"}},"
		     "{\"source\": \"c\", \"nominal_w\": null, " WEIGHT
		     "\"pulse\": {\"line\": \"C\"}},"
		     "{\"source\": \"d\", \"medium\": \"gas\", \"nominal_w\": 100000, "
		     "\"m3_per_pulse\": 0.1, \"kwh_per_m3\": 11.2, \"pulse\": {\"line\": \"D\"}}");
	/* 80 Wh at 480 kW are 600 ms. */
	assert_int_equal(source_counter(settings_source(&fixture.settings, 0)).min_interval,
			 300 * NS_PER_MS);
	assert_true(source_about(settings_source(&fixture.settings, 0)).min_interval_us == 300000);
	assert_int_equal(source_counter(settings_source(&fixture.settings, 1)).min_interval,
			 12500000);
	assert_int_equal(source_counter(settings_source(&fixture.settings, 2)).min_interval, 0);
	assert_true(isnan(source_about(settings_source(&fixture.settings, 2)).min_interval_us));
	/* 1.12 kWh at 100 kW are 40.32 s. */
	assert_int_equal(source_counter(settings_source(&fixture.settings, 3)).min_interval,
			 20160 * NS_PER_MS);
	settings_free(&fixture.settings);
}

static void gas_and_water_count_a_volume(void **state)
{
	struct fixture fixture;
	struct about gas, water;

	(void)state;
	assert_loads(
		&fixture, "",
		"{\"source\": \"gaz\", \"medium\": \"gas\", \"zone\": \"gaz-cuisine\", "
		"\"label\": \"Gaz cuisine\", \"m3_per_pulse\": 0.1, \"kwh_per_m3\": 11.2, " PULSE
		"},"
		"{\"source\": \"eau\", \"medium\": \"water\", \"m3_per_pulse\": 0.01, "
		"\"pulse\": {\"line\": \"GPIO5\"}}");
	gas = source_about(settings_source(&fixture.settings, 0));
	assert_string_equal(gas.kind, "pulse");
	assert_string_equal(gas.medium, "gas");
	assert_string_equal(gas.zone, "gaz-cuisine");
	assert_string_equal(gas.label, "Gaz cuisine");
	assert_true(gas.m3_per_pulse == 0.1 && gas.kwh_per_m3 == 11.2 && isnan(gas.wh_per_pulse));
	assert_true(fabs(source_wh_per_pulse(settings_source(&fixture.settings, 0)) - 1120) < 1e-9);
	water = source_about(settings_source(&fixture.settings, 1));
	assert_true(water.m3_per_pulse == 0.01 && isnan(water.kwh_per_m3));
	assert_true(isnan(source_wh_per_pulse(settings_source(&fixture.settings, 1))));
	settings_free(&fixture.settings);
}

static void the_outbox_and_the_clock_have_defaults_and_can_be_set(void **state)
{
	struct fixture fixture;

	(void)state;
	unsetenv("STATE_DIRECTORY");
	assert_loads(&fixture, "", "{\"source\": \"self\", " WEIGHT PULSE "}");
	assert_int_equal(fixture.settings.outbox.ack, OUTBOX_RECEIVER_AGGREGATOR);
	assert_string_equal(fixture.settings.outbox.file, "/var/lib/wattzone/lycee/meters.outbox");
	assert_string_equal(fixture.settings.outbox.topic, "wattzone/lycee/collector/meters");
	assert_int_equal(fixture.settings.outbox.max_mb, 100);
	assert_int_equal(fixture.settings.outbox.keep_days, 7);
	assert_int_equal(fixture.settings.clock, CLOCK_AUTO);
	settings_free(&fixture.settings);
	assert_loads(&fixture,
		     "\"ack\": \"broker\", \"clock\": \"trusted\", \"outbox\": {\"file\": "
		     "\"/x/y\", \"max_mb\": 5, \"keep_days\": 0},",
		     "{\"source\": \"self\", " WEIGHT PULSE "}");
	assert_int_equal(fixture.settings.outbox.ack, OUTBOX_RECEIVER_BROKER);
	assert_string_equal(fixture.settings.outbox.file, "/x/y");
	assert_int_equal(fixture.settings.outbox.max_mb, 5);
	assert_int_equal(fixture.settings.outbox.keep_days, 0);
	assert_int_equal(fixture.settings.clock, CLOCK_AT_ONCE);
	settings_free(&fixture.settings);
}

static void a_recording_has_an_outbox_of_its_own(void **state)
{
	static const char own[] = "\"outbox\": {\"file\": \"/x/y\"},";
	static const char both[] = "\"replay\": \"day.txt\", \"outbox\": {\"file\": \"/x/y\"},";
	const struct {
		const char *before, *replay, *state, *file;
	} cases[] = {
		{"\"replay\": \"a/day.txt\",", NULL, NULL, "a/day.txt.outbox"},
		{"", "a/day.txt", NULL, "a/day.txt.outbox"},
		{"", "-", NULL, "/var/lib/wattzone/lycee/meters.replay.outbox"},
		{"", "a/day.txt", "/s", "/s/meters.day.txt.outbox"},
		{"", "day.txt", "/s", "/s/meters.day.txt.outbox"},
		{"", "-", "/s", "/s/meters.replay.outbox"},
		{both, NULL, "/s", "/x/y"},
		{both, "day.txt", NULL, "/x/y"},
		{own, "day.txt", NULL, "day.txt.outbox"},
		{both, "other.txt", NULL, "other.txt.outbox"},
		{own, NULL, NULL, "/x/y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture fixture;

		if (cases[i].state)
			setenv("STATE_DIRECTORY", cases[i].state, 1);
		else
			unsetenv("STATE_DIRECTORY");
		assert_true(load_replay(&fixture, cases[i].before,
					"{\"source\": \"self\", " WEIGHT PULSE "}",
					cases[i].replay));
		assert_string_equal(fixture.settings.outbox.file, cases[i].file);
		settings_free(&fixture.settings);
	}
}

static void a_recording_whose_outbox_has_too_long_a_name_is_refused(void **state)
{
	struct fixture fixture;
	char replay[300];

	(void)state;
	unsetenv("STATE_DIRECTORY");
	for (size_t length = 1; length < sizeof(replay); length++) {
		memset(replay, 'x', length);
		replay[length] = '\0';
		assert_int_equal(load_replay(&fixture, "",
					     "{\"source\": \"self\", " WEIGHT PULSE "}", replay),
				 length + strlen(".outbox") < sizeof(fixture.settings.outbox.file));
		settings_free(&fixture.settings);
	}
	assert_string_equal(fixture.fail.text, "--replay: the name is too long");
}

static void a_replay_goes_without_gpio(void **state)
{
	struct fixture fixture;

	(void)state;
	assert_loads(&fixture, "\"replay\": \"day.txt\",",
		     "{\"source\": \"a\", \"role\": \"main\", " WEIGHT
		     "\"pulse\": {}, \"top\": {}},"
		     "{\"source\": \"b\", " WEIGHT "\"pulse\": {}}");
	assert_string_equal(fixture.settings.replay, "day.txt");
	settings_free(&fixture.settings);
	assert_refused("", "{\"source\": \"a\", " WEIGHT "\"pulse\": {}}",
		       "sources[0].pulse: expected chip and offset, or line (only a replay goes "
		       "without)");
}

static void the_example_of_the_project_is_valid(void **state)
{
	struct meter_settings settings;
	struct fail fail = {0};

	(void)state;
	if (!settings_load(&settings, "collector-meter/example.json", NULL, &fail))
		fail_msg("%s", fail.text);
	assert_true(settings.sources.count >= 2);
	settings_free(&settings);
}

/* -------- what is refused, and how -------- */

static void a_line_is_placed_in_one_way_only(void **state)
{
	(void)state;
	assert_refused("",
		       "{\"source\": \"a\", " WEIGHT
		       "\"pulse\": {\"chip\": \"c\", \"offset\": 1, \"line\": \"GPIO1\"}}",
		       "sources[0].pulse: both chip and line are given, expected chip and offset, "
		       "or line");
	assert_refused("",
		       "{\"source\": \"a\", " WEIGHT
		       "\"pulse\": {\"offset\": 1, \"line\": \"GPIO1\"}}",
		       "sources[0].pulse: both line and offset are given, expected chip and "
		       "offset, or line");
	assert_refused("", "{\"source\": \"a\", " WEIGHT "\"pulse\": {\"chip\": \"c\"}}",
		       "sources[0].pulse: chip without offset, expected the line's number on the "
		       "chip");
	assert_refused("", "{\"source\": \"a\", " WEIGHT "\"pulse\": {\"offset\": 1}}",
		       "sources[0].pulse: offset without chip, expected the chip's label, name or "
		       "path");
	assert_refused("", "{\"source\": \"a\", " WEIGHT "\"top\": {\"line\": \"GPIO1\"}}",
		       "sources[0].pulse: missing, expected chip and offset, or line");
}

static void a_line_has_one_use_only(void **state)
{
	(void)state;
	assert_refused("",
		       "{\"source\": \"a\", \"role\": \"main\", " WEIGHT PULSE
		       ", \"top\": {\"line\": \"GPIO4\"}},"
		       "{\"source\": \"b\", " WEIGHT "\"pulse\": {\"line\": \"GPIO4\"}}",
		       "sources[1].pulse: the same line as sources[0].top");
	assert_refused("",
		       "{\"source\": \"a\", \"role\": \"main\", " WEIGHT PULSE
		       ", \"off_peak\": {\"chip\": \"pinctrl-bcm2711\", \"offset\": 17}}",
		       "sources[0].off_peak: the same line as sources[0].pulse");
}

static void only_the_main_meter_has_a_signal_and_contacts(void **state)
{
	static const char *const keys[] = {"top", "off_peak", "peak"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char sources[300], reason[200];

		snprintf(sources, sizeof(sources),
			 "{\"source\": \"a\", " WEIGHT PULSE ", \"%s\": {\"line\": \"GPIO4\"}}",
			 keys[i]);
		snprintf(reason, sizeof(reason),
			 "sources[0].%s: only the main meter's signal counts, expected \"role\": "
			 "\"main\"",
			 keys[i]);
		assert_refused("", sources, reason);
	}
}

static void the_zone_rest_is_reserved(void **state)
{
	static const char reason[] = "sources[0].zone: \"rest\" is reserved for the main zone's "
				     "energy that no part measures, expected another id";
	struct fixture fixture;

	(void)state;
	assert_refused("", "{\"source\": \"a\", \"zone\": \"rest\", " WEIGHT PULSE "}", reason);
	assert_refused("", "{\"source\": \"rest\", " WEIGHT PULSE "}", reason);
	assert_loads(&fixture, "", "{\"source\": \"rest\", \"zone\": \"z\", " WEIGHT PULSE "}");
	settings_free(&fixture.settings);
}

static void the_weight_of_a_pulse_is_given_once(void **state)
{
	(void)state;
	assert_refused("", "{\"source\": \"a\", " PULSE "}",
		       "sources[0]: the weight of a pulse is missing, expected one of "
		       "wh_per_pulse and m3_per_pulse (see the meter's plate)");
	assert_refused("", "{\"source\": \"a\", \"m3_per_pulse\": 0.1, " WEIGHT PULSE "}",
		       "sources[0]: two weights of a pulse are given, expected one of "
		       "wh_per_pulse and m3_per_pulse (see the meter's plate)");
	assert_refused("", "{\"source\": \"a\", \"kwh_per_m3\": 11.2, " WEIGHT PULSE "}",
		       "sources[0]: kwh_per_m3 needs m3_per_pulse, not wh_per_pulse");
}

static void sources_do_not_contradict_each_other(void **state)
{
	(void)state;
	assert_refused("",
		       "{\"source\": \"a\", " WEIGHT PULSE "},"
		       "{\"source\": \"a\", " WEIGHT "\"pulse\": {\"line\": \"GPIO4\"}}",
		       "sources[1].source: \"a\" is taken by sources[0]");
	assert_refused("",
		       "{\"source\": \"a\", \"role\": \"main\", " WEIGHT PULSE "},"
		       "{\"source\": \"b\", \"role\": \"main\", " WEIGHT
		       "\"pulse\": {\"line\": \"GPIO4\"}}",
		       "sources[1].role: the main zone is \"a\" already (sources[0]), expected "
		       "\"part\"");
	assert_refused("",
		       "{\"source\": \"a\", \"zone\": \"z\", \"role\": \"main\", " WEIGHT PULSE
		       "}, {\"source\": \"b\", \"zone\": \"z\", " WEIGHT
		       "\"pulse\": {\"line\": \"GPIO4\"}}",
		       "sources[1].role: zone \"z\" is \"main\" in sources[0]");
}

static void two_feeders_may_make_up_the_main_zone(void **state)
{
	struct fixture fixture;

	(void)state;
	assert_loads(&fixture, "",
		     "{\"source\": \"a\", \"zone\": \"z\", \"role\": \"main\", " WEIGHT PULSE
		     "}, {\"source\": \"b\", \"zone\": \"z\", \"role\": \"main\", " WEIGHT
		     "\"pulse\": {\"line\": \"GPIO4\"}}");
	settings_free(&fixture.settings);
}

static void a_misspelt_key_gets_a_proposal(void **state)
{
	(void)state;
	assert_refused("", "{\"source\": \"a\", \"min_onms\": 5, " WEIGHT PULSE "}",
		       "sources[0].min_onms: unknown field, did you mean \"min_on_ms\"?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_needs_little_and_the_rest_has_defaults),
		cmocka_unit_test(a_main_meter_has_four_lines_of_any_polarity_and_bias),
		cmocka_unit_test(
			the_smallest_plausible_interval_is_that_of_twice_the_nominal_power),
		cmocka_unit_test(gas_and_water_count_a_volume),
		cmocka_unit_test(the_outbox_and_the_clock_have_defaults_and_can_be_set),
		cmocka_unit_test(a_recording_has_an_outbox_of_its_own),
		cmocka_unit_test(a_recording_whose_outbox_has_too_long_a_name_is_refused),
		cmocka_unit_test(a_replay_goes_without_gpio),
		cmocka_unit_test(the_example_of_the_project_is_valid),
		cmocka_unit_test(a_line_is_placed_in_one_way_only),
		cmocka_unit_test(a_line_has_one_use_only),
		cmocka_unit_test(only_the_main_meter_has_a_signal_and_contacts),
		cmocka_unit_test(the_zone_rest_is_reserved),
		cmocka_unit_test(the_weight_of_a_pulse_is_given_once),
		cmocka_unit_test(sources_do_not_contradict_each_other),
		cmocka_unit_test(two_feeders_may_make_up_the_main_zone),
		cmocka_unit_test(a_source_announces_what_its_filter_lets_through_at_most),
		cmocka_unit_test(a_filter_that_the_pulses_cannot_pass_is_refused),
		cmocka_unit_test(a_misspelt_key_gets_a_proposal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
