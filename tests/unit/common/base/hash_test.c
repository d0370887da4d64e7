#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/hash.h"

static void bytes_hash_as_fnv_1a_defines(void **state)
{
	(void)state;
	assert_true(hash_bytes(HASH_START, "", 0) == HASH_START);
	/* From the reference vectors of the algorithm's authors. */
	assert_true(hash_bytes(HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(hash_bytes(HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void a_hash_goes_on_where_it_stopped(void **state)
{
	(void)state;
	assert_true(hash_bytes(hash_bytes(HASH_START, "foo", 3), "bar", 3) ==
		    UINT64_C(0x85944171f73967e8));
}

static void a_number_is_its_eight_bytes_the_least_first(void **state)
{
	static const unsigned char bytes[8] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	(void)state;
	assert_true(hash_number(HASH_START, -2) == hash_bytes(HASH_START, bytes, 8));
	assert_true(hash_number(HASH_START, 0x61) == hash_bytes(HASH_START, "a\0\0\0\0\0\0\0", 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_hash_as_fnv_1a_defines),
		cmocka_unit_test(a_hash_goes_on_where_it_stopped),
		cmocka_unit_test(a_number_is_its_eight_bytes_the_least_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
