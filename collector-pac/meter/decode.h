/* decode.h - decodes values from Modbus registers.
 *
 * libmodbus has functions for that, but their word order differs between versions. */
#ifndef COLLECTOR_PAC_METER_DECODE_H
#define COLLECTOR_PAC_METER_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum value_type {
	VALUE_FLOAT32, /* IEEE 754 */
	VALUE_FLOAT64,
	VALUE_U16,
	VALUE_I16,
	VALUE_U32,
	VALUE_I32,
	VALUE_U64,
	VALUE_I64,
	VALUE_BCD32, /* 8 decimal digits */
};

/* Order on the wire of the bytes of a value, A being the most significant one of 32 bits; those of
 * 16 and of 64 bits likewise: the order of the words, and of the bytes within a word. */
enum word_order {
	WORDS_HIGH_FIRST,	  /* ABCD */
	WORDS_LOW_FIRST,	  /* CDAB */
	WORDS_HIGH_FIRST_SWAPPED, /* BADC */
	WORDS_LOW_FIRST_SWAPPED,  /* DCBA */
};

/* Returns the number of registers of a value: 1, 2 or 4. */
int value_words(enum value_type type);

/* Returns the bits of the first value_words(type) of `words`. */
uint64_t value_bits(const uint16_t *words, enum value_type type, enum word_order order);

/* Decodes the first value_words(type) of `words`. Integers are exact up to 2^53. NAN and infinities
 * are returned unchanged; BCD digits above 9 give NAN. */
double value_decode(const uint16_t *words, enum value_type type, enum word_order order);

#endif
