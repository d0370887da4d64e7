/* config.h - strict reading of JSON configuration into structs, driven by tables.
 *
 * A table (field.h) names every field that an object may have. Anything else (an unknown field, a
 * wrong type, a number out of range, a missing field) is one error that names the file, the JSON
 * path and what was expected, and for a misspelt field the nearest valid one:
 *
 *     wattzone.json: meters[2].pol_ms: unknown field, did you mean "poll_ms"?
 *     wattzone.json: broker.port: 70000 is out of range, expected a whole number from 1 to 65535
 *     wattzone.json:14:3: '}' expected near end of file
 */
#ifndef COMMON_JSON_CONFIG_H
#define COMMON_JSON_CONFIG_H

#include <stddef.h>

#include "common/base/fail.h"
#include "common/json/field.h"

/* Reads JSON text into `into`, which holds the defaults. `file` names it in errors. On failure
 * `into` may be partly filled and is to be given to config_free() all the same. */
bool config_read(const struct json_field *fields, void *into, const char *file, const char *text,
		 size_t size, struct fail *fail);

/* Frees the arrays, at every level. Harmless on a struct that holds defaults only. */
void config_free(const struct json_field *fields, void *into);

#endif
