#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/contract/topic.h"
#include "common/base/utf8.h"
#include "tests/unit/common/seed.h"

static void every_topic_of_a_collector_is_taken_apart(void **state)
{
	static const struct {
		const char *text;
		enum topic_kind kind;
		const char *collector, *source;
	} cases[] = {
		{"wattzone/lycee/collector/meter/status", TOPIC_COLLECTOR_STATUS, "meter", ""},
		{"wattzone/lycee/collector/meter/about", TOPIC_COLLECTOR_ABOUT, "meter", ""},
		{"wattzone/lycee/collector/meter/ack", TOPIC_COLLECTOR_ACK, "meter", ""},
		{"wattzone/lycee/collector/meter/gaz-1/about", TOPIC_SOURCE_ABOUT, "meter",
		 "gaz-1"},
		{"wattzone/lycee/collector/meter/gaz-1/status", TOPIC_SOURCE_STATUS, "meter",
		 "gaz-1"},
		{"wattzone/lycee/collector/meter/gaz-1/live", TOPIC_SOURCE_LIVE, "meter", "gaz-1"},
		{"wattzone/lycee/collector/meter/gaz-1/record", TOPIC_SOURCE_RECORD, "meter",
		 "gaz-1"},
		{"wattzone/lycee/collector/status/about/live", TOPIC_SOURCE_LIVE, "status",
		 "about"},
	};
	struct topic topic;
	struct fail fail = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(topic_parse(&topic, "wattzone", "lycee", cases[i].text, &fail));
		assert_int_equal(topic.kind, cases[i].kind);
		assert_string_equal(topic.collector, cases[i].collector);
		assert_string_equal(topic.source, cases[i].source);
	}
	assert_string_equal(fail.text, "");
}

static void anything_else_below_the_site_is_the_rest(void **state)
{
	static const char text[] = "wattzone/lycee/set/zone/self/nominal_w";
	struct topic topic;

	(void)state;
	assert_true(topic_parse(&topic, "wattzone", "lycee", text, NULL));
	assert_int_equal(topic.kind, TOPIC_SITE);
	assert_ptr_equal(topic.rest, text + strlen("wattzone/lycee/"));
	assert_string_equal(topic.collector, "");
	assert_string_equal(topic.source, "");
	assert_true(topic_parse(&topic, "wattzone", "lycee", "wattzone/lycee/collector", NULL));
	assert_int_equal(topic.kind, TOPIC_SITE);
	assert_string_equal(topic.rest, "collector");
}

static void a_base_of_several_levels_is_one_base(void **state)
{
	struct topic topic;

	(void)state;
	assert_true(topic_parse(&topic, "fr/energy", "s", "fr/energy/s/collector/a/b/live", NULL));
	assert_int_equal(topic.kind, TOPIC_SOURCE_LIVE);
	assert_false(topic_parse(&topic, "fr/energy", "s", "fr/s/collector/a/b/live", NULL));
}

static void assert_refused(const char *text, const char *reason)
{
	struct topic topic;
	struct fail fail = {0};

	assert_false(topic_parse(&topic, "wattzone", "lycee", text, &fail));
	assert_string_equal(fail.text, reason);
}

static void what_is_not_below_the_site_is_refused(void **state)
{
	(void)state;
	assert_refused("wattzone/other/summary", "topic wattzone/other/summary: not below "
						 "wattzone/lycee/");
	assert_refused("wattzone/lycee2/x", "topic wattzone/lycee2/x: not below wattzone/lycee/");
	assert_refused("wattzones/lycee/x", "topic wattzones/lycee/x: not below wattzone/lycee/");
	assert_refused("wattzone/lycee", "topic wattzone/lycee: not below wattzone/lycee/");
	assert_refused("wattzone/lycee/", "topic wattzone/lycee/: not below wattzone/lycee/");
	assert_refused("wattzone", "topic wattzone: not below wattzone/lycee/");
	assert_refused("", "topic : not below wattzone/lycee/");
}

static void what_is_no_topic_of_a_collector_is_refused(void **state)
{
	(void)state;
	assert_refused("wattzone/lycee/collector/Meter/status",
		       "topic wattzone/lycee/collector/Meter/status: the collector's id is "
		       "not " ID_EXPECTED);
	assert_refused("wattzone/lycee/collector//status",
		       "topic wattzone/lycee/collector//status: the collector's id is "
		       "not " ID_EXPECTED);
	assert_refused("wattzone/lycee/collector/m//live",
		       "topic wattzone/lycee/collector/m//live: the source's id is "
		       "not " ID_EXPECTED);
	assert_refused("wattzone/lycee/collector/m",
		       "topic wattzone/lycee/collector/m: the collector's id is not " ID_EXPECTED);
	assert_refused("wattzone/lycee/collector/m/",
		       "topic wattzone/lycee/collector/m/: \"\" is none of status, about, ack");
	assert_refused("wattzone/lycee/collector/m/live",
		       "topic wattzone/lycee/collector/m/live: \"live\" is none of status, about, "
		       "ack");
	assert_refused("wattzone/lycee/collector/m/s/ack",
		       "topic wattzone/lycee/collector/m/s/ack: \"ack\" is none of live, record, "
		       "status, about, lines");
	assert_refused("wattzone/lycee/collector/m/s/live/",
		       "topic wattzone/lycee/collector/m/s/live/: \"live/\" is none of live, "
		       "record, status, about, lines");
	assert_refused("wattzone/lycee/collector/abcdefghijklmnopqrstuvwxyz0123456/status",
		       "topic wattzone/lycee/collector/abcdefghijklmnopqrstuvwxyz0123456/status: "
		       "the collector's id is not " ID_EXPECTED);
}

static void a_topic_that_was_built_is_taken_apart_again(void **state)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz012345";
	char base[TOPIC_BASE_SIZE];
	char text[TOPIC_SIZE];
	struct topic topic;

	(void)state;
	memset(base, 'b', sizeof(base) - 1);
	base[sizeof(base) - 1] = '\0';
	assert_true(topic_base_valid(base));
	topic_build(text, base, longest, "collector/%s/%s/record", longest, longest);
	assert_true(topic_parse(&topic, base, longest, text, NULL));
	assert_int_equal(topic.kind, TOPIC_SOURCE_RECORD);
	assert_string_equal(topic.collector, longest);
	assert_string_equal(topic.source, longest);
}

static void spoilt_topics_never_crash_and_are_refused_with_a_reason(void **state)
{
	static const char valid[] = "wattzone/lycee/collector/meter/global/record";
	struct topic topic;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		char text[sizeof(valid)];
		struct fail fail = {0};

		memcpy(text, valid, sizeof(valid));
		seed_mangle(text, sizeof(valid) - 1);
		if (topic_parse(&topic, "wattzone", "lycee", text, &fail))
			assert_true(topic.kind == TOPIC_SITE || id_valid(topic.collector));
		else
			assert_true(fail.text[0] && utf8_printable(fail.text));
	}
}

static void a_base_has_no_wildcards_and_no_empty_levels(void **state)
{
	static const char *const wrong[] = {"",	   "/",	  "/a",	  "a/", "a//b", "+",
					    "a/+", "a/#", "$a/b", "#",	"a\nb", "a\xff"};
	char longer[TOPIC_BASE_SIZE + 1];

	(void)state;
	assert_true(topic_base_valid("wattzone"));
	assert_true(topic_base_valid("w"));
	assert_true(topic_base_valid("énergie/a b"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(topic_base_valid(wrong[i]));
	memset(longer, 'b', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(topic_base_valid(longer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_topic_of_a_collector_is_taken_apart),
		cmocka_unit_test(anything_else_below_the_site_is_the_rest),
		cmocka_unit_test(a_base_of_several_levels_is_one_base),
		cmocka_unit_test(what_is_not_below_the_site_is_refused),
		cmocka_unit_test(what_is_no_topic_of_a_collector_is_refused),
		cmocka_unit_test(a_topic_that_was_built_is_taken_apart_again),
		cmocka_unit_test(spoilt_topics_never_crash_and_are_refused_with_a_reason),
		cmocka_unit_test(a_base_has_no_wildcards_and_no_empty_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
