#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/probe/target.h"

static void expect(const char *text, const char *host, int port)
{
	struct target target;

	assert_true(target_read(&target, text));
	assert_string_equal(target.host, host);
	assert_int_equal(target.port, port);
}

static void a_host_has_the_port_of_modbus_unless_it_is_given(void **state)
{
	(void)state;
	expect("10.0.0.12", "10.0.0.12", 502);
	expect("meter.example:1502", "meter.example", 1502);
	expect("[fe80::1]:503", "fe80::1", 503);
	expect("[fe80::1]", "fe80::1", 502);
	expect("fe80::1", "fe80::1", 502);
}

static void anything_else_is_refused(void **state)
{
	static const char *const wrong[] = {"",	      ":502",	    "host:",	"host:0",
					    "host:x", "host:65536", "[fe80::1", "[fe80::1]502"};
	struct target target;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(target_read(&target, wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_has_the_port_of_modbus_unless_it_is_given),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
