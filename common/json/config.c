#include "common/json/config.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/id.h"
#include "common/json/json.h"
#include "common/base/spelling.h"
#include "common/base/utf8.h"

/* Where a value is, from the inside out; lives on the stack while it is read. */
struct place {
	const struct place *outer; /* NULL: the whole file */
	const char *member;	   /* NULL: element `index` */
	size_t index;
};

#define PATH_SIZE 160

static void path_write(char path[PATH_SIZE], const struct place *place)
{
	size_t length;

	path[0] = '\0';
	if (!place)
		return;
	path_write(path, place->outer);
	length = strlen(path);
	if (place->member)
		snprintf(path + length, PATH_SIZE - length, "%s%s", length ? "." : "",
			 place->member[0] ? place->member : "\"\"");
	else
		snprintf(path + length, PATH_SIZE - length, "[%zu]", place->index);
}

/* Puts the path before the reason that was noted. */
static bool fail_here(struct fail *fail, const struct place *place)
{
	char path[PATH_SIZE];

	if (!fail->text[0])
		fail_set(fail, "not valid");
	path_write(path, place);
	return fail_at(fail, "%s", path);
}

/* -------- unknown members -------- */

/* NULL where nothing is near enough to have been meant. */
static const char *nearest(const struct config_key *keys, const char *name)
{
	const char *found = NULL;
	size_t best = spelling_limit(name) + 1;

	for (; keys->type != CONFIG_END; keys++) {
		size_t d = spelling_distance(name, keys->name);

		if (d < best) {
			best = d;
			found = keys->name;
		}
	}
	return found;
}

static bool members_known(const struct config_key *keys, json_t *object, const struct place *outer,
			  struct fail *fail)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		struct place place = {.outer = outer, .member = name};
		const struct config_key *key = keys;
		const char *meant;

		while (key->type != CONFIG_END && strcmp(key->name, name) != 0)
			key++;
		if (key->type != CONFIG_END)
			continue;
		meant = nearest(keys, name);
		if (meant)
			fail_set(fail, "unknown member, did you mean \"%s\"?", meant);
		else
			fail_set(fail, "unknown member");
		return fail_here(fail, &place);
	}
	return true;
}

/* -------- one value of each type: they note the reason, read_value() the place -------- */

static bool limited(const struct config_key *key)
{
	return key->minimum != 0 || key->maximum != 0;
}

static void expected_number(char text[96], const struct config_key *key)
{
	const char *what = key->type == CONFIG_INT ? "a whole number" : "a number";

	if (limited(key))
		snprintf(text, 96, "%s from %.15g to %.15g%s", what, key->minimum, key->maximum,
			 key->nullable ? ", or null" : "");
	else
		snprintf(text, 96, "%s%s", what, key->nullable ? " or null" : "");
}

static bool read_number(const struct config_key *key, void *at, const json_t *json,
			struct fail *fail)
{
	char expected[96];
	char found[JSON_FOUND_SIZE];
	double value = json_number_value(json);

	if (key->type == CONFIG_NUMBER && key->nullable && json_is_null(json)) {
		*(double *)at = NAN;
		return true;
	}
	expected_number(expected, key);
	json_found(found, json);
	if (key->type == CONFIG_INT && json_is_real(json) && value == trunc(value))
		return fail_set(fail, "expected %s without a decimal point, found %s", expected,
				found);
	if (key->type == CONFIG_INT ? !json_is_integer(json) : !json_is_number(json))
		return fail_set(fail, "expected %s, found %s", expected, found);
	if (limited(key) && !(value >= key->minimum && value <= key->maximum))
		return fail_set(fail, "%s is out of range, expected %s", found, expected);
	if (key->type == CONFIG_INT)
		*(int64_t *)at = json_integer_value(json);
	else
		*(double *)at = value;
	return true;
}

static bool read_text(const struct config_key *key, char *at, const json_t *json, struct fail *fail)
{
	const char *text = json_string_value(json);
	char found[JSON_FOUND_SIZE];

	json_found(found, json);
	switch (key->type) {
	case CONFIG_ID:
		if (!text || !id_valid(text))
			return fail_set(fail, "expected " ID_EXPECTED ", found %s", found);
		break;
	case CONFIG_LABEL:
		if (!text || !label_valid(text))
			return fail_set(fail, "expected " LABEL_EXPECTED ", found %s", found);
		break;
	default:
		if (!text || strlen(text) >= key->size)
			return fail_set(fail, "expected a text of at most %zu bytes, found %s",
					key->size - 1, found);
		if (!utf8_printable(text))
			return fail_set(fail,
					"expected a text without control characters, found %s",
					found);
	}
	memcpy(at, text, strlen(text) + 1);
	return true;
}

static bool read_choice(const struct config_key *key, int *at, const json_t *json,
			struct fail *fail)
{
	const char *text = json_string_value(json);
	char found[JSON_FOUND_SIZE];
	char list[200] = "";

	for (int i = 0; key->choices[i]; i++) {
		size_t length = strlen(list);

		if (text && strcmp(key->choices[i], text) == 0) {
			*at = i;
			return true;
		}
		snprintf(list + length, sizeof(list) - length, "%s\"%s\"", i ? ", " : "",
			 key->choices[i]);
	}
	return fail_set(fail, "expected one of %s, found %s", list, json_found(found, json));
}

/* -------- what holds other values: these note reason and place -------- */

static bool read_members(const struct config_key *keys, char *into, json_t *object,
			 const struct place *outer, struct fail *fail);

static bool read_object(const struct config_key *key, void *at, json_t *json,
			const struct place *place, struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	if (!json_is_object(json)) {
		fail_set(fail, "expected an object {…}, found %s", json_found(found, json));
		return fail_here(fail, place);
	}
	return read_members(key->keys, at, json, place, fail);
}

static bool read_element(const struct config_key *key, char *at, json_t *json,
			 const struct place *place, struct fail *fail)
{
	if (key->keys) {
		if (key->defaults)
			memcpy(at, key->defaults, key->size);
		if (!read_object(key, at, json, place, fail))
			return false;
	} else {
		const char *text = json_string_value(json);
		char found[JSON_FOUND_SIZE];

		if (!text || !utf8_printable(text)) {
			fail_set(fail, "expected a text, found %s", json_found(found, json));
			return fail_here(fail, place);
		}
		*(char **)at = strdup(text);
		if (!*(char **)at)
			return fail_set(fail, "memory is out");
	}
	return !key->check || key->check(at, fail) || fail_here(fail, place);
}

static bool read_array(const struct config_key *key, struct config_array *array, json_t *json,
		       const struct place *place, struct fail *fail)
{
	size_t size = key->keys ? key->size : sizeof(char *);
	size_t count = json_array_size(json);
	char found[JSON_FOUND_SIZE];

	if (!json_is_array(json))
		fail_set(fail, "expected an array […], found %s", json_found(found, json));
	else if ((double)count < key->minimum)
		fail_set(fail, "expected at least %.0f elements, found %zu", key->minimum, count);
	else if (key->maximum > 0 && (double)count > key->maximum)
		fail_set(fail, "expected at most %.0f elements, found %zu", key->maximum, count);
	if (fail->text[0])
		return fail_here(fail, place);
	if (count == 0)
		return true;
	array->items = calloc(count, size);
	if (!array->items)
		return fail_set(fail, "memory is out");
	array->count = count;
	for (size_t i = 0; i < count; i++) {
		struct place element = {.outer = place, .index = i};

		if (!read_element(key, (char *)array->items + i * size, json_array_get(json, i),
				  &element, fail))
			return false;
	}
	return true;
}

static bool read_value(const struct config_key *key, void *at, json_t *json,
		       const struct place *place, struct fail *fail)
{
	char found[JSON_FOUND_SIZE];
	bool valid = false;

	switch (key->type) {
	case CONFIG_BOOL:
		valid = json_is_boolean(json);
		if (valid)
			*(bool *)at = json_is_true(json);
		else
			fail_set(fail, "expected true or false, found %s", json_found(found, json));
		break;
	case CONFIG_INT:
	case CONFIG_NUMBER: valid = read_number(key, at, json, fail); break;
	case CONFIG_TEXT:
	case CONFIG_ID:
	case CONFIG_LABEL: valid = read_text(key, at, json, fail); break;
	case CONFIG_CHOICE: valid = read_choice(key, at, json, fail); break;
	case CONFIG_OBJECT:
		if (!read_object(key, at, json, place, fail))
			return false;
		valid = true;
		break;
	case CONFIG_ARRAY: return read_array(key, at, json, place, fail);
	case CONFIG_END: assert(false);
	}
	if (valid && key->check)
		valid = key->check(at, fail);
	return valid || fail_here(fail, place);
}

static bool read_members(const struct config_key *keys, char *into, json_t *object,
			 const struct place *outer, struct fail *fail)
{
	if (!members_known(keys, object, outer, fail))
		return false;
	for (const struct config_key *key = keys; key->type != CONFIG_END; key++) {
		struct place place = {.outer = outer, .member = key->name};
		json_t *value = json_object_get(object, key->name);

		if (value) {
			if (!read_value(key, into + key->offset, value, &place, fail))
				return false;
		} else if (key->required) {
			fail_set(fail, "missing");
			return fail_here(fail, &place);
		}
	}
	return true;
}

/* -------- the whole file -------- */

static json_t *parse(const char *file, const char *text, size_t size, struct fail *fail)
{
	json_error_t error;
	json_t *json = NULL;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		fail_set(fail, "%s: begins with a byte order mark, save it as plain UTF-8", file);
		return NULL;
	}
	while (size > 0 && strchr(" \t\r\n", text[size - 1]) && text[size - 1])
		size--;
	if (size == 0)
		fail_set(fail, "%s: empty, expected an object {…}", file);
	else if (!(json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error)))
		fail_set(fail, "%s:%d:%d: %s", file, error.line, error.column, error.text);
	else if (!json_is_object(json))
		fail_set(fail, "%s: expected an object {…}, found an array", file);
	if (json && !json_is_object(json)) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

bool config_read(const struct config_key *keys, void *into, const char *file, const char *text,
		 size_t size, struct fail *fail)
{
	json_t *json = parse(file, text, size, fail);
	struct fail reason = {0};
	bool read;

	if (!json)
		return false;
	read = read_members(keys, into, json, NULL, &reason);
	if (!read)
		fail_set(fail, "%s: %s", file, reason.text);
	json_decref(json);
	return read;
}

void config_free(const struct config_key *keys, void *into)
{
	for (; keys->type != CONFIG_END; keys++) {
		void *at = (char *)into + keys->offset;
		struct config_array *array = at;

		if (keys->type == CONFIG_OBJECT)
			config_free(keys->keys, at);
		if (keys->type != CONFIG_ARRAY)
			continue;
		for (size_t i = 0; i < array->count; i++) {
			if (keys->keys)
				config_free(keys->keys, (char *)array->items + i * keys->size);
			else
				free(((char **)array->items)[i]);
		}
		free(array->items);
		*array = (struct config_array){0};
	}
}
