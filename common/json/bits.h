/* bits.h - numbers that may be written in hexadecimal: addresses and raw values of registers. */
#ifndef COMMON_JSON_BITS_H
#define COMMON_JSON_BITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/fail.h"

#define BITS_LIST_SIZE 4

struct bits_list {
	size_t count;
	uint64_t bits[BITS_LIST_SIZE];
};

/* Reads a whole number from 0 to `maximum` (0: no limit), or a text of "0x" and 1 to 16 hexadecimal
 * digits. */
bool bits_read(uint64_t *bits, double maximum, const json_t *json, struct fail *fail);

/* Reads an array of up to BITS_LIST_SIZE of them, or one. */
bool bits_list_read(struct bits_list *list, const json_t *json, struct fail *fail);

#endif
