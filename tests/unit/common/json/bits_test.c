#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/json/bits.h"

static struct bits_list list;
static struct fail fail;

static bool read_list(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	bool read;

	assert_non_null(json);
	list = (struct bits_list){0};
	fail = (struct fail){0};
	read = bits_list_read(&list, json, &fail);
	json_decref(json);
	return read;
}

static void bits_are_whole_numbers_or_hexadecimal_texts(void **state)
{
	(void)state;
	assert_true(read_list("32768"));
	assert_true(list.count == 1 && list.bits[0] == 0x8000);
	assert_true(read_list("\"0x8000\""));
	assert_true(list.count == 1 && list.bits[0] == 0x8000);
	assert_true(read_list("[0, \"0xffffFFFFffffFFFF\"]"));
	assert_true(list.count == 2 && list.bits[0] == 0 && list.bits[1] == UINT64_MAX);
	assert_true(read_list("[]"));
	assert_true(list.count == 0);
}

static void anything_else_is_refused(void **state)
{
	const char *const wrong[] = {"-1",	 "1.5",
				     "\"\"",	 "\"0x\"",
				     "\"8000\"", "\"0x8g\"",
				     "null",	 "[1, 2, 3, 4, 5]",
				     "[true]",	 "\"0x10000000000000000\""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(read_list(wrong[i]));
		assert_non_null(strstr(fail.text, "expected"));
	}
}

static void a_number_beyond_the_maximum_is_refused(void **state)
{
	json_t *json = json_string("0x10000");
	uint64_t bits;

	(void)state;
	fail = (struct fail){0};
	assert_true(bits_read(&bits, 65536, json, &fail));
	assert_false(bits_read(&bits, 65535, json, &fail));
	assert_non_null(strstr(fail.text, "from 0 to 65535"));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_are_whole_numbers_or_hexadecimal_texts),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_number_beyond_the_maximum_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
