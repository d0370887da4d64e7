#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/json/config.h"
#include "common/base/id.h"
#include "common/base/utf8.h"
#include "tests/unit/common/seed.h"
#include "common/process/config_file.h"

/* -------- a configuration with everything in it -------- */

struct line {
	char chip[32];
	int64_t offset;
};

struct meter {
	char id[ID_SIZE];
	char label[LABEL_SIZE];
	char host[64];
	int64_t poll_ms;
	double nominal_w;
	struct line line;
	struct field_array tags;  /* char * */
	struct field_array lines; /* struct line */
};

struct site {
	char site[ID_SIZE];
	struct {
		char host[64];
		int64_t port;
		int protocol;
		bool tls;
	} broker;
	double stale_s;
	int64_t anything;
	struct field_array meters; /* struct meter */
};

enum { PROTOCOL_5, PROTOCOL_311 };

static const char *const protocols[] = {"5", "3.1.1", NULL};

static bool even(void *value, struct fail *fail)
{
	int64_t port = *(int64_t *)value;

	return port % 2 == 0 || fail_set(fail, "%" PRId64 " is odd, expected an even port", port);
}

static bool no_secret_tag(void *value, struct fail *fail)
{
	const char *tag = *(char **)value;

	return strcmp(tag, "secret") != 0 || fail_set(fail, "\"secret\" is no tag");
}

static bool chip_fits(void *value, struct fail *fail)
{
	const struct line *line = value;

	return line->offset < 60 ||
	       fail_set(fail, "chip %s has no line %" PRId64, line->chip, line->offset);
}

static bool slow_enough(void *value, struct fail *fail)
{
	const struct meter *meter = value;

	(void)fail; /* a check that gives no reason */
	return strcmp(meter->host, "slow") != 0 || meter->poll_ms >= 1000;
}

static const struct line line_defaults = {.chip = "pinctrl", .offset = -1};

static const struct json_field line_keys[] = {
	{.name = "chip", .type = FIELD_TEXT, .offset = offsetof(struct line, chip), .size = 32},
	{.name = "offset",
	 .type = FIELD_INT,
	 .offset = offsetof(struct line, offset),
	 .required = true,
	 .maximum = 63},
	{0},
};

static const struct meter meter_defaults = {.poll_ms = 500, .nominal_w = NAN};

static const struct json_field meter_keys[] = {
	{.name = "id", .type = FIELD_ID, .offset = offsetof(struct meter, id), .required = true},
	{.name = "label", .type = FIELD_LABEL, .offset = offsetof(struct meter, label)},
	{.name = "host",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct meter, host),
	 .required = true,
	 .size = 64},
	{.name = "poll_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct meter, poll_ms),
	 .minimum = 100,
	 .maximum = 60000},
	{.name = "nominal_w",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct meter, nominal_w),
	 .nullable = true,
	 .minimum = 0.5,
	 .maximum = 1e9},
	{.name = "line",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct meter, line),
	 .fields = line_keys,
	 .check = chip_fits},
	{.name = "tags",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct meter, tags),
	 .maximum = 3,
	 .check = no_secret_tag},
	{.name = "lines",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct meter, lines),
	 .size = sizeof(struct line),
	 .fields = line_keys,
	 .defaults = &line_defaults,
	 .check = chip_fits},
	{0},
};

static const struct json_field broker_keys[] = {
	{.name = "host", .type = FIELD_TEXT, .offset = 0, .size = 64},
	{.name = "port",
	 .type = FIELD_INT,
	 .offset = offsetof(struct site, broker.port) - offsetof(struct site, broker),
	 .minimum = 1,
	 .maximum = 65535,
	 .check = even},
	{.name = "protocol",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct site, broker.protocol) - offsetof(struct site, broker),
	 .choices = protocols},
	{.name = "tls",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct site, broker.tls) - offsetof(struct site, broker)},
	{0},
};

static const struct json_field keys[] = {
	{.name = "site", .type = FIELD_ID, .offset = offsetof(struct site, site), .required = true},
	{.name = "broker",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct site, broker),
	 .fields = broker_keys},
	{.name = "stale_s",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct site, stale_s),
	 .minimum = 1,
	 .maximum = 3600},
	{.name = "anything", .type = FIELD_INT, .offset = offsetof(struct site, anything)},
	{.name = "meters",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct site, meters),
	 .required = true,
	 .minimum = 1,
	 .size = sizeof(struct meter),
	 .fields = meter_keys,
	 .defaults = &meter_defaults,
	 .check = slow_enough},
	{0},
};

static const struct site defaults = {.broker = {.host = "localhost", .port = 1883}, .stale_s = 5};

#define FILE_NAME "wattzone.json"

static const char everything[] =
	"{\n"
	"  \"site\": \"lycee\",\n"
	"  \"broker\": {\"host\": \"broker.lan\", \"port\": 8884, \"protocol\": \"3.1.1\", "
	"\"tls\": true},\n"
	"  \"stale_s\": 7.5,\n"
	"  \"anything\": -9007199254740993,\n"
	"  \"meters\": [\n"
	"    {\"id\": \"self\", \"label\": \"Self\", \"host\": \"10.0.0.5\", \"poll_ms\": 1000,\n"
	"     \"nominal_w\": 60000, \"line\": {\"chip\": \"gpio\", \"offset\": 17},\n"
	"     \"tags\": [\"a\", \"b\"], \"lines\": [{\"offset\": 1}, {\"chip\": \"x\", "
	"\"offset\": 2}]},\n"
	"    {\"id\": \"cuisine-3\", \"host\": \"10.0.0.6\", \"nominal_w\": null}\n"
	"  ]\n"
	"}\n";

static struct site read_valid(const char *text)
{
	struct site site = defaults;
	struct fail fail = {0};

	if (!config_read(keys, &site, FILE_NAME, text, strlen(text), &fail))
		fail_msg("%s", fail.text);
	assert_string_equal(fail.text, "");
	return site;
}

static void assert_refused(const char *text, size_t size, const char *reason)
{
	struct site site = defaults;
	struct fail fail = {0};
	/* A copy of exactly this size: a sanitizer sees what is read beyond. */
	char *exact = malloc(size ? size : 1);

	memcpy(exact, text, size);
	assert_false(config_read(keys, &site, FILE_NAME, exact, size, &fail));
	assert_string_equal(fail.text, reason);
	config_free(keys, &site);
	free(exact);
}

#define REFUSED(text, reason) assert_refused(text, sizeof(text) - 1, FILE_NAME reason)

/* A file with one valid meter, and `field` besides. */
#define WITH(field)   "{\"site\":\"s\",\"meters\":[{\"id\":\"a\",\"host\":\"h\"}]," field "}"
#define METER(fields) "{\"site\":\"s\",\"meters\":[{\"id\":\"a\",\"host\":\"h\"},{" fields "}]}"

/* -------- reading -------- */

static void every_type_arrives_in_its_struct(void **state)
{
	struct site site = read_valid(everything);
	const struct meter *meters = site.meters.items;
	const struct line *lines = meters[0].lines.items;
	char **tags = meters[0].tags.items;

	(void)state;
	assert_string_equal(site.site, "lycee");
	assert_string_equal(site.broker.host, "broker.lan");
	assert_int_equal(site.broker.port, 8884);
	assert_int_equal(site.broker.protocol, PROTOCOL_311);
	assert_true(site.broker.tls);
	assert_true(site.stale_s == 7.5);
	assert_int_equal(site.anything, INT64_C(-9007199254740993));
	assert_int_equal(site.meters.count, 2);
	assert_string_equal(meters[0].id, "self");
	assert_string_equal(meters[0].label, "Self");
	assert_string_equal(meters[0].host, "10.0.0.5");
	assert_int_equal(meters[0].poll_ms, 1000);
	assert_true(meters[0].nominal_w == 60000);
	assert_string_equal(meters[0].line.chip, "gpio");
	assert_int_equal(meters[0].line.offset, 17);
	assert_int_equal(meters[0].tags.count, 2);
	assert_string_equal(tags[0], "a");
	assert_string_equal(tags[1], "b");
	assert_int_equal(meters[0].lines.count, 2);
	assert_string_equal(lines[0].chip, "pinctrl");
	assert_int_equal(lines[0].offset, 1);
	assert_string_equal(lines[1].chip, "x");
	assert_true(isnan(meters[1].nominal_w));
	config_free(keys, &site);
}

static void fields_that_are_missing_keep_their_defaults(void **state)
{
	struct site site = read_valid("{\"site\":\"s\",\"meters\":[{\"id\":\"a\",\"host\":\"\"}]}");
	const struct meter *meter = site.meters.items;

	(void)state;
	assert_string_equal(site.broker.host, "localhost");
	assert_int_equal(site.broker.port, 1883);
	assert_int_equal(site.broker.protocol, PROTOCOL_5);
	assert_false(site.broker.tls);
	assert_true(site.stale_s == 5);
	assert_int_equal(meter->poll_ms, 500);
	assert_string_equal(meter->label, "");
	assert_int_equal(meter->tags.count, 0);
	config_free(keys, &site);
}

static void limits_themselves_are_allowed(void **state)
{
	struct site site = read_valid(
		"{\"site\":\"s\",\"stale_s\":3600,\"meters\":[{\"id\":\"a\",\"host\":\"h\","
		"\"poll_ms\":100,\"nominal_w\":0.5,\"tags\":[\"\",\"\",\"\"],\"lines\":[]},"
		"{\"id\":\"b\",\"host\":\"h\",\"poll_ms\":60000,\"line\":{\"offset\":0}}]}");
	const struct meter *meters = site.meters.items;

	(void)state;
	assert_int_equal(meters[0].poll_ms, 100);
	assert_int_equal(meters[0].tags.count, 3);
	assert_int_equal(meters[0].lines.count, 0);
	assert_int_equal(meters[1].poll_ms, 60000);
	config_free(keys, &site);
}

static void freeing_is_harmless_on_defaults_and_twice(void **state)
{
	struct site site = defaults;

	(void)state;
	config_free(keys, &site);
	site = read_valid(everything);
	config_free(keys, &site);
	config_free(keys, &site);
	assert_int_equal(site.meters.count, 0);
	assert_null(site.meters.items);
}

/* -------- refusals: members -------- */

static void a_misspelt_field_is_refused_with_the_nearest_one(void **state)
{
	(void)state;
	REFUSED(METER("\"pol_ms\":5"),
		": meters[1].pol_ms: unknown field, did you mean \"poll_ms\"?");
	REFUSED("{\"stie\":\"s\"}", ": stie: unknown field, did you mean \"site\"?");
	REFUSED(WITH("\"broker\":{\"hosts\":\"h\"}"),
		": broker.hosts: unknown field, did you mean \"host\"?");
	REFUSED(METER("\"ids\":5"), ": meters[1].ids: unknown field, did you mean \"id\"?");
	REFUSED(METER("\"ines\":5"), ": meters[1].ines: unknown field, did you mean \"lines\"?");
	REFUSED(METER("\"lins\":5"), ": meters[1].lins: unknown field, did you mean \"line\"?");
	REFUSED(METER("\"liness\":5"),
		": meters[1].liness: unknown field, did you mean \"lines\"?");
	REFUSED(METER("\"idyl\":5"), ": meters[1].idyl: unknown field, did you mean \"id\"?");
	REFUSED(METER("\"idyll\":5"), ": meters[1].idyll: unknown field");
	REFUSED(WITH("\"Broker\":{}"), ": Broker: unknown field, did you mean \"broker\"?");
}

static void a_strange_field_is_only_called_unknown(void **state)
{
	(void)state;
	REFUSED(WITH("\"colour\":1"), ": colour: unknown field");
	REFUSED(WITH("\"\":1"), ": \"\": unknown field");
	REFUSED(WITH("\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\":1"),
		": abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz: unknown field");
	REFUSED(WITH("\"a\\nb\":1"), ": a?b: unknown field");
}

static void a_missing_field_is_named(void **state)
{
	(void)state;
	REFUSED("{}", ": site: missing");
	REFUSED("{\"site\":\"s\"}", ": meters: missing");
	REFUSED(METER("\"id\":\"b\""), ": meters[1].host: missing");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"line\":{}"),
		": meters[1].line.offset: missing");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"lines\":[{\"offset\":1},{}]"),
		": meters[1].lines[1].offset: missing");
}

/* -------- refusals: values -------- */

static void numbers_out_of_range_are_refused_with_the_range(void **state)
{
	(void)state;
	REFUSED(WITH("\"broker\":{\"port\":70000}"),
		": broker.port: 70000 is out of range, expected a whole number from 1 to 65535");
	REFUSED(WITH("\"broker\":{\"port\":0}"),
		": broker.port: 0 is out of range, expected a whole number from 1 to 65535");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"nominal_w\":0"),
		": meters[1].nominal_w: 0 is out of range, expected a number from 0.5 to "
		"1000000000, or null");
	REFUSED(WITH("\"stale_s\":3600.5"),
		": stale_s: 3600.5 is out of range, expected a number from 1 to 3600");
}

static void a_range_may_begin_at_0(void **state)
{
	(void)state;
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"lines\":[{\"offset\":64}]"),
		": meters[1].lines[0].offset: 64 is out of range, expected a whole number from 0 "
		"to 63");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"lines\":[{\"offset\":-1}]"),
		": meters[1].lines[0].offset: -1 is out of range, expected a whole number from 0 "
		"to 63");
}

static void a_whole_number_has_no_decimal_point(void **state)
{
	(void)state;
	REFUSED(WITH("\"broker\":{\"port\":5.0}"),
		": broker.port: expected a whole number from 1 to 65535 without a decimal point, "
		"found 5.0");
	REFUSED(WITH("\"broker\":{\"port\":5.5}"),
		": broker.port: expected a whole number from 1 to 65535, found 5.5");
	REFUSED(WITH("\"anything\":1e3"),
		": anything: expected a whole number without a decimal point, found 1000.0");
}

static void a_wrong_type_is_refused_with_what_was_expected_and_found(void **state)
{
	(void)state;
	REFUSED(WITH("\"broker\":{\"port\":\"1883\"}"),
		": broker.port: expected a whole number from 1 to 65535, found \"1883\"");
	REFUSED(WITH("\"broker\":{\"port\":null}"),
		": broker.port: expected a whole number from 1 to 65535, found null");
	REFUSED(WITH("\"broker\":{\"tls\":\"yes\"}"),
		": broker.tls: expected true or false, found \"yes\"");
	REFUSED(WITH("\"broker\":{\"tls\":1}"), ": broker.tls: expected true or false, found 1");
	REFUSED(WITH("\"broker\":{\"host\":5}"),
		": broker.host: expected a text of at most 63 bytes, found 5");
	REFUSED(WITH("\"broker\":[]"), ": broker: expected an object {…}, found an array");
	REFUSED(WITH("\"stale_s\":null"),
		": stale_s: expected a number from 1 to 3600, found null");
	REFUSED("{\"site\":\"s\",\"meters\":{}}",
		": meters: expected an array […], found an object");
	REFUSED("{\"site\":\"s\",\"meters\":[3]}", ": meters[0]: expected an object {…}, found 3");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"tags\":[\"x\",7]"),
		": meters[1].tags[1]: expected a text, found 7");
}

static void texts_fit_their_place_and_hold_no_control_characters(void **state)
{
	(void)state;
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"line\":{\"offset\":1,\"chip\":"
		      "\"abcdefghijklmnopqrstuvwxyz012345\"}"),
		": meters[1].line.chip: expected a text of at most 31 bytes, found "
		"\"abcdefghijklmnopqrstuvwxyz012345\"");
	REFUSED(WITH("\"broker\":{\"host\":\"a\\u001bb\"}"),
		": broker.host: expected a text without control characters, found \"a?b\"");
	REFUSED("{\"site\":\"The School\"}",
		": site: expected " ID_EXPECTED ", found \"The School\"");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"label\":\"\""),
		": meters[1].label: expected " LABEL_EXPECTED ", found \"\"");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"label\":null"),
		": meters[1].label: expected " LABEL_EXPECTED ", found null");
}

static void a_choice_lists_what_may_be_chosen(void **state)
{
	(void)state;
	REFUSED(WITH("\"broker\":{\"protocol\":\"4\"}"),
		": broker.protocol: expected one of \"5\", \"3.1.1\", found \"4\"");
	REFUSED(WITH("\"broker\":{\"protocol\":5}"),
		": broker.protocol: expected one of \"5\", \"3.1.1\", found 5");
}

static void arrays_have_their_fewest_and_most_elements(void **state)
{
	(void)state;
	REFUSED("{\"site\":\"s\",\"meters\":[]}",
		": meters: expected at least 1 elements, found 0");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"tags\":[\"\",\"\",\"\",\"\"]"),
		": meters[1].tags: expected at most 3 elements, found 4");
}

static void further_rules_speak_with_the_path_in_front(void **state)
{
	(void)state;
	REFUSED(WITH("\"broker\":{\"port\":1883}"),
		": broker.port: 1883 is odd, expected an even port");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"tags\":[\"x\",\"secret\"]"),
		": meters[1].tags[1]: \"secret\" is no tag");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"lines\":[{\"offset\":61}]"),
		": meters[1].lines[0]: chip pinctrl has no line 61");
	REFUSED(METER("\"id\":\"b\",\"host\":\"h\",\"line\":{\"chip\":\"c\",\"offset\":62}"),
		": meters[1].line: chip c has no line 62");
	REFUSED(METER("\"id\":\"b\",\"host\":\"slow\""), ": meters[1]: not valid");
}

/* -------- refusals: the file as a whole -------- */

static void a_file_that_is_no_json_is_refused_with_line_and_column(void **state)
{
	(void)state;
	REFUSED("{\n  \"site\": \"s\",\n  ", ":2:14: string or '}' expected near end of file");
	REFUSED("{\"site\": \"s\"", ":1:12: '}' expected near end of file");
	REFUSED("{\"site\":\"s\",\n \"site\":\"t\"}", ":2:7: duplicate object key near '\"site\"'");
	REFUSED("{} x", ":1:4: end of file expected near 'x'");
	REFUSED("{\"anything\":99999999999999999999}",
		":1:32: too big integer near '99999999999999999999'");
}

static void a_file_without_an_object_says_so(void **state)
{
	(void)state;
	REFUSED("", ": empty, expected an object {…}");
	REFUSED(" \n\t\r\n", ": empty, expected an object {…}");
	REFUSED("[]", ": expected an object {…}, found an array");
	REFUSED("\xef\xbb\xbf", ": begins with a byte order mark, save it as plain UTF-8");
	REFUSED("\xef\xbb\xbf{}", ": begins with a byte order mark, save it as plain UTF-8");
}

static void an_earlier_reason_is_not_replaced(void **state)
{
	struct site site = defaults;
	struct fail fail = {.text = "earlier"};

	(void)state;
	assert_false(config_read(keys, &site, FILE_NAME, "{}", 2, &fail));
	assert_string_equal(fail.text, "earlier");
	assert_false(config_read(keys, &site, FILE_NAME, "{}", 2, NULL));
}

static void a_deep_path_and_a_long_name_leave_file_and_reason_visible(void **state)
{
	char text[2000];
	char name[1000];
	struct site site = defaults;
	struct fail fail = {0};

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"%s\":1}", name);
	assert_false(config_read(keys, &site, FILE_NAME, text, strlen(text), &fail));
	assert_memory_equal(fail.text, FILE_NAME ": nnnn", sizeof(FILE_NAME) + 5);
	assert_non_null(strstr(fail.text, ": unknown field"));
}

/* -------- property: spoilt files -------- */

static void a_spoilt_file_is_read_or_refused_with_one_reason(void **state)
{
	int refused = 0;

	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 4000; i++) {
		char text[sizeof(everything)];
		size_t size = sizeof(everything) - 1;
		struct site site = defaults;
		struct fail fail = {0};

		memcpy(text, everything, sizeof(text));
		seed_mangle(text, size);
		if (seed_below(8) == 0)
			size = (size_t)seed_below((int64_t)size);
		if (config_read(keys, &site, FILE_NAME, text, size, &fail)) {
			assert_string_equal(fail.text, "");
			assert_true(id_valid(site.site));
		} else {
			assert_memory_equal(fail.text, FILE_NAME ":", sizeof(FILE_NAME));
			assert_true(strlen(fail.text) > sizeof(FILE_NAME) + 2);
			assert_true(utf8_printable(fail.text));
			refused++;
		}
		config_free(keys, &site);
	}
	assert_in_range(refused, 1000, 4000);
}

/* Puts a value of another kind in the place of one of the members. */
static void a_value_of_the_wrong_kind_is_refused_wherever_it_stands(void **state)
{
	static const char *const values[] = {"null",	    "true", "-1",   "1e300", "\"\"",
					     "\"\\u0001\"", "[]",   "[{}]", "{}",    "[[\"x\"]]"};

	(void)state;
	for (const char *colon = strchr(everything, ':'); colon; colon = strchr(colon + 1, ':')) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			/* The value ends where the next comma, bracket or brace stands. */
			const char *end = colon + 1 + strcspn(colon + 1, ",]}");
			struct site site = defaults;
			struct fail fail = {0};
			char text[sizeof(everything) + 40];
			int size =
				snprintf(text, sizeof(text), "%.*s%s%s",
					 (int)(colon + 1 - everything), everything, values[i], end);

			if (!config_read(keys, &site, FILE_NAME, text, (size_t)size, &fail))
				assert_memory_equal(fail.text, FILE_NAME ":", sizeof(FILE_NAME));
			config_free(keys, &site);
		}
	}
}

/* -------- files -------- */

static char folder[] = "/tmp/config_test.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/site.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *text, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void assert_not_loaded(const char *file, const char *reason)
{
	struct site site = defaults;
	struct fail fail = {0};
	char expected[200];

	assert_false(config_load(keys, &site, file, &fail));
	snprintf(expected, sizeof(expected), "%s: %s", file, reason);
	assert_string_equal(fail.text, expected);
	config_free(keys, &site);
}

static void a_file_is_loaded(void **state)
{
	struct site site = defaults;
	struct fail fail = {0};

	(void)state;
	write_file(everything, strlen(everything));
	assert_true(config_load(keys, &site, path, &fail));
	assert_string_equal(site.site, "lycee");
	config_free(keys, &site);
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
	(void)state;
	assert_not_loaded("/nonexistent/site.json", "cannot be opened: No such file or directory");
	assert_not_loaded(folder, "cannot be read: Is a directory");
	write_file("", 0);
	assert_not_loaded(path, "empty, expected an object {…}");
	if (geteuid() != 0) {
		assert_int_equal(chmod(path, 0), 0);
		assert_not_loaded(path, "cannot be opened: Permission denied");
	}
	unlink(path);
}

static void a_file_of_more_than_4_mib_is_not_a_configuration(void **state)
{
	size_t limit = (size_t)4 * 1024 * 1024;
	char *text = malloc(limit + 1);
	struct site site = defaults;

	(void)state;
	memset(text, ' ', limit + 1);
	memcpy(text, everything, strlen(everything));
	write_file(text, limit + 1);
	assert_not_loaded(path, "larger than 4 MiB, expected a configuration");
	write_file(text, limit);
	assert_true(config_load(keys, &site, path, NULL));
	config_free(keys, &site);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_arrives_in_its_struct),
		cmocka_unit_test(fields_that_are_missing_keep_their_defaults),
		cmocka_unit_test(limits_themselves_are_allowed),
		cmocka_unit_test(freeing_is_harmless_on_defaults_and_twice),
		cmocka_unit_test(a_misspelt_field_is_refused_with_the_nearest_one),
		cmocka_unit_test(a_strange_field_is_only_called_unknown),
		cmocka_unit_test(a_missing_field_is_named),
		cmocka_unit_test(numbers_out_of_range_are_refused_with_the_range),
		cmocka_unit_test(a_range_may_begin_at_0),
		cmocka_unit_test(a_whole_number_has_no_decimal_point),
		cmocka_unit_test(a_wrong_type_is_refused_with_what_was_expected_and_found),
		cmocka_unit_test(texts_fit_their_place_and_hold_no_control_characters),
		cmocka_unit_test(a_choice_lists_what_may_be_chosen),
		cmocka_unit_test(arrays_have_their_fewest_and_most_elements),
		cmocka_unit_test(further_rules_speak_with_the_path_in_front),
		cmocka_unit_test(a_file_that_is_no_json_is_refused_with_line_and_column),
		cmocka_unit_test(a_file_without_an_object_says_so),
		cmocka_unit_test(an_earlier_reason_is_not_replaced),
		cmocka_unit_test(a_deep_path_and_a_long_name_leave_file_and_reason_visible),
		cmocka_unit_test(a_spoilt_file_is_read_or_refused_with_one_reason),
		cmocka_unit_test(a_value_of_the_wrong_kind_is_refused_wherever_it_stands),
		cmocka_unit_test(a_file_is_loaded),
		cmocka_unit_test(a_file_that_cannot_be_read_says_why),
		cmocka_unit_test(a_file_of_more_than_4_mib_is_not_a_configuration),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
