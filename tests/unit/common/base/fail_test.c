#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/fail.h"
#include "common/base/utf8.h"

static void the_first_reason_wins(void **state)
{
	struct fail fail = {0};

	(void)state;
	assert_false(fail_set(&fail, "port: %d is out of range", 70000));
	assert_false(fail_set(&fail, "cannot connect"));
	assert_string_equal(fail.text, "port: 70000 is out of range");
}

static void nobody_needs_to_listen(void **state)
{
	(void)state;
	assert_false(fail_set(NULL, "lost"));
	assert_false(fail_at(NULL, "here"));
}

static void places_are_put_in_front_from_the_inside_out(void **state)
{
	struct fail fail = {0};

	(void)state;
	fail_set(&fail, "missing");
	assert_false(fail_at(&fail, "meters[%d]", 2));
	assert_false(fail_at(&fail, "wattzone.json"));
	assert_string_equal(fail.text, "wattzone.json: meters[2]: missing");
}

static void a_place_may_quote_the_reason_itself(void **state)
{
	struct fail fail = {0};

	(void)state;
	fail_set(&fail, "a");
	fail_at(&fail, "%s", fail.text);
	assert_string_equal(fail.text, "a: a");
}

static void a_long_reason_loses_its_tail_and_a_long_place_leaves_it_room(void **state)
{
	struct fail fail = {0};
	char longest[1000];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	fail_set(&fail, "%s", longest);
	assert_int_equal(strlen(fail.text), sizeof(fail.text) - 1);
	fail_at(&fail, "file");
	assert_int_equal(strlen(fail.text), sizeof(fail.text) - 1);
	assert_memory_equal(fail.text, "file: xxx", 9);

	fail = (struct fail){0};
	fail_set(&fail, "the reason");
	fail_at(&fail, "%s", longest);
	assert_non_null(strstr(fail.text, "xxx: the reason"));
}

static void a_reason_is_one_line_of_utf8_whatever_it_quotes(void **state)
{
	struct fail fail = {0};
	char accents[801];

	(void)state;
	fail_set(&fail, "topic a\nb\x1b[31m\x80 é\xc3");
	assert_string_equal(fail.text, "topic a?b?[31m? é?");

	fail = (struct fail){0};
	for (size_t i = 0; i < 400; i++)
		memcpy(accents + 2 * i, "é", 3);
	fail_set(&fail, "%s", accents);
	assert_true(utf8_printable(fail.text));
	fail_at(&fail, "%s", accents);
	assert_true(utf8_printable(fail.text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_reason_wins),
		cmocka_unit_test(nobody_needs_to_listen),
		cmocka_unit_test(places_are_put_in_front_from_the_inside_out),
		cmocka_unit_test(a_place_may_quote_the_reason_itself),
		cmocka_unit_test(a_long_reason_loses_its_tail_and_a_long_place_leaves_it_room),
		cmocka_unit_test(a_reason_is_one_line_of_utf8_whatever_it_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
