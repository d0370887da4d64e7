/* field.h - strict reading of the members of a JSON object.
 *
 * Each function reads one member and returns true, or notes its name, what was expected and what
 * was found, and returns false:
 *
 *     seq: expected a whole number of 1 or more, found -3
 */
#ifndef COMMON_JSON_FIELD_H
#define COMMON_JSON_FIELD_H

#include <jansson.h>
#include <stdint.h>

#include "common/base/fail.h"
#include "common/base/id.h"

/* Always returns false. `expected` completes "expected …". */
bool field_unexpected(const json_t *object, const char *name, const char *expected,
		      struct fail *fail);

/* Neither null nor missing. */
bool field_given(const json_t *object, const char *name);

/* A whole number within minimum..maximum. */
bool field_whole(int64_t *value, const json_t *object, const char *name, int64_t minimum,
		 int64_t maximum, const char *expected, struct fail *fail);

/* A number within minimum..maximum; NAN where it is null or missing. */
bool field_number(double *value, const json_t *object, const char *name, double minimum,
		  double maximum, const char *expected, struct fail *fail);

/* A number above 0; NAN where it is null or missing. */
bool field_positive(double *value, const json_t *object, const char *name, struct fail *fail);

bool field_id(char id[ID_SIZE], const json_t *object, const char *name, struct fail *fail);

/* The position of a text in `choices`, a NULL-terminated list. */
bool field_choice(int *choice, const json_t *object, const char *name, const char *const choices[],
		  const char *expected, struct fail *fail);

#endif
