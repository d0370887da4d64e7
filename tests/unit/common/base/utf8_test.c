#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/utf8.h"

static void characters_of_one_to_four_bytes_are_known(void **state)
{
	(void)state;
	assert_int_equal(utf8_character("W"), 1);
	assert_int_equal(utf8_character("é"), 2);
	assert_int_equal(utf8_character("€"), 3);
	assert_int_equal(utf8_character("⚡"), 3);
	assert_int_equal(utf8_character("🏫"), 4);
	assert_int_equal(utf8_character("\xf4\x8f\xbf\xbf"), 4); /* U+10FFFF */
	assert_int_equal(utf8_character("\xed\x9f\xbf"), 3);	 /* U+D7FF */
	assert_int_equal(utf8_character("\xe0\xa0\x80"), 3);	 /* U+0800 */
	assert_int_equal(utf8_character("\xf0\x90\x80\x80"), 4); /* U+10000 */
	assert_int_equal(utf8_character("\xc2\xa0"), 2);	 /* U+00A0 */
}

static void what_is_not_utf8_is_no_character(void **state)
{
	static const char *const wrong[] = {
		"\x80",		    /* continuation without a beginning */
		"\xc3",		    /* cut */
		"\xe2\x82",	    /* cut */
		"\xf0\x9f\x8f",	    /* cut */
		"\xc3(",	    /* no continuation */
		"\xc0\xaf",	    /* overlong / */
		"\xe0\x80\xaf",	    /* overlong / */
		"\xf0\x82\x82\xac", /* overlong euro */
		"\xed\xa0\x80",	    /* surrogate */
		"\xed\xbf\xbf",	    /* surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(utf8_character(wrong[i]), 0);
}

static void control_characters_are_not_printable(void **state)
{
	(void)state;
	assert_true(utf8_printable(""));
	assert_true(utf8_printable("Électrotechnique, 3e étage ~"));
	assert_false(utf8_printable("a\nb"));
	assert_false(utf8_printable("\x1b[0m"));
	assert_false(utf8_printable("\x7f"));
	assert_false(utf8_printable("\xc2\x80"));
	assert_false(utf8_printable("\xc2\x9f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_of_one_to_four_bytes_are_known),
		cmocka_unit_test(what_is_not_utf8_is_no_character),
		cmocka_unit_test(control_characters_are_not_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
