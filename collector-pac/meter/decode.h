/* decode.h - values out of Modbus registers.
 *
 * By hand from the 16-bit words, since libmodbus' own helpers changed their meaning between
 * versions. */
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
	VALUE_U64, /* beyond 2^53 only as exact as a double */
	VALUE_I64,
};

/* Which word of a value comes first on the wire; within a word the high byte always does. */
enum word_order {
	WORDS_HIGH_FIRST,
	WORDS_LOW_FIRST,
};

/* Registers that a value takes: 1, 2 or 4. */
int value_words(enum value_type type);

/* The value of the first value_words(type) of `words`. Integers are exact up to 2^53. NAN and the
 * infinities come through as they are. */
double value_decode(const uint16_t *words, enum value_type type, enum word_order order);

#endif
