#include "collector-pac/meter/decode.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

int value_words(enum value_type type)
{
	switch (type) {
	case VALUE_U16:
	case VALUE_I16: return 1;
	case VALUE_FLOAT32:
	case VALUE_U32:
	case VALUE_I32:
	case VALUE_BCD32: return 2;
	case VALUE_FLOAT64:
	case VALUE_U64:
	case VALUE_I64: return 4;
	}
	return 0;
}

uint64_t value_bits(const uint16_t *words, enum value_type type, enum word_order order)
{
	bool low_first = order == WORDS_LOW_FIRST || order == WORDS_LOW_FIRST_SWAPPED;
	bool swapped = order == WORDS_HIGH_FIRST_SWAPPED || order == WORDS_LOW_FIRST_SWAPPED;
	int count = value_words(type);
	uint64_t bits = 0;

	for (int i = 0; i < count; i++) {
		uint64_t word = words[low_first ? count - 1 - i : i];

		if (swapped)
			word = (word << 8 | word >> 8) & 0xffff;
		bits = bits << 16 | word;
	}
	return bits;
}

static double bcd_of(uint64_t bits)
{
	double number = 0;

	for (int shift = 28; shift >= 0; shift -= 4) {
		unsigned int digit = bits >> shift & 15;

		if (digit > 9)
			return NAN;
		number = number * 10 + digit;
	}
	return number;
}

static double float_of(uint32_t bits)
{
	float number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

static double double_of(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

double value_decode(const uint16_t *words, enum value_type type, enum word_order order)
{
	uint64_t bits = value_bits(words, type, order);

	switch (type) {
	case VALUE_FLOAT32: return float_of((uint32_t)bits);
	case VALUE_FLOAT64: return double_of(bits);
	case VALUE_U16:
	case VALUE_U32:
	case VALUE_U64: return (double)bits;
	case VALUE_I16: return (int16_t)bits;
	case VALUE_I32: return (int32_t)bits;
	case VALUE_I64: return (double)(int64_t)bits;
	case VALUE_BCD32: return bcd_of(bits);
	}
	return 0;
}
