#include "common/json/config.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"

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

bool config_read(const struct json_field *fields, void *into, const char *file, const char *text,
		 size_t size, struct fail *fail)
{
	json_t *json = parse(file, text, size, fail);
	struct fail reason = {0};
	bool read;

	if (!json)
		return false;
	read = fields_read(fields, into, json, &reason);
	if (!read)
		fail_set(fail, "%s: %s", file, reason.text);
	json_decref(json);
	return read;
}

void config_free(const struct json_field *fields, void *into)
{
	for (; fields->type != FIELD_END; fields++) {
		void *at = (char *)into + fields->offset;
		struct field_array *array = at;

		if (fields->type == FIELD_OBJECT)
			config_free(fields->fields, at);
		if (fields->type != FIELD_ARRAY)
			continue;
		for (size_t i = 0; i < array->count; i++) {
			if (fields->fields)
				config_free(fields->fields,
					    (char *)array->items + i * fields->size);
			else
				free(((char **)array->items)[i]);
		}
		free(array->items);
		*array = (struct field_array){0};
	}
}
