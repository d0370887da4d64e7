/* config.h - strict reading of JSON configuration into structs, driven by tables.
 *
 * A table names every member that an object may have. Anything else (an unknown member, a wrong
 * type, a number out of range, a missing member) is one error that names the file, the JSON path
 * and what was expected, and for a misspelt member the nearest valid one:
 *
 *     wattzone.json: meters[2].pol_ms: unknown member, did you mean "poll_ms"?
 *     wattzone.json: broker.port: 70000 is out of range, expected a whole number from 1 to 65535
 *     wattzone.json:14:3: '}' expected near end of file
 */
#ifndef COMMON_JSON_CONFIG_H
#define COMMON_JSON_CONFIG_H

#include <stddef.h>

#include "common/base/fail.h"

enum config_type {
	CONFIG_END,
	CONFIG_BOOL,   /* bool */
	CONFIG_INT,    /* int64_t, within minimum..maximum */
	CONFIG_NUMBER, /* double, within minimum..maximum; null is NAN where `nullable` */
	CONFIG_TEXT,   /* char[size], may be empty; no control characters */
	CONFIG_ID,     /* char[ID_SIZE] */
	CONFIG_LABEL,  /* char[LABEL_SIZE] */
	CONFIG_CHOICE, /* int: position in `choices`, a NULL-terminated list */
	CONFIG_OBJECT, /* a struct inside the struct, read with `keys` */
	CONFIG_ARRAY, /* struct config_array of structs read with `keys`, or of texts (keys NULL) */
};

/* An array of `count` elements, allocated; config_free() gives it back. Elements are the structs
 * of `keys`, or char * strings where `keys` is NULL. */
struct config_array {
	size_t count;
	void *items;
};

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset; /* of the member in the struct; a missing member leaves it untouched */
	bool required;
	bool nullable; /* CONFIG_NUMBER: null is allowed and gives NAN */
	/* CONFIG_INT, CONFIG_NUMBER: smallest and largest, no limits where both are 0.
	 * CONFIG_ARRAY: fewest and most elements, any number where the most is 0. */
	double minimum;
	double maximum;
	size_t size; /* CONFIG_TEXT: of the char array; CONFIG_ARRAY: of one element */
	const char *const *choices;
	const struct config_key *keys; /* CONFIG_OBJECT, CONFIG_ARRAY */
	const void *defaults;	       /* CONFIG_ARRAY of structs: an element before it is read */
	/* Further rules, after the value was read (an object: after all its members; an array:
	 * after each element, not for the whole). `value` points at the member or element. The
	 * reason gets file and JSON path put in front. */
	bool (*check)(void *value, struct fail *fail);
};

/* Reads JSON text into `into`, which holds the defaults. `file` names it in errors. On failure
 * `into` may be partly filled and is to be given to config_free() all the same. */
bool config_read(const struct config_key *keys, void *into, const char *file, const char *text,
		 size_t size, struct fail *fail);

/* Frees the arrays, at every level. Harmless on a struct that holds defaults only. */
void config_free(const struct config_key *keys, void *into);

#endif
