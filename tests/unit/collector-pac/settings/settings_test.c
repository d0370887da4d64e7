#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "collector-pac/settings/settings.h"
#include "common/timebase/clock_trust.h"

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

static void six_lines_are_a_configuration(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};
	const struct pac_meter_settings *meter;

	(void)state;
	if (!load(&settings,
		  "{ \"site\": \"lycee\",\n"
		  "  \"collector\": \"pac-atelier\",\n"
		  "  \"broker\": {\"host\": \"127.0.0.1\", \"port\": 1884},\n"
		  "  \"meters\": [{\"source\":\"atelier\",\"host\":\"127.0.0.1\",\"port\":1502,\n"
		  "    \"profile\":\"pac3200\",\"zone\":\"atelier\",\"label\":\"Atelier\",\n"
		  "    \"nominal_w\":60000}] }\n",
		  &fail))
		fail_msg("%s", fail.text);
	assert_string_equal(settings.site, "lycee");
	assert_int_equal(settings.poll_ms, 500);
	assert_int_equal(settings.record_s, 10);
	assert_int_equal(settings.timeout_ms, 1000);
	assert_int_equal(settings.meters.count, 1);
	meter = settings_meter(&settings, 0);
	assert_int_equal(meter->port, 1502);
	assert_int_equal(meter->unit, 1);
	assert_int_equal(meter->role, ROLE_PART);
	assert_string_equal(meter->medium, "electricity");
	assert_true(meter->nominal_w == 60000);
	assert_string_equal(meter->profile.name, "pac3200");
	settings_free(&settings);
}

static void the_outbox_the_clock_and_a_modulus_can_be_set(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};

	(void)state;
	unsetenv("STATE_DIRECTORY");
	assert_true(load(&settings,
			 "{\"site\":\"lycee\",\"collector\":\"pac\",\"meters\":[{\"source\":\"a\","
			 "\"host\":\"h\"}]}",
			 &fail));
	assert_int_equal(settings.outbox.ack, OUTBOX_RECEIVER_AGGREGATOR);
	assert_string_equal(settings.outbox.file, "/var/lib/wattzone/lycee/pac.outbox");
	assert_string_equal(settings.outbox.topic, "wattzone/lycee/collector/pac");
	assert_int_equal(settings.clock, CLOCK_AUTO);
	assert_int_equal(settings_meter(&settings, 0)->modulus_wh, 0);
	settings_free(&settings);
	assert_true(load(&settings,
			 "{\"site\":\"lycee\",\"collector\":\"pac\",\"ack\":\"broker\","
			 "\"clock\":\"synchronised\",\"outbox\":{\"file\":\"/x\"},\"meters\":["
			 "{\"source\":\"a\",\"host\":\"h\",\"modulus_wh\":1000000000000}]}",
			 &fail));
	assert_int_equal(settings.outbox.ack, OUTBOX_RECEIVER_BROKER);
	assert_string_equal(settings.outbox.file, "/x");
	assert_int_equal(settings.clock, CLOCK_WHEN_SYNCHRONISED);
	assert_int_equal(settings_meter(&settings, 0)->modulus_wh, 1000000000000);
	settings_free(&settings);
}

static void a_meter_needs_no_more_than_source_and_host(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};
	const struct pac_meter_settings *meter;

	(void)state;
	if (!load(&settings,
		  "{\"site\":\"s\",\"collector\":\"c\",\"meters\":[{\"source\":\"sti-nord\","
		  "\"host\":\"10.0.0.12\"}]}",
		  &fail))
		fail_msg("%s", fail.text);
	meter = settings_meter(&settings, 0);
	assert_int_equal(meter->port, 502);
	assert_string_equal(meter->zone, "sti-nord");
	assert_string_equal(meter->label, "sti-nord");
	assert_string_equal(meter->profile.name, "pac3200");
	assert_true(isnan(meter->nominal_w));
	settings_free(&settings);
}

static void the_example_is_valid(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};

	(void)state;
	if (!settings_load(&settings, "collector-pac/example.json", &fail))
		fail_msg("%s", fail.text);
	assert_true(settings.meters.count > 1);
	settings_free(&settings);
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

#define WITH(meters) "{\"site\":\"s\",\"collector\":\"c\",\"meters\":[" meters "]}"

static void mistakes_are_refused_with_their_place(void **state)
{
	(void)state;
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\"},{\"source\":\"a\",\"host\":\"i\"}"),
		       "meters[1].source: \"a\" is meters[0] already");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"\"}"), "meters[0].host");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\",\"profile\":\"pac9\"}"),
		       "meters[0].profile: no profile \"pac9\"");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\",\"unit\":256}"), "meters[0].unit");
	expect_refusal(WITH("{\"source\":\"A\",\"host\":\"h\"}"), "meters[0].source");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\",\"prot\":502}"),
		       "did you mean \"port\"");
	expect_refusal(WITH(""), "meters");
	expect_refusal(
		WITH("{\"source\":\"a\",\"host\":\"h\",\"poll_ms\":20000}"),
		"meters[0].poll_ms: 20000 ms are longer than record_s (10 s), expected at most "
		"10000");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\",\"nominal_w\":9000,\"max_w\":8999}"),
		       "meters[0]: max_w: 8999 W are less than nominal_w");
	expect_refusal("{\"site\":\"s\",\"meters\":[{\"source\":\"a\",\"host\":\"h\"}]}",
		       "collector");
}

#define METER(source, more) "{\"source\":\"" source "\",\"host\":\"" source "\"" more "}"
#define LINE(more)	    "\"serial\":{\"device\":\"/dev/ttyS0\"" more "}"
#define ROLE(role)	    ",\"role\":\"" role "\""
#define ZONE(zone)	    ",\"zone\":\"" zone "\""

static void meters_do_not_contradict_each_other(void **state)
{
	(void)state;
	expect_refusal(WITH(METER("a", ROLE("main")) "," METER("b", ROLE("main"))),
		       "meters[1].role: the main zone is \"a\" already (meters[0]), expected "
		       "\"part\"");
	expect_refusal(WITH(METER("a", ROLE("main")) "," METER("b", ZONE("a"))),
		       "meters[1].role: zone \"a\" is \"main\" in meters[0]");
	expect_refusal(WITH(METER("a", ZONE("rest"))),
		       "meters[0].zone: \"rest\" is reserved for main minus the parts, expected "
		       "another id");
	expect_refusal(WITH(METER("b", "") "," METER("rest", "")), "meters[1].zone: \"rest\" is");
}

static void a_meter_is_asked_once(void **state)
{
	(void)state;
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"pac\"},"
			    "{\"source\":\"b\",\"host\":\"PAC\",\"port\":502,\"unit\":1}"),
		       "meters[1].host: \"PAC\" with port 502, unit 1 and profile \"pac3200\" is "
		       "meters[0] already, expected another meter, or another profile of it");
	expect_refusal(WITH("{\"source\":\"a\"," LINE("") "},{\"source\":\"b\"," LINE("") "}"),
		       "meters[1].serial: \"/dev/ttyS0\" with unit 1 and profile");
}

static void a_meter_is_reached_by_network_or_serial_line(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};
	struct link_peer peer;

	(void)state;
	if (!load(&settings,
		  WITH("{\"source\":\"a\"," LINE(",\"baud\":19200,\"parity\":\"E\",\"stop_bits\":"
						 "2") "},{\"source\":\"b\",\"host\":\"h\","
						      "\"framing\":\"rtu\","
						      "\"match_transaction\":false,\"poll_ms\":"
						      "5000,"
						      "\"connect_delay_ms\":1000,\"request_delay_"
						      "ms\":50}"),
		  &fail))
		fail_msg("%s", fail.text);
	peer = settings_peer(&settings, 0);
	assert_string_equal(peer.serial.device, "/dev/ttyS0");
	assert_int_equal(peer.serial.baud, 19200);
	assert_int_equal(peer.serial.parity, 'E');
	assert_int_equal(peer.serial.stop_bits, 2);
	peer = settings_peer(&settings, 1);
	assert_null(peer.serial.device);
	assert_int_equal(peer.framing, FRAMING_RTU);
	assert_true(peer.any_transaction);
	assert_int_equal(peer.connect_delay_ms, 1000);
	assert_int_equal(peer.request_delay_ms, 50);
	assert_int_equal(settings_meter(&settings, 1)->poll_ms, 5000);
	settings_free(&settings);

	expect_refusal(WITH("{\"source\":\"a\"}"), "meters[0]: expected \"host\"");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\"," LINE("") "}"),
		       "meters[0]: has \"host\" and \"serial\", expected one of them");
	expect_refusal(WITH("{\"source\":\"a\"," LINE(",\"baud\":9601") "}"),
		       "meters[0].serial.baud: 9601 is no usual rate");
	expect_refusal(WITH("{\"source\":\"a\",\"serial\":{\"device\":\"ttyS0\"}}"),
		       "meters[0].serial.device: expected a device such as");
}

static void pauses_are_those_of_the_profile_unless_they_are_given(void **state)
{
	char text[1000], name[] = "/tmp/profile-XXXXXX";
	static const char profile[] =
		"{\"name\":\"p\",\"label\":\"P\",\"connect_delay_ms\":1000,\"request_delay_ms\":30,"
		"\"blocks\":[{\"address\":0,\"count\":2,\"values\":[{\"name\":\"i\",\"address\":0,"
		"\"type\":\"u32\",\"unit\":\"Wh\"}]}],\"wh\":[\"i\"],\"power_w\":[]}";
	struct pac_settings settings;
	struct fail fail = {0};
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, profile, strlen(profile)), (ssize_t)strlen(profile));
	close(fd);
	snprintf(text, sizeof(text),
		 WITH("{\"source\":\"a\",\"host\":\"h\",\"profile\":\"%s\"},"
		      "{\"source\":\"b\",\"host\":\"i\",\"profile\":\"%s\","
		      "\"connect_delay_ms\":0,\"request_delay_ms\":5}"),
		 name, name);
	if (!load(&settings, text, &fail))
		fail_msg("%s", fail.text);
	assert_int_equal(settings_peer(&settings, 0).connect_delay_ms, 1000);
	assert_int_equal(settings_peer(&settings, 0).request_delay_ms, 30);
	assert_int_equal(settings_peer(&settings, 1).connect_delay_ms, 0);
	assert_int_equal(settings_peer(&settings, 1).request_delay_ms, 5);
	settings_free(&settings);
	unlink(name);
}

static void a_port_in_the_host_is_refused_with_a_hint(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};

	(void)state;
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"10.0.0.11:502\"}"),
		       "meters[0].host: \"10.0.0.11:502\" contains a port, expected \"host\": "
		       "\"10.0.0.11\", \"port\": 502");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"[fd00::1]\"}"), "brackets");
	assert_true(load(&settings, WITH("{\"source\":\"a\",\"host\":\"fd00::1\"}"), &fail));
	settings_free(&settings);
}

static void meters_of_one_connection_agree_about_it(void **state)
{
	(void)state;
	expect_refusal(
		WITH("{\"source\":\"a\",\"host\":\"h\"},"
		     "{\"source\":\"b\",\"host\":\"h\",\"unit\":2,\"framing\":\"rtu\"}"),
		"meters[1].framing: differs from meters[0], which shares its connection (h), "
		"expected the same");
	expect_refusal(WITH("{\"source\":\"a\",\"host\":\"h\"},"
			    "{\"source\":\"b\",\"host\":\"h\",\"unit\":2,"
			    "\"match_transaction\":false}"),
		       "meters[1].match_transaction");
	expect_refusal(WITH("{\"source\":\"a\"," LINE("") "},"
							  "{\"source\":\"b\",\"unit\":2," LINE(
								  ",\"baud\":19200") "}"),
		       "meters[1].serial.baud: differs from meters[0]");
}

static void one_device_is_several_sources_by_several_profiles(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};

	(void)state;
	if (!load(&settings,
		  WITH("{\"source\":\"a\",\"host\":\"h\"},"
		       "{\"source\":\"b\",\"host\":\"h\",\"profile\":\"generic\"}"),
		  &fail))
		fail_msg("%s", fail.text);
	settings_free(&settings);
}

static void meters_may_share_zone_role_and_address_in_part(void **state)
{
	struct pac_settings settings;
	struct fail fail = {0};

	(void)state;
	if (!load(&settings,
		  WITH("{\"source\":\"a\",\"host\":\"h\"" ROLE("main") ZONE(
			  "supply") "},"
				    "{\"source\":\"b\",\"host\":\"h\",\"unit\":2" ROLE("main")
					    ZONE("supply") "},"
							   "{\"source\":\"c\",\"host\":\"h\","
							   "\"port\":503}," METER("d", ZONE("c"))),
		  &fail))
		fail_msg("%s", fail.text);
	assert_int_equal(settings.meters.count, 4);
	settings_free(&settings);
}

static void more_than_500_meters_are_refused(void **state)
{
	char *text = malloc((size_t)64 * 1024), *end = text;

	(void)state;
	assert_non_null(text);
	end += sprintf(end, "{\"site\":\"s\",\"collector\":\"c\",\"meters\":[");
	for (int i = 0; i < 501; i++)
		end += sprintf(end, "%s{\"source\":\"m%d\",\"host\":\"h\"}", i == 0 ? "" : ",", i);
	sprintf(end, "]}");
	expect_refusal(text, "meters: expected at most 500 elements, found 501");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_lines_are_a_configuration),
		cmocka_unit_test(the_outbox_the_clock_and_a_modulus_can_be_set),
		cmocka_unit_test(a_meter_needs_no_more_than_source_and_host),
		cmocka_unit_test(the_example_is_valid),
		cmocka_unit_test(mistakes_are_refused_with_their_place),
		cmocka_unit_test(meters_do_not_contradict_each_other),
		cmocka_unit_test(a_meter_is_asked_once),
		cmocka_unit_test(a_meter_is_reached_by_network_or_serial_line),
		cmocka_unit_test(pauses_are_those_of_the_profile_unless_they_are_given),
		cmocka_unit_test(a_port_in_the_host_is_refused_with_a_hint),
		cmocka_unit_test(meters_of_one_connection_agree_about_it),
		cmocka_unit_test(one_device_is_several_sources_by_several_profiles),
		cmocka_unit_test(meters_may_share_zone_role_and_address_in_part),
		cmocka_unit_test(more_than_500_meters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
