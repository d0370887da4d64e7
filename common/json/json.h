/* json.h - the few things that jansson leaves to its users. */
#ifndef COMMON_JSON_JSON_H
#define COMMON_JSON_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/fail.h"

/* Reads a payload that must be one JSON object without duplicate fields. Returns a new reference,
 * or NULL with a reason that names line and column. */
json_t *json_object_read(const char *payload, size_t size, struct fail *fail);

/* A number as people write it: 48, not 48.0; null for NAN and infinities. A new reference. */
json_t *json_number(double value);

/* The same, rounded half away from zero to `decimals` (0..8) places. Values of 1e15 and more of
 * the last place have no such digits any more and stay as they are. */
json_t *json_rounded(double value, int decimals);

/* The shortest usual text, on one line: 15 significant digits, fields in the order they were set.
 * Takes over the reference. To be freed; NULL if `json` is NULL. */
char *json_text(json_t *json);

/* The same with 17 digits if a number needs them to be read back unchanged: for the books. */
char *json_text_exact(json_t *json);

#define JSON_FOUND_SIZE 48

/* What a value is, for fail_set("…, found %s"): `-3`, `"off"`, `an object`; `nothing` for NULL.
 * Returns `text`. */
const char *json_found(char text[JSON_FOUND_SIZE], const json_t *json);

#endif
