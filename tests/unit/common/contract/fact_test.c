#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/contract/fact.h"
#include "common/base/utf8.h"
#include "tests/unit/common/seed.h"

#define PULSE_RECORD                                                                               \
	"{\"t\":1764000000123,\"stream\":\"9f3c0123456789ab\",\"seq\":8812,\"mark\":\"top10\","    \
	"\"pulses\":1234567,\"off_peak\":false,\"peak\":true}"
#define ENERGY_RECORD                                                                              \
	"{\"t\":1764000000123,\"stream\":\"9f3c0123456789ab\",\"seq\":4711,\"wh\":812345678.25}"
#define PULSE_LIVE  "{\"t\":1764000000123,\"pulses\":1234567,\"interval_us\":612400}"
#define ENERGY_LIVE "{\"t\":1764000000123,\"power_w\":48210.5,\"wh\":812345678.25}"
#define PAC_ABOUT                                                                                  \
	"{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"self\",\"label\":\"Self\","   \
	"\"nominal_w\":60000,\"role\":\"part\"}"
#define PULSE_ABOUT                                                                                \
	"{\"kind\":\"pulse\",\"medium\":\"electricity\",\"zone\":\"global\",\"label\":\"Global\"," \
	"\"nominal_w\":480000,\"role\":\"main\",\"wh_per_pulse\":80}"
#define GAS_ABOUT                                                                                  \
	"{\"kind\":\"pulse\",\"medium\":\"gas\",\"zone\":\"gaz-cuisine\",\"label\":\"Gaz "         \
	"cuisine\",\"nominal_w\":null,\"role\":\"part\",\"m3_per_pulse\":0.1,\"kwh_per_m3\":11.2}"

/* Decodes a copy of exactly `size` bytes, so that a sanitizer sees every byte read beyond. */
#define DECODE(decode, into, payload, size, ...)                                                   \
	({                                                                                         \
		char *exact_ = malloc((size) ? (size) : 1);                                        \
		bool decoded_;                                                                     \
                                                                                                   \
		memcpy(exact_, payload, size);                                                     \
		decoded_ = decode(into, exact_, size, ##__VA_ARGS__);                              \
		free(exact_);                                                                      \
		decoded_;                                                                          \
	})

/* -------- the contract's own examples -------- */

static struct record record_of(const char *payload)
{
	struct record record;
	struct fail fail = {0};

	if (!DECODE(record_decode, &record, payload, strlen(payload), &fail))
		fail_msg("%s: %s", payload, fail.text);
	assert_string_equal(fail.text, "");
	return record;
}

static struct live live_of(const char *payload)
{
	struct live live;
	struct fail fail = {0};

	if (!DECODE(live_decode, &live, payload, strlen(payload), &fail))
		fail_msg("%s: %s", payload, fail.text);
	return live;
}

static struct about about_of(const char *payload)
{
	struct about about;
	struct fail fail = {0};

	if (!DECODE(about_decode, &about, payload, strlen(payload), &fail))
		fail_msg("%s: %s", payload, fail.text);
	return about;
}

static void a_pulse_record_is_read(void **state)
{
	struct record record = record_of(PULSE_RECORD);

	(void)state;
	assert_int_equal(record.t, INT64_C(1764000000123));
	assert_string_equal(record.stream, "9f3c0123456789ab");
	assert_int_equal(record.seq, 8812);
	assert_true(record.is_pulse);
	assert_int_equal(record.pulses, 1234567);
	assert_int_equal(record.mark, MARK_TOP10);
	assert_int_equal(record.off_peak, NO);
	assert_int_equal(record.peak, YES);
	assert_int_equal(record.blind_ms, 0);
	assert_int_equal(record.lost, 0);
}

static void an_energy_record_is_read(void **state)
{
	struct record record = record_of(ENERGY_RECORD);

	(void)state;
	assert_false(record.is_pulse);
	assert_int_equal(record.seq, 4711);
	assert_true(record.wh == 812345678.25);
	assert_int_equal(record.mark, MARK_NONE);
	assert_int_equal(record.off_peak, UNKNOWN);
	assert_int_equal(record.peak, UNKNOWN);
}

static void an_index_may_come_without_a_decimal_point(void **state)
{
	(void)state;
	assert_true(record_of("{\"t\":0,\"stream\":\"0000000000000000\",\"seq\":1,\"wh\":7}").wh ==
		    7);
	assert_true(live_of("{\"t\":0,\"power_w\":7,\"wh\":8}").power_w == 7);
	assert_true(live_of("{\"t\":0,\"pulses\":1,\"interval_us\":612400.5}").interval_us ==
		    612400.5);
}

static void every_mark_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(mark_name(MARK_TOP10), "top10");
	assert_string_equal(mark_name(MARK_MINUTE), "minute");
	assert_string_equal(mark_name(MARK_CONTACTS), "contacts");
	assert_string_equal(mark_name(MARK_START), "start");
	assert_string_equal(mark_name(MARK_STOP), "stop");
	assert_null(mark_name(MARK_NONE));
}

static void a_record_has_the_number_of_the_one_before_it(void **state)
{
	struct record record = record_of("{\"t\":1,\"stream\":\"9f3c0123456789ab\",\"seq\":9,"
					 "\"prev\":5,\"wh\":7}");

	(void)state;
	assert_true(record.has_prev);
	assert_int_equal(record.prev, 5);
	record = record_of("{\"t\":1,\"stream\":\"9f3c0123456789ab\",\"seq\":1,\"prev\":0,"
			   "\"wh\":7}");
	assert_true(record.has_prev);
	assert_int_equal(record.prev, 0);
	assert_false(record_of(ENERGY_RECORD).has_prev);
}

static void a_record_has_blindness_and_losses(void **state)
{
	struct record record =
		record_of("{\"t\":1,\"stream\":\"9f3c0123456789ab\",\"seq\":1,\"mark\":\"start\","
			  "\"pulses\":0,"
			  "\"off_peak\":null,\"peak\":null,\"blind_ms\":5320,\"lost\":3}");

	(void)state;
	assert_int_equal(record.mark, MARK_START);
	assert_int_equal(record.off_peak, UNKNOWN);
	assert_int_equal(record.peak, UNKNOWN);
	assert_int_equal(record.blind_ms, 5320);
	assert_int_equal(record.lost, 3);
}

static void live_readings_are_read(void **state)
{
	struct live live = live_of(PULSE_LIVE);

	(void)state;
	assert_true(live.is_pulse);
	assert_int_equal(live.t, INT64_C(1764000000123));
	assert_int_equal(live.pulses, 1234567);
	assert_true(live.interval_us == 612400);
	assert_true(isnan(live.power_w) && isnan(live.wh));
	live = live_of(ENERGY_LIVE);
	assert_false(live.is_pulse);
	assert_true(live.power_w == 48210.5);
	assert_true(live.wh == 812345678.25);
	assert_true(isnan(live.interval_us));
}

static void what_a_meter_could_not_give_is_not_a_number(void **state)
{
	struct live live = live_of("{\"t\":1,\"power_w\":null,\"wh\":null}");

	(void)state;
	assert_true(isnan(live.power_w) && isnan(live.wh));
	assert_true(isnan(live_of("{\"t\":1,\"wh\":5}").power_w));
	assert_true(isnan(live_of("{\"t\":1,\"pulses\":5}").interval_us));
	assert_true(isnan(live_of("{\"t\":1,\"pulses\":5,\"interval_us\":null}").interval_us));
}

static void the_largest_values_are_allowed(void **state)
{
	struct record record = record_of("{\"t\":253402300799999,\"stream\":\"ffffffffffffffff\","
					 "\"seq\":9223372036854775807,\"mark\":\"stop\","
					 "\"pulses\":9000000000000000,\"lost\":9000000000000000}");

	(void)state;
	assert_int_equal(record.t, FACT_TIME_MAX);
	assert_int_equal(record.seq, INT64_MAX);
	assert_int_equal(record.pulses, INT64_C(9000000000000000));
	assert_int_equal(record.lost, INT64_C(9000000000000000));
	assert_true(live_of("{\"t\":0,\"wh\":9000000000000}").wh == 9e12);
	assert_true(live_of("{\"t\":0,\"wh\":9e12}").wh == 9e12);
}

static void power_may_flow_backwards(void **state)
{
	(void)state;
	assert_true(live_of("{\"t\":1,\"power_w\":-48210.5,\"wh\":0}").power_w == -48210.5);
}

static void sources_say_what_they_are(void **state)
{
	struct about about = about_of(PAC_ABOUT);

	(void)state;
	assert_string_equal(about.kind, "pac3200");
	assert_string_equal(about.medium, "electricity");
	assert_string_equal(about.zone, "self");
	assert_string_equal(about.label, "Self");
	assert_true(about.nominal_w == 60000);
	assert_int_equal(about.role, ROLE_PART);
	assert_false(about_is_pulse(&about));
	assert_true(isnan(about.wh_per_pulse) && isnan(about.m3_per_pulse));

	about = about_of(PULSE_ABOUT);
	assert_true(about_is_pulse(&about));
	assert_int_equal(about.role, ROLE_MAIN);
	assert_true(about.wh_per_pulse == 80);
	assert_true(isnan(about.min_interval_us));

	about = about_of(GAS_ABOUT);
	assert_true(isnan(about.nominal_w));
	assert_true(about.m3_per_pulse == 0.1);
	assert_true(about.kwh_per_m3 == 11.2);
}

static void a_source_without_a_label_goes_by_its_zone(void **state)
{
	(void)state;
	assert_string_equal(about_of("{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":"
				     "\"self\",\"role\":\"part\"}")
				    .label,
			    "self");
	assert_string_equal(about_of("{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":"
				     "\"self\",\"label\":null,\"role\":\"part\"}")
				    .label,
			    "self");
}

static void fields_that_are_not_known_are_ignored(void **state)
{
	struct record record = record_of(
		"{\"firmware\":{\"a\":[1,{}]},\"t\":1,\"stream\":\"9f3c0123456789ab\",\"seq\":1,"
		"\"wh\":5,\"quality\":\"good\"}");

	(void)state;
	assert_true(record.wh == 5);
}

/* -------- refusals -------- */

#define STREAM			     "\"stream\":\"9f3c0123456789ab\","
#define RECORD(t, stream, seq, rest) "{\"t\":" t ",\"stream\":" stream ",\"seq\":" seq "," rest "}"
#define TAIL			     "\"mark\":\"top10\",\"pulses\":1"
#define PULSE(rest)		     "{\"t\":1," STREAM "\"seq\":1," rest "}"
#define TIME_EXPECTED		     "whole milliseconds since 1970, up to the year 9999"
#define COUNT_EXPECTED		     "a whole number from 0 to 9e15"

struct refusal {
	const char *payload;
	const char *reason;
};

static const struct refusal record_refusals[] = {
	{PULSE("\"mark\":\"top10\""), "expected one of pulses and wh, found neither"},
	{PULSE(TAIL ",\"wh\":1"), "expected one of pulses and wh, found both"},
	{PULSE(TAIL ",\"wh\":null"), "expected one of pulses and wh, found both"},
	{"{\"pulses\":1}", "t: expected " TIME_EXPECTED ", found nothing"},
	{RECORD("-1", "\"9f3c0123456789ab\"", "1", TAIL),
	 "t: expected " TIME_EXPECTED ", found -1"},
	{RECORD("1.5", "\"9f3c0123456789ab\"", "1", TAIL),
	 "t: expected " TIME_EXPECTED ", found 1.5"},
	{RECORD("5.0", "\"9f3c0123456789ab\"", "1", TAIL),
	 "t: expected " TIME_EXPECTED ", found 5.0"},
	{RECORD("253402300800000", "\"9f3c0123456789ab\"", "1", TAIL),
	 "t: expected " TIME_EXPECTED ", found 253402300800000"},
	{RECORD("\"1\"", "\"9f3c0123456789ab\"", "1", TAIL),
	 "t: expected " TIME_EXPECTED ", found \"1\""},
	{RECORD("1", "\"9f3c0123456789a\"", "1", TAIL),
	 "stream: expected 16 digits 0-9 and a-f, found \"9f3c0123456789a\""},
	{RECORD("1", "\"9f3c0123456789abc\"", "1", TAIL),
	 "stream: expected 16 digits 0-9 and a-f, found \"9f3c0123456789abc\""},
	{RECORD("1", "\"9F3C0123456789AB\"", "1", TAIL),
	 "stream: expected 16 digits 0-9 and a-f, found \"9F3C0123456789AB\""},
	{RECORD("1", "12345", "1", TAIL), "stream: expected 16 digits 0-9 and a-f, found 12345"},
	{RECORD("1", "\"9f3c0123456789ab\"", "-3", TAIL),
	 "seq: expected a whole number of 1 or more, found -3"},
	{RECORD("1", "\"9f3c0123456789ab\"", "0", TAIL),
	 "seq: expected a whole number of 1 or more, found 0"},
	{RECORD("1", "\"9f3c0123456789ab\"", "1e3", TAIL),
	 "seq: expected a whole number of 1 or more, found 1000.0"},
	{PULSE("\"mark\":\"top10\",\"pulses\":-1"),
	 "pulses: expected " COUNT_EXPECTED ", found -1"},
	{PULSE("\"mark\":\"top10\",\"pulses\":9000000000000001"),
	 "pulses: expected " COUNT_EXPECTED ", found 9000000000000001"},
	{PULSE("\"mark\":\"top10\",\"pulses\":1.5"),
	 "pulses: expected " COUNT_EXPECTED ", found 1.5"},
	{PULSE("\"mark\":\"top10\",\"pulses\":null"),
	 "pulses: expected " COUNT_EXPECTED ", found null"},
	{PULSE("\"pulses\":1"),
	 "mark: expected top10, minute, contacts, start or stop, found nothing"},
	{PULSE("\"mark\":\"top\",\"pulses\":1"),
	 "mark: expected top10, minute, contacts, start or stop, found \"top\""},
	{PULSE("\"mark\":5,\"pulses\":1"),
	 "mark: expected top10, minute, contacts, start or stop, found 5"},
	{PULSE(TAIL ",\"off_peak\":1"), "off_peak: expected true, false or null, found 1"},
	{PULSE(TAIL ",\"peak\":\"no\""), "peak: expected true, false or null, found \"no\""},
	{PULSE(TAIL ",\"blind_ms\":-1"), "blind_ms: expected " COUNT_EXPECTED ", found -1"},
	{PULSE(TAIL ",\"lost\":0.5"), "lost: expected " COUNT_EXPECTED ", found 0.5"},
	{PULSE(TAIL ",\"index_set\":5"), "index_set: expected an object {…}, found 5"},
	{PULSE(TAIL ",\"index_set\":{\"from\":-1,\"to\":1,\"by\":\"a\"}"),
	 "index_set.from: expected " COUNT_EXPECTED ", found -1"},
	{PULSE(TAIL ",\"index_set\":{\"from\":1,\"to\":2,\"by\":\"a\"}"),
	 "index_set.to: expected the same as pulses, found 2"},
	{PULSE(TAIL ",\"index_set\":{\"from\":1,\"to\":1}"),
	 "index_set.by: expected " LABEL_EXPECTED ", found nothing"},
	{PULSE("\"wh\":1,\"index_set\":{\"from\":1,\"to\":1,\"by\":\"a\"}"),
	 "index_set: expected together with pulses only"},
	{PULSE(TAIL ",\"lost_possible\":1"),
	 "lost_possible: expected true, false or null, found 1"},
	{PULSE(TAIL ",\"prev\":-1"),
	 "prev: expected a whole number of 0 or more, below seq, found -1"},
	{PULSE(TAIL ",\"prev\":1"),
	 "prev: expected a whole number of 0 or more, below seq, found 1"},
	{PULSE("\"wh\":-0.5"), "wh: expected a number from 0 to 9e12, found -0.5"},
	{PULSE("\"wh\":9000000000001"),
	 "wh: expected a number from 0 to 9e12, found 9000000000001"},
	{PULSE("\"wh\":null"), "wh: expected a number from 0 to 9e12, found null"},
	{PULSE("\"wh\":\"5\""), "wh: expected a number from 0 to 9e12, found \"5\""},
	{PULSE("\"wh\":[5]"), "wh: expected a number from 0 to 9e12, found an array"},
	{PULSE("\"wh\":true"), "wh: expected a number from 0 to 9e12, found true"},
};

static const struct refusal live_refusals[] = {
	{"{\"t\":1}", "expected either pulses or power_w and wh, found neither"},
	{"{\"t\":1,\"pulses\":1,\"wh\":1}", "expected either pulses or power_w and wh, found both"},
	{"{\"pulses\":1}", "t: expected " TIME_EXPECTED ", found nothing"},
	{"{\"t\":1,\"pulses\":1,\"interval_us\":0}",
	 "interval_us: expected a number above 0, or null, found 0"},
	{"{\"t\":1,\"pulses\":1,\"interval_us\":-0.5}",
	 "interval_us: expected a number above 0, or null, found -0.5"},
	{"{\"t\":1,\"pulses\":1,\"interval_us\":\"x\"}",
	 "interval_us: expected a number above 0, or null, found \"x\""},
	{"{\"t\":1,\"power_w\":\"5\",\"wh\":1}", "power_w: expected a number or null, found \"5\""},
	{"{\"t\":1,\"power_w\":false,\"wh\":1}", "power_w: expected a number or null, found false"},
	{"{\"t\":1,\"power_w\":5,\"wh\":-1}",
	 "wh: expected a number from 0 to 9e12, or null, found -1"},
};

#define ABOUT(kind, rest)                                                                          \
	"{\"kind\":\"" kind "\",\"medium\":\"gas\",\"zone\":\"z\",\"role\":\"part\"" rest "}"

static const struct refusal about_refusals[] = {
	{"{}", "kind: expected " ID_EXPECTED ", found nothing"},
	{ABOUT("Pulse", ""), "kind: expected " ID_EXPECTED ", found \"Pulse\""},
	{"{\"kind\":\"x\",\"medium\":7}", "medium: expected " ID_EXPECTED ", found 7"},
	{"{\"kind\":\"x\",\"medium\":\"gas\",\"zone\":\"a/b\"}",
	 "zone: expected " ID_EXPECTED ", found \"a/b\""},
	{"{\"kind\":\"x\",\"medium\":\"gas\",\"zone\":\"z\"}",
	 "role: expected main or part, found nothing"},
	{"{\"kind\":\"x\",\"medium\":\"gas\",\"zone\":\"z\",\"role\":\"Main\"}",
	 "role: expected main or part, found \"Main\""},
	{ABOUT("x", ",\"label\":\"\""), "label: expected " LABEL_EXPECTED ", found \"\""},
	{ABOUT("x", ",\"label\":\"a\\nb\""), "label: expected " LABEL_EXPECTED ", found \"a?b\""},
	{ABOUT("x", ",\"label\":5"), "label: expected " LABEL_EXPECTED ", found 5"},
	{ABOUT("x", ",\"nominal_w\":0"), "nominal_w: expected a number above 0, or null, found 0"},
	{ABOUT("x", ",\"nominal_w\":-5"),
	 "nominal_w: expected a number above 0, or null, found -5"},
	{ABOUT("pulse", ""), "expected one of wh_per_pulse and m3_per_pulse, found neither"},
	{ABOUT("pulse", ",\"wh_per_pulse\":null"),
	 "expected one of wh_per_pulse and m3_per_pulse, found neither"},
	{ABOUT("pulse", ",\"wh_per_pulse\":1,\"m3_per_pulse\":1"),
	 "expected one of wh_per_pulse and m3_per_pulse, found both"},
	{ABOUT("pulse", ",\"wh_per_pulse\":0"),
	 "wh_per_pulse: expected a number above 0, or null, found 0"},
	{ABOUT("pulse", ",\"m3_per_pulse\":-1"),
	 "m3_per_pulse: expected a number above 0, or null, found -1"},
	{ABOUT("pulse", ",\"m3_per_pulse\":1,\"kwh_per_m3\":0"),
	 "kwh_per_m3: expected a number above 0, or null, found 0"},
	{ABOUT("pulse", ",\"wh_per_pulse\":1,\"kwh_per_m3\":11"),
	 "kwh_per_m3: expected together with m3_per_pulse only"},
	{ABOUT("pulse", ",\"wh_per_pulse\":1,\"modulus_wh\":10"),
	 "modulus_wh: expected modulus_pulses with kind pulse"},
	{ABOUT("pac3200", ",\"modulus_pulses\":10"),
	 "modulus_pulses: expected modulus_wh with kind pac3200"},
	{ABOUT("pac3200", ",\"modulus_wh\":0"),
	 "modulus_wh: expected a whole number from 1 to 9e12, found 0"},
	{ABOUT("pulse", ",\"wh_per_pulse\":1,\"min_interval_us\":0"),
	 "min_interval_us: expected a number above 0, or null, found 0"},
	{ABOUT("x", ",\"interval_ms\":0"),
	 "interval_ms: expected whole milliseconds from 1 to 86400000 (a day), found 0"},
	{ABOUT("x", ",\"interval_ms\":86400001"),
	 "interval_ms: expected whole milliseconds from 1 to 86400000 (a day), found 86400001"},
	{ABOUT("x", ",\"max_w\":0"), "max_w: expected a whole number from 1 to 1e15, found 0"},
	{ABOUT("x", ",\"max_w\":60000.5"),
	 "max_w: expected a whole number from 1 to 1e15, found 60000.5"},
	{ABOUT("x", ",\"wh_per_pulse\":1"),
	 "wh_per_pulse: expected with kind pulse only, found kind x"},
	{ABOUT("x", ",\"m3_per_pulse\":1"),
	 "m3_per_pulse: expected with kind pulse only, found kind x"},
};

#define ASSERT_REFUSED(decode, type, refusals)                                                     \
	for (size_t i = 0; i < sizeof(refusals) / sizeof((refusals)[0]); i++) {                    \
		const char *payload = (refusals)[i].payload;                                       \
		struct fail fail = {0};                                                            \
		struct type fact;                                                                  \
                                                                                                   \
		if (DECODE(decode, &fact, payload, strlen(payload), &fail))                        \
			fail_msg("accepted: %s", payload);                                         \
		assert_string_equal(fail.text, (refusals)[i].reason);                              \
	}

static void what_a_record_need_not_say_may_be_null(void **state)
{
	struct record record;
	struct fail fail = {0};
	const char *payload = PULSE(TAIL ",\"lost\":null,\"blind_ms\":null,\"lost_possible\":null");

	(void)state;
	assert_true(DECODE(record_decode, &record, payload, strlen(payload), &fail));
	assert_int_equal(record.lost, 0);
	assert_int_equal(record.blind_ms, 0);
	assert_false(record.lost_possible);
}

static void wrong_records_are_refused_with_field_and_expectation(void **state)
{
	(void)state;
	ASSERT_REFUSED(record_decode, record, record_refusals);
}

static void wrong_live_readings_are_refused_with_field_and_expectation(void **state)
{
	(void)state;
	ASSERT_REFUSED(live_decode, live, live_refusals);
}

static void wrong_announcements_are_refused_with_field_and_expectation(void **state)
{
	(void)state;
	ASSERT_REFUSED(about_decode, about, about_refusals);
}

/* Gives a payload to every decoder; all must refuse it, with a reason. */
static void assert_refused_by_all(const char *payload, size_t size)
{
	struct fail fails[4] = {0};
	struct record record;
	struct live live;
	struct about about;
	bool online;

	assert_false(DECODE(record_decode, &record, payload, size, &fails[0]));
	assert_false(DECODE(live_decode, &live, payload, size, &fails[1]));
	assert_false(DECODE(about_decode, &about, payload, size, &fails[2]));
	assert_false(DECODE(status_decode, &online, payload, size, &fails[3]));
	for (int i = 0; i < 4; i++)
		assert_true(fails[i].text[0] && utf8_printable(fails[i].text));
}

#define REFUSED_BY_ALL(payload) assert_refused_by_all(payload, sizeof(payload) - 1)

static void what_is_no_json_object_is_refused(void **state)
{
	static char deep[2 * 100000];

	(void)state;
	REFUSED_BY_ALL("");
	REFUSED_BY_ALL("\0");
	REFUSED_BY_ALL("null");
	REFUSED_BY_ALL("[]");
	REFUSED_BY_ALL("\"online\"");
	REFUSED_BY_ALL(PULSE_RECORD "x");
	REFUSED_BY_ALL(PULSE_RECORD "\0");
	REFUSED_BY_ALL(PULSE_RECORD PULSE_RECORD);
	REFUSED_BY_ALL("\xef\xbb\xbf" PULSE_RECORD);
	REFUSED_BY_ALL("{\"t\":1,\"t\":1,\"pulses\":1}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":1,\"x\":\"\xc3\x28\"}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":1,\"x\":\"\xed\xa0\x80\"}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":1,\"x\":\"a\0b\"}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":1,\"x\":\"\\u0000\"}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":1,\"x\":1e999}");
	REFUSED_BY_ALL("{\"t\":99999999999999999999999,\"pulses\":1}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":NaN}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":01}");
	REFUSED_BY_ALL("{\"t\":1,\"pulses\":+1}");
	for (size_t i = 0; i < sizeof(deep); i += 2)
		memcpy(deep + i, "[[", 2);
	assert_refused_by_all(deep, sizeof(deep));
	for (size_t i = 0; i + 5 <= sizeof(deep); i += 5)
		memcpy(deep + i, "{\"a\":", 5);
	assert_refused_by_all(deep, sizeof(deep));
}

static void a_status_is_online_or_offline_and_nothing_else(void **state)
{
	static const char *const wrong[] = {"",	       "Online",    "online ", "onlin",
					    "onlinee", "offline\n", "offlin",  "true"};
	bool online = false;

	(void)state;
	assert_true(DECODE(status_decode, &online, "online", 6, NULL));
	assert_true(online);
	assert_true(DECODE(status_decode, &online, "offline", 7, NULL));
	assert_false(online);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fail fail = {0};

		assert_false(DECODE(status_decode, &online, wrong[i], strlen(wrong[i]), &fail));
		assert_memory_equal(fail.text, "expected online or offline", 26);
	}
}

/* -------- the numbers of a record that is wrong in everything else -------- */

static bool number_of(struct record *record, const char *payload)
{
	return DECODE(record_decode_number, record, payload, strlen(payload));
}

static void a_wrong_record_has_a_number(void **state)
{
	struct record record;

	(void)state;
	assert_true(number_of(&record, "{\"stream\":\"9f3c0123456789ab\",\"seq\":7,\"prev\":3,"
				       "\"t\":-1,\"wh\":\"much\"}"));
	assert_string_equal(record.stream, "9f3c0123456789ab");
	assert_int_equal(record.seq, 7);
	assert_true(record.has_prev);
	assert_int_equal(record.prev, 3);
	assert_true(number_of(&record, "{\"stream\":\"9f3c0123456789ab\",\"seq\":7,\"prev\":7}"));
	assert_int_equal(record.seq, 7);
	assert_false(record.has_prev);
	assert_false(number_of(&record, "{\"stream\":\"9f3c0123456789ab\",\"seq\":0,\"prev\":0}"));
	assert_false(number_of(&record, "{\"stream\":\"9f3c0123456789ab\",\"seq\":0}"));
	assert_false(number_of(&record, "{\"stream\":\"9f3c\",\"seq\":7}"));
	assert_false(number_of(&record, "{\"stream\":\"9f3c0123456789ab\",\"seq\":7"));
}

static void announcements_are_equal_when_every_field_is(void **state)
{
	struct about pac = about_of(PAC_ABOUT), other = about_of(PAC_ABOUT);

	(void)state;
	assert_true(about_equal(&pac, &other));
	other.modulus_wh = 5;
	assert_false(about_equal(&pac, &other));
	other = pac;
	other.interval_ms = 5000;
	assert_false(about_equal(&pac, &other));
	other = pac;
	other.max_w = 60000;
	assert_false(about_equal(&pac, &other));
	other = pac;
	other.nominal_w = NAN;
	assert_false(about_equal(&pac, &other));
	pac.nominal_w = NAN;
	assert_true(about_equal(&pac, &other));
	strcpy(other.label, "self");
	assert_false(about_equal(&pac, &other));
}

/* -------- encoding -------- */

static void assert_text(char *text, const char *expected)
{
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void the_contracts_examples_come_out_as_they_went_in(void **state)
{
	struct record pulse = record_of(PULSE_RECORD);
	struct record energy = record_of(ENERGY_RECORD);
	struct live pulse_live = live_of(PULSE_LIVE);
	struct live energy_live = live_of(ENERGY_LIVE);
	struct about pac = about_of(PAC_ABOUT);
	struct about main_meter = about_of(PULSE_ABOUT);
	struct about gas = about_of(GAS_ABOUT);

	(void)state;
	assert_text(record_encode(&pulse), PULSE_RECORD);
	assert_text(record_encode(&energy), ENERGY_RECORD);
	assert_text(live_encode(&pulse_live), PULSE_LIVE);
	assert_text(live_encode(&energy_live), ENERGY_LIVE);
	assert_text(about_encode(&pac), PAC_ABOUT);
	assert_text(about_encode(&main_meter), PULSE_ABOUT);
	assert_text(about_encode(&gas), GAS_ABOUT);
}

static void an_ack_names_a_stream_and_a_number(void **state)
{
	static const char *const wrong[] = {
		"{\"stream\":\"0123456789abcdef\",\"seq\":-1}",
		"{\"stream\":\"0123456789abcdef\",\"seq\":1.5}",
		"{\"stream\":\"0123456789abcdef\"}",
		"{\"stream\":\"0123456789ABCDEF\",\"seq\":1}",
		"{\"seq\":1}",
		"8812",
		"",
	};
	static const char right[] = "{\"stream\":\"0123456789abcdef\",\"seq\":8812}";
	struct ack ack;

	(void)state;
	assert_true(DECODE(ack_decode, &ack, right, strlen(right), NULL));
	assert_string_equal(ack.stream, "0123456789abcdef");
	assert_int_equal(ack.seq, 8812);
	assert_text(ack_encode(&ack), right);
	assert_true(ack_decode(&ack, "{\"stream\":\"0123456789abcdef\",\"seq\":0}", 37, NULL));
	assert_int_equal(ack.seq, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fail fail = {0};

		assert_false(DECODE(ack_decode, &ack, wrong[i], strlen(wrong[i]), &fail));
		assert_int_not_equal(fail.text[0], '\0');
	}
}

static void what_is_unknown_is_null(void **state)
{
	struct program_about program = {.program = "collector-pac",
					.version = "1.2.0",
					.clock_known = true,
					.started = 1764000000123,
					.waiting = 1,
					.downsampled = 2,
					.undated = 3,
					.withheld = 4,
					.trouble = "the disk is full"};
	struct live pulse = {.t = 5, .is_pulse = true, .pulses = 7, .interval_us = NAN};
	struct live energy = {.t = 5, .power_w = NAN, .wh = NAN};
	struct record record = {.t = 5,
				.stream = "0123456789abcdef",
				.seq = 1,
				.is_pulse = true,
				.mark = MARK_START,
				.off_peak = UNKNOWN,
				.peak = UNKNOWN,
				.blind_ms = 5320,
				.lost = 3,
				.lost_possible = true};
	struct about water = {.kind = "pulse",
			      .medium = "water",
			      .zone = "eau",
			      .label = "Eau",
			      .nominal_w = NAN,
			      .role = ROLE_PART,
			      .wh_per_pulse = NAN,
			      .m3_per_pulse = 0.01,
			      .kwh_per_m3 = NAN,
			      .min_interval_us = 100000};

	(void)state;
	assert_text(live_encode(&pulse), "{\"t\":5,\"pulses\":7,\"interval_us\":null}");
	assert_text(live_encode(&energy), "{\"t\":5,\"power_w\":null,\"wh\":null}");
	assert_text(record_encode(&record),
		    "{\"t\":5,\"stream\":\"0123456789abcdef\",\"seq\":1,\"mark\":\"start\","
		    "\"pulses\":0,\"off_peak\":null,\"peak\":null,\"blind_ms\":5320,\"lost\":3,"
		    "\"lost_possible\":true}");
	record.has_prev = true;
	assert_text(
		record_encode(&record),
		"{\"t\":5,\"stream\":\"0123456789abcdef\",\"seq\":1,\"prev\":0,\"mark\":\"start\","
		"\"pulses\":0,\"off_peak\":null,\"peak\":null,\"blind_ms\":5320,\"lost\":3,"
		"\"lost_possible\":true}");
	assert_text(about_encode(&water),
		    "{\"kind\":\"pulse\",\"medium\":\"water\",\"zone\":\"eau\",\"label\":\"Eau\","
		    "\"nominal_w\":null,\"role\":\"part\",\"m3_per_pulse\":0.01,"
		    "\"kwh_per_m3\":null,\"min_interval_us\":100000}");
	assert_text(
		program_about_encode(&program),
		"{\"program\":\"collector-pac\",\"version\":\"1.2.0\","
		"\"started\":1764000000123,\"outbox\":{\"waiting\":1,\"thinned\":2,\"undated\":3,"
		"\"withheld\":4,\"trouble\":\"the disk is full\"}}");
	program = (struct program_about){.program = "a", .version = "b"};
	assert_text(program_about_encode(&program),
		    "{\"program\":\"a\",\"version\":\"b\",\"started\":null,\"outbox\":"
		    "{\"waiting\":0,\"thinned\":0,\"undated\":0,\"withheld\":0,\"trouble\":null}}");
}

/* -------- properties -------- */

static double random_index(void)
{
	return seed_below(2) ? (double)seed_any_size(INT64_C(9000000000000))
			     : seed_fraction() * 9e12 / (double)(1 + seed_any_size(1000000000));
}

static struct record random_record(void)
{
	struct record record = {
		.t = seed_any_size(FACT_TIME_MAX),
		.seq = 1 + seed_any_size(INT64_MAX - 1),
		.has_prev = seed_below(2),
		.is_pulse = seed_below(2),
		.mark = MARK_NONE,
		.off_peak = UNKNOWN,
		.peak = UNKNOWN,
		.blind_ms = seed_below(4) ? 0 : seed_any_size(INT64_C(9000000000000000)),
		.lost = seed_below(4) ? 0 : seed_any_size(1000000),
		.lost_possible = seed_below(4) == 0,
	};

	if (record.has_prev)
		record.prev = seed_any_size(record.seq - 1);
	snprintf(record.stream, sizeof(record.stream), "%016" PRIx64, seed_next());
	if (record.is_pulse) {
		record.pulses = seed_any_size(INT64_C(9000000000000000));
		record.mark = (enum mark)seed_below(MARK_NONE);
		record.off_peak = (enum tristate)seed_below(3);
		record.peak = (enum tristate)seed_below(3);
		record.index_set = seed_below(2);
	} else {
		record.wh = random_index();
	}
	if (record.index_set) {
		record.index_from = seed_any_size(INT64_C(9000000000000000));
		strcpy(record.index_by, "Anna \"É\" O'Neill");
	}
	return record;
}

static void every_record_comes_back_to_the_last_bit(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		struct record record = random_record();
		char *text = record_encode(&record);
		struct record back = record_of(text);

		assert_int_equal(back.t, record.t);
		assert_string_equal(back.stream, record.stream);
		assert_int_equal(back.seq, record.seq);
		assert_int_equal(back.has_prev, record.has_prev);
		assert_int_equal(back.prev, record.prev);
		assert_int_equal(back.is_pulse, record.is_pulse);
		assert_int_equal(back.pulses, record.pulses);
		assert_true(back.wh == record.wh);
		assert_int_equal(back.mark, record.mark);
		assert_int_equal(back.off_peak, record.off_peak);
		assert_int_equal(back.peak, record.peak);
		assert_int_equal(back.blind_ms, record.blind_ms);
		assert_int_equal(back.lost, record.lost);
		assert_int_equal(back.lost_possible, record.lost_possible);
		assert_int_equal(back.index_set, record.index_set);
		assert_int_equal(back.index_from, record.index_from);
		assert_string_equal(back.index_by, record.index_by);
		free(text);
	}
}

static double random_positive(bool may_be_unknown)
{
	if (may_be_unknown && seed_below(2))
		return NAN;
	return (double)(1 + seed_any_size(1000000000)) / (double)(1 + seed_any_size(1000));
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* live is for display and has 15 digits. */
static bool near(double a, double b)
{
	return same(a, b) || fabs(a - b) <= fabs(a) * 1e-14;
}

static void every_live_reading_comes_back_to_15_digits(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		struct live live = {
			.t = seed_any_size(FACT_TIME_MAX),
			.is_pulse = seed_below(2),
			.pulses = seed_any_size(INT64_C(9000000000000000)),
			.interval_us = random_positive(true),
			.power_w = seed_below(4) ? seed_fraction() * 1e6 - 5e5 : NAN,
			.wh = seed_below(4) ? random_index() : NAN,
		};
		char *text = live_encode(&live);
		struct live back = live_of(text);

		assert_int_equal(back.t, live.t);
		assert_int_equal(back.is_pulse, live.is_pulse);
		if (live.is_pulse) {
			assert_int_equal(back.pulses, live.pulses);
			assert_true(near(back.interval_us, live.interval_us));
		} else {
			assert_true(near(back.power_w, live.power_w));
			assert_true(near(back.wh, live.wh));
		}
		free(text);
	}
}

static void random_id(char id[ID_SIZE])
{
	static const char letters[] = "-0123456789abcdefghijklmnopqrstuvwxyz";
	size_t length = (size_t)(1 + seed_below(ID_SIZE - 1));

	for (size_t i = 0; i < length; i++)
		id[i] = letters[(i == 0) + seed_below((int64_t)sizeof(letters) - 1 - (i == 0))];
	id[length] = '\0';
}

static void random_label(char label[LABEL_SIZE])
{
	static const char *const characters[] = {"a", "\"", "\\", "é", "€", "⚡", "🏫", " ", "/"};
	size_t wanted = (size_t)(1 + seed_below(LABEL_SIZE - 5));
	size_t length = 0;

	while (length < wanted) {
		const char *next = characters[seed_below(sizeof(characters) / sizeof(char *))];

		memcpy(label + length, next, strlen(next) + 1);
		length += strlen(next);
	}
}

static void every_announcement_comes_back(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		struct about about = {
			.nominal_w = random_positive(true),
			.role = (enum role)seed_below(2),
			.wh_per_pulse = NAN,
			.m3_per_pulse = NAN,
			.kwh_per_m3 = NAN,
			.min_interval_us = random_positive(true),
		};
		struct about back;
		char *text;

		random_id(about.kind);
		random_id(about.medium);
		random_id(about.zone);
		random_label(about.label);
		if (seed_below(2)) {
			memcpy(about.kind, "pulse", sizeof("pulse"));
			if (seed_below(2)) {
				about.wh_per_pulse = random_positive(false);
			} else {
				about.m3_per_pulse = random_positive(false);
				about.kwh_per_m3 = random_positive(true);
			}
		}
		if (seed_below(2) && about_is_pulse(&about))
			about.modulus_pulses = 1 + seed_any_size(INT64_C(9000000000000000) - 1);
		else if (seed_below(2) && !about_is_pulse(&about))
			about.modulus_wh = 1 + seed_any_size(INT64_C(9000000000000) - 1);
		if (seed_below(2))
			about.interval_ms = 1 + seed_any_size(FACT_INTERVAL_MS_MAX - 1);
		if (seed_below(2))
			about.max_w = 1 + seed_any_size(FACT_W_MAX - 1);
		text = about_encode(&about);
		back = about_of(text);
		assert_true(about_equal(&about, &back));
		assert_string_equal(back.kind, about.kind);
		assert_string_equal(back.medium, about.medium);
		assert_string_equal(back.zone, about.zone);
		assert_string_equal(back.label, about.label);
		assert_true(same(back.nominal_w, about.nominal_w));
		assert_int_equal(back.role, about.role);
		assert_true(same(back.wh_per_pulse, about.wh_per_pulse));
		assert_true(same(back.m3_per_pulse, about.m3_per_pulse));
		assert_true(same(back.kwh_per_m3, about.kwh_per_m3));
		assert_true(same(back.min_interval_us, about.min_interval_us));
		assert_int_equal(back.interval_ms, about.interval_ms);
		assert_int_equal(back.max_w, about.max_w);
		free(text);
	}
}

/* Decodes with all three; what is refused has a reason, what is accepted has none. */
static void decode_anything(const char *payload, size_t size)
{
	struct fail fails[3] = {0};
	struct record record;
	struct live live;
	struct about about;
	bool accepted[] = {
		DECODE(record_decode, &record, payload, size, &fails[0]),
		DECODE(live_decode, &live, payload, size, &fails[1]),
		DECODE(about_decode, &about, payload, size, &fails[2]),
	};

	for (int i = 0; i < 3; i++) {
		assert_int_equal(accepted[i], fails[i].text[0] == '\0');
		assert_true(utf8_printable(fails[i].text));
	}
	if (accepted[0]) {
		assert_true(record.t >= 0 && record.t <= FACT_TIME_MAX && record.seq >= 1);
		assert_true(record.pulses >= 0 && record.wh >= 0 && record.wh <= 9e12);
		assert_int_equal(strlen(record.stream), STREAM_SIZE - 1);
		assert_true(record.is_pulse == (record.mark != MARK_NONE));
	}
	if (accepted[1])
		assert_true(!isinf(live.power_w) && !(live.interval_us <= 0) && !(live.wh < 0));
	if (accepted[2])
		assert_true(id_valid(about.zone) && label_valid(about.label));
}

static void spoilt_payloads_never_crash_and_are_refused_with_a_reason(void **state)
{
	static const char *const valid[] = {PULSE_RECORD, ENERGY_RECORD, PULSE_LIVE, ENERGY_LIVE,
					    PAC_ABOUT,	  PULSE_ABOUT,	 GAS_ABOUT};

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 30000; i++) {
		char text[400];
		size_t size;

		snprintf(text, sizeof(text), "%s",
			 valid[seed_below(sizeof(valid) / sizeof(valid[0]))]);
		size = strlen(text);
		seed_mangle(text, size);
		if (seed_below(4) == 0)
			size = (size_t)seed_below((int64_t)size);
		decode_anything(text, size);
	}
}

static void random_bytes_never_crash_a_decoder(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 30000; i++) {
		char bytes[64];
		size_t size = (size_t)seed_below(sizeof(bytes));

		for (size_t n = 0; n < size; n++)
			bytes[n] = (char)seed_below(256);
		if (size && seed_below(2))
			bytes[0] = '{';
		decode_anything(bytes, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pulse_record_is_read),
		cmocka_unit_test(an_energy_record_is_read),
		cmocka_unit_test(an_index_may_come_without_a_decimal_point),
		cmocka_unit_test(every_mark_has_its_name),
		cmocka_unit_test(a_record_has_the_number_of_the_one_before_it),
		cmocka_unit_test(a_record_has_blindness_and_losses),
		cmocka_unit_test(live_readings_are_read),
		cmocka_unit_test(what_a_meter_could_not_give_is_not_a_number),
		cmocka_unit_test(the_largest_values_are_allowed),
		cmocka_unit_test(power_may_flow_backwards),
		cmocka_unit_test(sources_say_what_they_are),
		cmocka_unit_test(a_source_without_a_label_goes_by_its_zone),
		cmocka_unit_test(fields_that_are_not_known_are_ignored),
		cmocka_unit_test(what_a_record_need_not_say_may_be_null),
		cmocka_unit_test(wrong_records_are_refused_with_field_and_expectation),
		cmocka_unit_test(wrong_live_readings_are_refused_with_field_and_expectation),
		cmocka_unit_test(wrong_announcements_are_refused_with_field_and_expectation),
		cmocka_unit_test(what_is_no_json_object_is_refused),
		cmocka_unit_test(an_ack_names_a_stream_and_a_number),
		cmocka_unit_test(a_status_is_online_or_offline_and_nothing_else),
		cmocka_unit_test(the_contracts_examples_come_out_as_they_went_in),
		cmocka_unit_test(what_is_unknown_is_null),
		cmocka_unit_test(a_wrong_record_has_a_number),
		cmocka_unit_test(announcements_are_equal_when_every_field_is),
		cmocka_unit_test(every_record_comes_back_to_the_last_bit),
		cmocka_unit_test(every_live_reading_comes_back_to_15_digits),
		cmocka_unit_test(every_announcement_comes_back),
		cmocka_unit_test(spoilt_payloads_never_crash_and_are_refused_with_a_reason),
		cmocka_unit_test(random_bytes_never_crash_a_decoder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
