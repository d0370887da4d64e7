#include "collector-pac/meter/decode.h"

#include <string.h>

int value_words(enum value_type type)
{
	switch (type) {
	case VALUE_U16:
	case VALUE_I16: return 1;
	case VALUE_FLOAT32:
	case VALUE_U32:
	case VALUE_I32: return 2;
	case VALUE_FLOAT64:
	case VALUE_U64:
	case VALUE_I64: return 4;
	}
	return 0;
}

static uint64_t bits_of(const uint16_t *words, int count, enum word_order order)
{
	uint64_t bits = 0;

	for (int i = 0; i < count; i++)
		bits = bits << 16 | words[order == WORDS_HIGH_FIRST ? i : count - 1 - i];
	return bits;
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
	uint64_t bits = bits_of(words, value_words(type), order);

	switch (type) {
	case VALUE_FLOAT32: return float_of((uint32_t)bits);
	case VALUE_FLOAT64: return double_of(bits);
	case VALUE_U16:
	case VALUE_U32:
	case VALUE_U64: return (double)bits;
	case VALUE_I16: return (int16_t)bits;
	case VALUE_I32: return (int32_t)bits;
	case VALUE_I64: return (double)(int64_t)bits;
	}
	return 0;
}
