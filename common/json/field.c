#include "common/json/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/id.h"
#include "common/base/memory.h"
#include "common/base/spelling.h"
#include "common/base/utf8.h"
#include "common/json/json.h"

/* The path of a value, from the inside out; on the stack while the value is read. */
struct field_path {
	const struct field_path *outer; /* NULL: the whole object */
	const char *name;		/* NULL: element `index` */
	size_t index;
};

#define PATH_SIZE 160

static void path_write(char text[PATH_SIZE], const struct field_path *path)
{
	size_t length;

	text[0] = '\0';
	if (!path)
		return;
	path_write(text, path->outer);
	length = strlen(text);
	if (path->name)
		snprintf(text + length, PATH_SIZE - length, "%s%s", length ? "." : "",
			 path->name[0] ? path->name : "\"\"");
	else
		snprintf(text + length, PATH_SIZE - length, "[%zu]", path->index);
}

/* Puts the path before the reason that was noted. */
static bool fail_here(struct fail *fail, const struct field_path *path)
{
	char text[PATH_SIZE];

	if (!fail->text[0])
		fail_set(fail, "not valid");
	path_write(text, path);
	return fail_at(fail, "%s", text);
}

/* -------- unknown fields -------- */

/* Returns NULL if no name is near enough. */
static const char *nearest(const struct json_field *fields, const char *name)
{
	const char *found = NULL;
	size_t best = spelling_limit(name) + 1;

	for (; fields->type != FIELD_END; fields++) {
		size_t d = spelling_distance(name, fields->name);

		if (d < best) {
			best = d;
			found = fields->name;
		}
	}
	return found;
}

static const struct json_field *find(const struct json_field *fields, const char *name)
{
	while (fields->type != FIELD_END && strcmp(fields->name, name) != 0)
		fields++;
	return fields;
}

static bool is_open(const struct json_field *fields)
{
	while (fields->type != FIELD_END)
		fields++;
	return fields->open;
}

static bool all_known(const struct json_field *fields, json_t *object,
		      const struct field_path *outer, struct fail *fail)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		struct field_path path = {.outer = outer, .name = name};
		const char *meant;

		if (find(fields, name)->type != FIELD_END)
			continue;
		meant = nearest(fields, name);
		if (meant)
			fail_set(fail, "unknown field, did you mean \"%s\"?", meant);
		else
			fail_set(fail, "unknown field");
		return fail_here(fail, &path);
	}
	return true;
}

/* -------- one value of each type: they note the reason, read_value() the path -------- */

static bool limited(const struct json_field *field)
{
	return field->minimum != 0 || field->maximum != 0;
}

static void expected_number(char text[96], const struct json_field *field)
{
	const char *what = field->type == FIELD_INT ? "a whole number" : "a number";

	if (limited(field))
		snprintf(text, 96, "%s from %.15g to %.15g%s", what, field->minimum, field->maximum,
			 field->nullable ? ", or null" : "");
	else
		snprintf(text, 96, "%s%s", what, field->nullable ? " or null" : "");
}

static bool refuse_number(const struct json_field *field, const json_t *json, struct fail *fail)
{
	char expected[96];
	char found[JSON_FOUND_SIZE];
	double value = json_number_value(json);

	expected_number(expected, field);
	json_found(found, json);
	if (field->type == FIELD_INT && json_is_real(json) && value == trunc(value))
		return fail_set(fail, "expected %s without a decimal point, found %s", expected,
				found);
	if (field->type == FIELD_INT ? !json_is_integer(json) : !json_is_number(json))
		return fail_set(fail, "expected %s, found %s", expected, found);
	return fail_set(fail, "%s is out of range, expected %s", found, expected);
}

static bool read_number(const struct json_field *field, void *at, const json_t *json,
			struct fail *fail)
{
	bool is_int = field->type == FIELD_INT;
	double value = json_number_value(json);

	if (!is_int && field->nullable && json_is_null(json)) {
		*(double *)at = NAN;
		return true;
	}
	if (!(is_int ? json_is_integer(json) : json_is_number(json)) ||
	    (limited(field) && !(value >= field->minimum && value <= field->maximum)))
		return refuse_number(field, json, fail);
	if (is_int)
		*(int64_t *)at = json_integer_value(json);
	else
		*(double *)at = value;
	return true;
}

static bool text_valid(const struct json_field *field, const char *text)
{
	switch (field->type) {
	case FIELD_ID: return id_valid(text);
	case FIELD_LABEL: return label_valid(text);
	case FIELD_HEX:
		return strspn(text, "0123456789abcdef") == field->size - 1 &&
		       !text[field->size - 1];
	default: return strlen(text) < field->size && utf8_printable(text);
	}
}

static bool refuse_text(const struct json_field *field, const char *text, const json_t *json,
			struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	json_found(found, json);
	switch (field->type) {
	case FIELD_ID: return fail_set(fail, "expected " ID_EXPECTED ", found %s", found);
	case FIELD_LABEL: return fail_set(fail, "expected " LABEL_EXPECTED ", found %s", found);
	case FIELD_HEX:
		return fail_set(fail, "expected %zu digits 0-9 and a-f, found %s", field->size - 1,
				found);
	default: break;
	}
	if (!text || strlen(text) >= field->size)
		return fail_set(fail, "expected a text of at most %zu bytes, found %s",
				field->size - 1, found);
	return fail_set(fail, "expected a text without control characters, found %s", found);
}

static bool read_text(const struct json_field *field, char *at, const json_t *json,
		      struct fail *fail)
{
	const char *text = json_string_value(json);

	if (!text || !text_valid(field, text))
		return refuse_text(field, text, json, fail);
	memcpy(at, text, strlen(text) + 1);
	return true;
}

static bool refuse_choice(const struct json_field *field, const json_t *json, struct fail *fail)
{
	char found[JSON_FOUND_SIZE];
	char list[200] = "";

	for (int i = 0; field->choices[i]; i++) {
		size_t length = strlen(list);

		snprintf(list + length, sizeof(list) - length, "%s\"%s\"", i ? ", " : "",
			 field->choices[i]);
	}
	return fail_set(fail, "expected one of %s, found %s", list, json_found(found, json));
}

static bool read_choice(const struct json_field *field, int *at, const json_t *json,
			struct fail *fail)
{
	const char *text = json_string_value(json);

	for (int i = 0; text && field->choices[i]; i++) {
		if (strcmp(field->choices[i], text) == 0) {
			*at = i;
			return true;
		}
	}
	return refuse_choice(field, json, fail);
}

/* -------- what holds other values: these note reason and path -------- */

static bool read_fields(const struct json_field *fields, char *into, json_t *object,
			const struct field_path *outer, struct fail *fail);

static bool read_object(const struct json_field *field, void *at, json_t *json,
			const struct field_path *path, struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	if (!json_is_object(json)) {
		fail_set(fail, "expected an object {…}, found %s", json_found(found, json));
		return fail_here(fail, path);
	}
	return read_fields(field->fields, at, json, path, fail);
}

static bool read_element(const struct json_field *field, char *at, json_t *json,
			 const struct field_path *path, struct fail *fail)
{
	if (field->fields) {
		if (field->defaults)
			memcpy(at, field->defaults, field->size);
		if (!read_object(field, at, json, path, fail))
			return false;
	} else {
		const char *text = json_string_value(json);
		char found[JSON_FOUND_SIZE];

		if (!text || !utf8_printable(text)) {
			fail_set(fail, "expected a text, found %s", json_found(found, json));
			return fail_here(fail, path);
		}
		*(char **)at = copy_text(text);
	}
	return !field->check || field->check(at, fail) || fail_here(fail, path);
}

static bool read_array(const struct json_field *field, struct field_array *array, json_t *json,
		       const struct field_path *path, struct fail *fail)
{
	size_t size = field->fields ? field->size : sizeof(char *);
	size_t count = json_array_size(json);
	char found[JSON_FOUND_SIZE];

	if (!json_is_array(json))
		fail_set(fail, "expected an array […], found %s", json_found(found, json));
	else if ((double)count < field->minimum)
		fail_set(fail, "expected at least %.0f elements, found %zu", field->minimum, count);
	else if (field->maximum > 0 && (double)count > field->maximum)
		fail_set(fail, "expected at most %.0f elements, found %zu", field->maximum, count);
	if (fail->text[0])
		return fail_here(fail, path);
	if (count == 0)
		return true;
	array->items = allocate(count, size);
	array->count = count;
	for (size_t i = 0; i < count; i++) {
		struct field_path element = {.outer = path, .index = i};

		if (!read_element(field, (char *)array->items + i * size, json_array_get(json, i),
				  &element, fail))
			return false;
	}
	return true;
}

/* A value without fields of its own: notes the reason. */
static bool read_plain(const struct json_field *field, void *at, const json_t *json,
		       struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_YES_NO:
		if (!json_is_boolean(json))
			return fail_set(fail, "expected true or false, found %s",
					json_found(found, json));
		if (field->type == FIELD_BOOL)
			*(bool *)at = json_is_true(json);
		else
			*(int *)at = json_is_true(json);
		return true;
	case FIELD_INT:
	case FIELD_NUMBER: return read_number(field, at, json, fail);
	case FIELD_CHOICE: return read_choice(field, at, json, fail);
	case FIELD_BITS: return bits_read(at, field->maximum, json, fail);
	case FIELD_BITS_LIST: return bits_list_read(at, json, fail);
	default: return read_text(field, at, json, fail);
	}
}

static bool fail_expected(struct fail *fail, const struct json_field *field, const json_t *json)
{
	char found[JSON_FOUND_SIZE];

	return fail_set(fail, "expected %s, found %s", field->expected, json_found(found, json));
}

static bool read_value(const struct json_field *field, void *at, json_t *json,
		       const struct field_path *path, struct fail *fail)
{
	bool valid;

	if (field->type == FIELD_ARRAY)
		return read_array(field, at, json, path, fail);
	if (field->type == FIELD_OBJECT) {
		if (!read_object(field, at, json, path, fail))
			return false;
		valid = true;
	} else {
		valid = read_plain(field, at, json, field->expected ? NULL : fail) ||
			(field->expected && fail_expected(fail, field, json));
	}
	if (valid && field->check)
		valid = field->check(at, fail);
	return valid || fail_here(fail, path);
}

static bool read_fields(const struct json_field *fields, char *into, json_t *object,
			const struct field_path *outer, struct fail *fail)
{
	if (!is_open(fields) && !all_known(fields, object, outer, fail))
		return false;
	for (const struct json_field *field = fields; field->type != FIELD_END; field++) {
		struct field_path path = {.outer = outer, .name = field->name};
		json_t *value = json_object_get(object, field->name);
		bool absent = !value || (field->nullable && json_is_null(value) &&
					 field->type != FIELD_NUMBER);

		if (!absent) {
			if (!read_value(field, into + field->offset, value, &path, fail))
				return false;
		} else if (field->required) {
			if (field->expected)
				fail_expected(fail, field, value);
			else
				fail_set(fail, "missing");
			return fail_here(fail, &path);
		}
	}
	return true;
}

bool fields_read(const struct json_field *fields, void *into, json_t *object, struct fail *fail)
{
	struct fail reason;

	reason.text[0] = '\0';
	return read_fields(fields, into, object, NULL, &reason) ||
	       fail_set(fail, "%s", reason.text);
}

bool field_given(const json_t *object, const char *name)
{
	const json_t *json = json_object_get(object, name);

	return json && !json_is_null(json);
}
