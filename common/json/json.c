#include "common/json/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

/* Below it doubles hold every whole number, and 15 decimal digits. */
#define EXACT 1e15

json_t *json_object_read(const char *payload, size_t size, struct fail *fail)
{
	json_error_t error;
	json_t *json;

	if (size == 0) {
		fail_set(fail, "expected a JSON object, found nothing");
		return NULL;
	}
	json = json_loadb(payload, size, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		fail_set(fail, "line %d, column %d: %s", error.line, error.column, error.text);
		return NULL;
	}
	if (!json_is_object(json)) {
		fail_set(fail, "expected a JSON object, found an array");
		json_decref(json);
		return NULL;
	}
	return json;
}

json_t *json_number(double value)
{
	if (!isfinite(value))
		return json_null();
	if (fabs(value) < EXACT && value == trunc(value))
		return json_integer((json_int_t)value);
	return json_real(value);
}

json_t *json_rounded(double value, int decimals)
{
	static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
	double scale = scales[decimals];
	/* A half in decimal (1.005) can be slightly less in binary: it is rounded up, too. */
	double scaled = value * scale * (1 + 2 * DBL_EPSILON);

	if (!(fabs(scaled) < EXACT))
		return json_number(value);
	return json_number(round(scaled) / scale);
}

static char *text_of(json_t *json, size_t digits)
{
	if (!json)
		return NULL;
	return allocated(json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(digits)));
}

char *json_text(json_t *json)
{
	char *text = text_of(json, 15);

	json_decref(json);
	return text;
}

char *json_text_exact(json_t *json)
{
	char *text = text_of(json, 15);
	json_t *back = text ? json_loads(text, 0, NULL) : NULL;

	if (!json_equal(json, back)) {
		free(text);
		text = text_of(json, 17);
	}
	json_decref(back);
	json_decref(json);
	return text;
}

const char *json_found(char text[JSON_FOUND_SIZE], const json_t *json)
{
	const char *string = json_string_value(json);
	size_t length;

	if (string) {
		bool fits = strlen(string) < JSON_FOUND_SIZE - 2;

		snprintf(text, JSON_FOUND_SIZE, fits ? "\"%s\"" : "\"%.40s…\"", string);
	} else if (json_is_object(json) || json_is_array(json)) {
		snprintf(text, JSON_FOUND_SIZE, json_is_array(json) ? "an array" : "an object");
	} else if (json) {
		length = json_dumpb(json, text, JSON_FOUND_SIZE - 1,
				    JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		text[length] = '\0';
	} else {
		snprintf(text, JSON_FOUND_SIZE, "nothing");
	}
	return text;
}
