#include "common/json/field.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "common/json/json.h"

bool field_unexpected(const json_t *object, const char *name, const char *expected,
		      struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	return fail_set(fail, "%s: expected %s, found %s", name, expected,
			json_found(found, json_object_get(object, name)));
}

static bool given(const json_t *json)
{
	return json && !json_is_null(json);
}

bool field_given(const json_t *object, const char *name)
{
	return given(json_object_get(object, name));
}

bool field_whole(int64_t *value, const json_t *object, const char *name, int64_t minimum,
		 int64_t maximum, const char *expected, struct fail *fail)
{
	const json_t *json = json_object_get(object, name);

	*value = json_integer_value(json);
	return (json_is_integer(json) && *value >= minimum && *value <= maximum) ||
	       field_unexpected(object, name, expected, fail);
}

bool field_number(double *value, const json_t *object, const char *name, double minimum,
		  double maximum, const char *expected, struct fail *fail)
{
	const json_t *json = json_object_get(object, name);

	*value = given(json) ? json_number_value(json) : NAN;
	return !given(json) || (json_is_number(json) && *value >= minimum && *value <= maximum) ||
	       field_unexpected(object, name, expected, fail);
}

bool field_positive(double *value, const json_t *object, const char *name, struct fail *fail)
{
	return field_number(value, object, name, DBL_TRUE_MIN, DBL_MAX, "a number above 0, or null",
			    fail);
}

bool field_id(char id[ID_SIZE], const json_t *object, const char *name, struct fail *fail)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text || !id_valid(text))
		return field_unexpected(object, name, ID_EXPECTED, fail);
	memcpy(id, text, strlen(text) + 1);
	return true;
}

bool field_choice(int *choice, const json_t *object, const char *name, const char *const choices[],
		  const char *expected, struct fail *fail)
{
	const char *text = json_string_value(json_object_get(object, name));

	for (*choice = 0; text && choices[*choice]; ++*choice) {
		if (strcmp(choices[*choice], text) == 0)
			return true;
	}
	return field_unexpected(object, name, expected, fail);
}
