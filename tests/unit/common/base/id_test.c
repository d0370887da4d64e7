#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/id.h"

static void ids_are_1_to_32_lower_case_letters_digits_and_dashes(void **state)
{
	(void)state;
	assert_true(id_valid("a"));
	assert_true(id_valid("0"));
	assert_true(id_valid("gaz-cuisine-3-"));
	assert_true(id_valid("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(id_valid("abcdefghijklmnopqrstuvwxyz0123456"));
	assert_false(id_valid(""));
	assert_false(id_valid("-a"));
}

static void what_could_break_out_of_a_topic_is_no_id(void **state)
{
	static const char *const wrong[] = {"A",   "a b", "a/b", "+",  "#",  "a#", "a_b",
					    "a.b", "é",	  "a\n", " a", "a ", "$a", "\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(id_valid(wrong[i]));
}

static void labels_are_1_to_64_bytes_of_utf8(void **state)
{
	char label[70];

	(void)state;
	assert_true(label_valid("Électrotechnique"));
	assert_true(label_valid("W"));
	assert_false(label_valid(""));
	memset(label, 'x', sizeof(label));
	label[64] = '\0';
	assert_true(label_valid(label));
	memcpy(label + 62, "é", 3);
	assert_true(label_valid(label));
	memcpy(label + 62, "€", 4);
	assert_false(label_valid(label));
}

static void labels_hold_no_control_characters_and_no_broken_utf8(void **state)
{
	(void)state;
	assert_false(label_valid("two\nlines"));
	assert_false(label_valid("tab\t"));
	assert_false(label_valid("caf\xe9"));
	assert_false(label_valid("cut \xc3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_1_to_32_lower_case_letters_digits_and_dashes),
		cmocka_unit_test(what_could_break_out_of_a_topic_is_no_id),
		cmocka_unit_test(labels_are_1_to_64_bytes_of_utf8),
		cmocka_unit_test(labels_hold_no_control_characters_and_no_broken_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
