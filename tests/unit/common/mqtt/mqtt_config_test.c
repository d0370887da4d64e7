#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/mqtt/mqtt.h"
#include "common/mqtt/mqtt_password.h"

static struct mqtt_config config;
static struct fail failure;
static char folder[] = "/tmp/mqtt-config-test-XXXXXX";
static char path[100];

/* A file named `path`. */
static void write_file(const char *text)
{
	FILE *file;

	snprintf(path, sizeof(path), "%s/password", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* "@" in `text` stands for that file. */
static bool read_config(const char *text)
{
	const struct json_field keys[] = {
		{.name = "broker", .type = FIELD_OBJECT, .fields = mqtt_keys, .check = mqtt_check},
		{0},
	};
	char json[500];
	size_t length = (size_t)snprintf(json, sizeof(json), "{\"broker\":");

	for (; *text; text++)
		length += (size_t)snprintf(json + length, sizeof(json) - length, "%.*s",
					   *text == '@' ? 99 : 1, *text == '@' ? path : text);
	length += (size_t)snprintf(json + length, sizeof(json) - length, "}");
	config = mqtt_defaults;
	failure = (struct fail){0};
	return config_read(keys, &config, "a.json", json, length, &failure);
}

static void expect_refused(const char *text, const char *reason)
{
	assert_false(read_config(text));
	if (!strstr(failure.text, reason))
		fail_msg("%s: %s", text, failure.text);
}

static void nothing_needs_to_be_configured(void **state)
{
	(void)state;
	assert_true(read_config("{}"));
	assert_string_equal(config.host, "localhost");
	assert_int_equal(config.port, 0);
	assert_string_equal(config.base, "wattzone");
	assert_int_equal(config.protocol, MQTT_PROTOCOL_5);
	assert_false(config.tls);
}

static void everything_can_be_configured(void **state)
{
	(void)state;
	write_file("secret\n");
	assert_true(read_config("{\"host\":\"broker.lan\",\"port\":8884,\"user\":\"cuisine\","
				"\"password_file\":\"@\",\"client_id\":\"c1\",\"protocol\":"
				"\"3.1.1\",\"keepalive_s\":10,\"tls\":true,\"ca_file\":\"@\","
				"\"certificate_file\":\"@\",\"key_file\":\"@\",\"insecure\":true,"
				"\"base\":\"a/b\"}"));
	assert_string_equal(config.host, "broker.lan");
	assert_int_equal(config.port, 8884);
	assert_string_equal(config.user, "cuisine");
	assert_string_equal(config.client_id, "c1");
	assert_int_equal(config.protocol, MQTT_PROTOCOL_311);
	assert_int_equal(config.keepalive_s, 10);
	assert_true(config.tls && config.insecure);
	assert_string_equal(config.key_file, path);
	assert_string_equal(config.base, "a/b");
}

static void a_host_is_a_name_or_an_address(void **state)
{
	static const char *const good[] = {"10.0.0.1", "::1", "2001:db8::7", "broker", "a-b.lan"};
	static const char *const bad[] = {"",	       "mqtt://broker", "broker:1883",
					  "[::1]",     "10.0.0.1:1883", "a b",
					  "broker/mq", "::1:x"};
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "{\"host\":\"%s\"}", good[i]);
		assert_true(read_config(text));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"host\":\"%s\"}", bad[i]);
		expect_refused(text, "a.json: broker.host: ");
	}
	expect_refused("{\"host\":\"10.0.0.1:1884\"}",
		       "contains a port, expected \"host\": \"10.0.0.1\", \"port\": 1884");
}

static void what_does_not_go_together_is_refused(void **state)
{
	(void)state;
	write_file("secret\n");
	expect_refused("{\"password_file\":\"@\"}", "user");
	expect_refused("{\"tls\":true,\"certificate_file\":\"@\"}", "key_file");
	expect_refused("{\"tls\":true,\"key_file\":\"@\"}", "certificate_file");
	expect_refused("{\"ca_file\":\"@\"}", "\"tls\": true");
	expect_refused("{\"insecure\":true}", "\"tls\": true");
}

static void files_that_cannot_be_read_are_named(void **state)
{
	(void)state;
	expect_refused("{\"user\":\"a\",\"password_file\":\"/tmp\"}",
		       "cannot be read: Is a directory");
	expect_refused("{\"tls\":true,\"ca_file\":\"/nonexistent/ca\"}", "/nonexistent/ca");
	expect_refused("{\"tls\":true,\"certificate_file\":\"/nonexistent/c\","
		       "\"key_file\":\"/nonexistent/k\"}",
		       "/nonexistent/c");
	expect_refused("{\"user\":\"u\",\"password_file\":\"/nonexistent/password\"}",
		       "/nonexistent/password");
}

static void expect_password(const char *text, const char *expected)
{
	char password[MQTT_PASSWORD_SIZE];

	write_file(text);
	failure = (struct fail){0};
	config = mqtt_defaults;
	strcpy(config.password_file, path);
	if (!mqtt_password_read(password, config.password_file, &failure)) {
		assert_null(expected);
		assert_non_null(strstr(failure.text, path));
		return;
	}
	assert_non_null(expected);
	assert_string_equal(password, expected);
}

static void the_password_is_the_first_line(void **state)
{
	char longest[300];

	(void)state;
	expect_password("secret\n", "secret");
	expect_password("secret", "secret");
	expect_password("secret\r\nsecond\n", "secret");
	expect_password(" with spaces \n", " with spaces ");
	expect_password("", NULL);
	expect_password("\n", NULL);
	expect_password("\nsecond\n", NULL);
	memset(longest, 'x', sizeof(longest));
	longest[254] = 0;
	expect_password(longest, longest);
	longest[254] = 'x';
	longest[255] = 0;
	expect_password(longest, NULL);
}

static void without_a_file_there_is_no_password(void **state)
{
	char password[MQTT_PASSWORD_SIZE] = "x";

	(void)state;
	config = mqtt_defaults;
	assert_true(mqtt_password_read(password, config.password_file, &failure));
	assert_string_equal(password, "");
}

static void a_relative_name_is_a_credential_of_the_service_first(void **state)
{
	char password[MQTT_PASSWORD_SIZE];

	(void)state;
	write_file("secret\n");
	config = mqtt_defaults;
	strcpy(config.password_file, "password");
	failure = (struct fail){0};
	assert_false(mqtt_password_read(password, config.password_file, &failure));
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_true(mqtt_password_read(password, config.password_file, &failure));
	assert_string_equal(password, "secret");
	unsetenv("CREDENTIALS_DIRECTORY");
	/* --check outside of the service cannot know. */
	assert_true(read_config("{\"user\":\"u\",\"password_file\":\"password\"}"));
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	/* Somewhere without a file named "password". */
	return mkdtemp(folder) && chdir("/") == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_needs_to_be_configured),
		cmocka_unit_test(everything_can_be_configured),
		cmocka_unit_test(a_host_is_a_name_or_an_address),
		cmocka_unit_test(what_does_not_go_together_is_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(the_password_is_the_first_line),
		cmocka_unit_test(without_a_file_there_is_no_password),
		cmocka_unit_test(a_relative_name_is_a_credential_of_the_service_first),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
