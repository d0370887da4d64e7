#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <stdlib.h>
#include <cmocka.h>

#include "collector-pac/settings/settings.h"

#define METERS(meters)	    "{\"site\":\"lycee\",\"collector\":\"pac\",\"meters\":[" meters "]}"
#define METER(source, more) "{\"source\":\"" source "\",\"host\":\"h\"" more "}"
#define PULSES		    ",\"profile\":\"pac3200-pulses\""

/* Loads a configuration from a file with this text. */
static bool load(struct pac_settings *settings, const char *text, struct fail *fail)
{
	char name[] = "/tmp/settings-XXXXXX";
	int fd = mkstemp(name);
	bool loaded;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	loaded = settings_load(settings, name, fail);
	unlink(name);
	return loaded;
}

static void load_valid(struct pac_settings *settings, const char *text)
{
	struct fail fail = {0};

	if (!load(settings, text, &fail))
		fail_msg("%s", fail.text);
}

static void expect_refusal(const char *text, const char *reason)
{
	struct pac_settings settings;
	struct fail fail = {0};

	assert_false(load(&settings, text, &fail));
	if (strstr(fail.text, reason) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", fail.text, reason);
	settings_free(&settings);
}

static void gas_and_water_have_a_volume_a_pulse(void **state)
{
	struct pac_settings settings;
	const struct pac_meter_settings *gas;

	(void)state;
	load_valid(&settings,
		   METERS(METER("cuisine-3", "") "," METER("gaz", PULSES ",\"medium\":\"gas\","
									 "\"m3_per_pulse\":0.1,"
									 "\"kwh_per_m3\":11.2")));
	gas = settings_meter(&settings, 1);
	assert_string_equal(settings_meter(&settings, 0)->medium, "electricity");
	assert_string_equal(gas->medium, "gas");
	assert_true(gas->m3_per_pulse == 0.1 && gas->kwh_per_m3 == 11.2);
	assert_true(profile_counts_pulses(&gas->profile));
	settings_free(&settings);
	load_valid(&settings, METERS(METER("a", PULSES ",\"wh_per_pulse\":80")));
	assert_string_equal(settings_meter(&settings, 0)->medium, "electricity");
	settings_free(&settings);
}

static void weights_that_contradict_the_profile_are_refused(void **state)
{
	(void)state;
	expect_refusal(METERS(METER("a", PULSES)),
		       "meters[0].profile: \"pac3200-pulses\" counts pulses and the weight of a "
		       "pulse is missing");
	expect_refusal(METERS(METER("a", PULSES ",\"wh_per_pulse\":80,\"m3_per_pulse\":1")),
		       "both weights are given");
	expect_refusal(METERS(METER("a", PULSES ",\"m3_per_pulse\":1")),
		       "meters[0].medium: missing");
	expect_refusal(METERS(METER("a", PULSES ",\"wh_per_pulse\":80,\"kwh_per_m3\":11")),
		       "meters[0].kwh_per_m3: expected together with m3_per_pulse only");
	expect_refusal(METERS(METER("a", PULSES ",\"wh_per_pulse\":80,\"ratio\":40")),
		       "meters[0].ratio: profile \"pac3200-pulses\" counts pulses");
	expect_refusal(METERS(METER("a", PULSES ",\"wh_per_pulse\":80,\"modulus_wh\":40")),
		       "meters[0].modulus_wh: profile \"pac3200-pulses\" counts pulses");
	expect_refusal(METERS(METER("a", ",\"m3_per_pulse\":0.1")),
		       "meters[0].m3_per_pulse: profile \"pac3200\" counts energy");
}

static void reactive_energy_is_a_source_of_its_own(void **state)
{
	struct pac_settings settings;
	const struct pac_meter_settings *meter;

	(void)state;
	load_valid(&settings,
		   METERS(METER("self", "") "," METER("self-varh", ",\"reactive\":true")));
	meter = settings_meter(&settings, 1);
	assert_string_equal(meter->medium, "reactive");
	assert_string_equal(meter->zone, "self-varh");
	assert_true(meter->profile.is_reactive);
	assert_false(settings_meter(&settings, 0)->profile.is_reactive);
	settings_free(&settings);

	expect_refusal(METERS(METER("a", "") "," METER("b", ",\"reactive\":true,\"zone\":\"a\"")),
		       "meters[1].zone: \"a\" has medium \"electricity\" in meters[0], and "
		       "\"reactive\" here: expected a zone of its own");
	expect_refusal(METERS(METER("a", ",\"reactive\":true,\"medium\":\"electricity\"")),
		       "meters[0].medium: \"electricity\", expected \"reactive\" or none");
	expect_refusal(METERS(METER("a", ",\"medium\":\"reactive\"")),
		       "meters[0].medium: \"reactive\", expected together with \"reactive\": true");
	expect_refusal(METERS(METER("a", PULSES ",\"reactive\":true,\"wh_per_pulse\":1")),
		       "meters[0].reactive: profile \"pac3200-pulses\" has no reactive energy");
}

static void the_most_power_is_that_of_the_settings(void **state)
{
	struct pac_settings settings;

	(void)state;
	load_valid(&settings, METERS(METER("a", ",\"max_w\":69000,\"ratio\":40")));
	assert_int_equal(settings_meter(&settings, 0)->max_w, 69000);
	assert_true(settings_meter(&settings, 0)->ratio == 40);
	settings_free(&settings);
	load_valid(&settings, METERS(METER("a", "")));
	assert_int_equal(settings_meter(&settings, 0)->max_w, 0);
	assert_true(settings_meter(&settings, 0)->ratio == 1);
	settings_free(&settings);
	expect_refusal(METERS(METER("a", ",\"ratio\":0")), "meters[0].ratio: 0 is out of range");
	expect_refusal(METERS(METER("a", ",\"max_w\":0")), "meters[0].max_w: 0 is out of range");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gas_and_water_have_a_volume_a_pulse),
		cmocka_unit_test(weights_that_contradict_the_profile_are_refused),
		cmocka_unit_test(reactive_energy_is_a_source_of_its_own),
		cmocka_unit_test(the_most_power_is_that_of_the_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
