/* field.h - the fields of a JSON object, described by a table: of configuration and of facts.
 *
 * The table gives the place of each field in a struct, and what is valid. The first field that is
 * not valid is an error that names its path, what was expected and what was found:
 *
 *     meters[2].poll_ms: expected a whole number, found "fast"
 *     seq: expected a whole number of 1 or more, found -3
 */
#ifndef COMMON_JSON_FIELD_H
#define COMMON_JSON_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/fail.h"
#include "common/json/bits.h"

enum field_type {
	FIELD_END,	 /* of the table */
	FIELD_BOOL,	 /* bool */
	FIELD_YES_NO,	 /* int, or enum: 1 for true, 0 for false */
	FIELD_INT,	 /* int64_t, within minimum..maximum */
	FIELD_NUMBER,	 /* double, within minimum..maximum */
	FIELD_BITS,	 /* uint64_t, up to maximum: a whole number, or a text in hexadecimal */
	FIELD_BITS_LIST, /* struct bits_list: one of these, or an array */
	FIELD_TEXT,	 /* char[size], may be empty; no control characters */
	FIELD_HEX,	 /* char[size]: size - 1 digits 0-9 and a-f */
	FIELD_ID,	 /* char[ID_SIZE] */
	FIELD_LABEL,	 /* char[LABEL_SIZE] */
	FIELD_CHOICE,	 /* int, or enum: position in `choices`, a NULL-terminated list */
	FIELD_OBJECT,	 /* a struct inside the struct, read with `fields` */
	FIELD_ARRAY,	 /* struct field_array of structs read with `fields`, or of texts (NULL) */
};

/* An array of `count` elements, allocated. Elements are the structs of `fields`, or char * strings
 * if `fields` is NULL. */
struct field_array {
	size_t count;
	void *items;
};

struct json_field {
	const char *name;
	enum field_type type;
	size_t offset; /* in the struct; a missing field leaves its place untouched */
	bool required;
	bool nullable; /* null is the same as missing, but FIELD_NUMBER gives NAN */
	bool open;     /* FIELD_END: other fields of the object are ignored; else an error */
	/* FIELD_INT, FIELD_NUMBER: smallest and largest, no limits if both are 0.
	 * FIELD_ARRAY: fewest and most elements, any number if the most is 0. */
	double minimum;
	double maximum;
	size_t size; /* FIELD_TEXT, FIELD_HEX: of the char array; FIELD_ARRAY: of one element */
	const char *const *choices;
	const struct json_field *fields; /* FIELD_OBJECT, FIELD_ARRAY */
	const void *defaults;		 /* FIELD_ARRAY of structs: an element before it is read */
	/* Completes "expected …", also if the field is missing; NULL: a text by type. Not for
	 * FIELD_OBJECT and FIELD_ARRAY. */
	const char *expected;
	/* Further rules, after the value was read (an object: after all its fields; an array:
	 * after each element, not for the whole). `value` points at the field or element. The
	 * reason gets the path put in front. */
	bool (*check)(void *value, struct fail *fail);
};

/* Reads `object` into the struct at `into`, which holds the defaults. On failure that may be partly
 * filled. Arrays are freed with config_free() (config.h), also on failure. */
bool fields_read(const struct json_field *fields, void *into, json_t *object, struct fail *fail);

/* Neither null nor missing. */
bool field_given(const json_t *object, const char *name);

#endif
