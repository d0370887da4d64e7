#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector-pac/meter/decode.h"

/* Compared exactly: decoding does not round. */
static void expect(double value, double expected)
{
	assert_true(value == expected);
}

static void a_float32_comes_high_word_first(void **state)
{
	(void)state;
	/* 48210.5 is 0x473C5280 */
	expect(value_decode((uint16_t[]){0x473c, 0x5280}, VALUE_FLOAT32, WORDS_HIGH_FIRST),
	       48210.5);
	expect(value_decode((uint16_t[]){0x5280, 0x473c}, VALUE_FLOAT32, WORDS_LOW_FIRST), 48210.5);
	expect(value_decode((uint16_t[]){0xbf80, 0}, VALUE_FLOAT32, WORDS_HIGH_FIRST), -1);
}

static void a_float64_index_keeps_every_bit(void **state)
{
	(void)state;
	/* 812345678.25 is 0x41C835B4A7200000, pi 0x400921FB54442D18 */
	expect(value_decode((uint16_t[]){0x41c8, 0x35b4, 0xa720, 0}, VALUE_FLOAT64,
			    WORDS_HIGH_FIRST),
	       812345678.25);
	expect(value_decode((uint16_t[]){0x4009, 0x21fb, 0x5444, 0x2d18}, VALUE_FLOAT64,
			    WORDS_HIGH_FIRST),
	       3.141592653589793);
	expect(value_decode((uint16_t[]){0x2d18, 0x5444, 0x21fb, 0x4009}, VALUE_FLOAT64,
			    WORDS_LOW_FIRST),
	       3.141592653589793);
}

static void integers_have_their_sign_and_size(void **state)
{
	const uint16_t words[] = {0xffff, 0xfffe, 0x0001, 0x8000};

	(void)state;
	expect(value_decode(words, VALUE_U16, WORDS_HIGH_FIRST), 65535);
	expect(value_decode(words, VALUE_I16, WORDS_HIGH_FIRST), -1);
	expect(value_decode(words, VALUE_U32, WORDS_HIGH_FIRST), 4294967294.0);
	expect(value_decode(words, VALUE_I32, WORDS_HIGH_FIRST), -2);
	expect(value_decode(words, VALUE_I32, WORDS_LOW_FIRST), -65537);
	expect(value_decode(words, VALUE_I64, WORDS_HIGH_FIRST), -8589836288.0);
	expect(value_decode((uint16_t[]){0, 1, 0, 0}, VALUE_U64, WORDS_HIGH_FIRST), 4294967296.0);
}

static void bytes_and_words_come_in_any_order(void **state)
{
	(void)state;
	/* 0x0102030405060708 */
	expect(value_decode((uint16_t[]){0x0102, 0x0304}, VALUE_U32, WORDS_HIGH_FIRST), 0x01020304);
	expect(value_decode((uint16_t[]){0x0304, 0x0102}, VALUE_U32, WORDS_LOW_FIRST), 0x01020304);
	expect(value_decode((uint16_t[]){0x0201, 0x0403}, VALUE_U32, WORDS_HIGH_FIRST_SWAPPED),
	       0x01020304);
	expect(value_decode((uint16_t[]){0x0403, 0x0201}, VALUE_U32, WORDS_LOW_FIRST_SWAPPED),
	       0x01020304);
	expect(value_decode((uint16_t[]){0x0201}, VALUE_U16, WORDS_HIGH_FIRST_SWAPPED), 0x0102);
	assert_true(value_bits((uint16_t[]){0x0807, 0x0605, 0x0403, 0x0201}, VALUE_U64,
			       WORDS_LOW_FIRST_SWAPPED) == 0x0102030405060708);
}

static void bcd_has_eight_decimal_digits(void **state)
{
	(void)state;
	expect(value_decode((uint16_t[]){0x1234, 0x5678}, VALUE_BCD32, WORDS_HIGH_FIRST), 12345678);
	expect(value_decode((uint16_t[]){0x5678, 0x1234}, VALUE_BCD32, WORDS_LOW_FIRST), 12345678);
	assert_true(
		isnan(value_decode((uint16_t[]){0x1234, 0x567a}, VALUE_BCD32, WORDS_HIGH_FIRST)));
}

static void no_number_stays_no_number(void **state)
{
	(void)state;
	assert_true(isnan(value_decode((uint16_t[]){0x7fc0, 0}, VALUE_FLOAT32, WORDS_HIGH_FIRST)));
	assert_true(isinf(value_decode((uint16_t[]){0xff80, 0}, VALUE_FLOAT32, WORDS_HIGH_FIRST)));
	assert_true(isnan(
		value_decode((uint16_t[]){0x7ff8, 0, 0, 1}, VALUE_FLOAT64, WORDS_HIGH_FIRST)));
}

static void each_type_takes_its_registers(void **state)
{
	const int words[] = {2, 4, 1, 1, 2, 2, 4, 4, 2};

	(void)state;
	for (int type = VALUE_FLOAT32; type <= VALUE_BCD32; type++)
		assert_int_equal(value_words((enum value_type)type), words[type]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_float32_comes_high_word_first),
		cmocka_unit_test(a_float64_index_keeps_every_bit),
		cmocka_unit_test(integers_have_their_sign_and_size),
		cmocka_unit_test(bytes_and_words_come_in_any_order),
		cmocka_unit_test(bcd_has_eight_decimal_digits),
		cmocka_unit_test(no_number_stays_no_number),
		cmocka_unit_test(each_type_takes_its_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
