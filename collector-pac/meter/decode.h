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
};

/* Order of words on the wire. Within a word, the high byte always comes first. */
enum word_order {
	WORDS_HIGH_FIRST,
	WORDS_LOW_FIRST,
};

/* Returns the number of registers of a value: 1, 2 or 4. */
int value_words(enum value_type type);

/* Decodes the first value_words(type) of `words`. Integers are exact up to 2^53. NAN and infinities
 * are returned unchanged. */
double value_decode(const uint16_t *words, enum value_type type, enum word_order order);

#endif
