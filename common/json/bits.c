#include "common/json/bits.h"

#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"

static bool text_read(uint64_t *bits, const char *text)
{
	size_t digits;

	if (text == NULL || strncmp(text, "0x", 2) != 0)
		return false;
	digits = strspn(text + 2, "0123456789abcdefABCDEF");
	if (digits < 1 || digits > 16 || text[2 + digits] != '\0')
		return false;
	*bits = strtoull(text, NULL, 16);
	return true;
}

bool bits_read(uint64_t *bits, double maximum, const json_t *json, struct fail *fail)
{
	char found[JSON_FOUND_SIZE];

	json_found(found, json);
	if (json_is_integer(json) && json_integer_value(json) >= 0)
		*bits = (uint64_t)json_integer_value(json);
	else if (!text_read(bits, json_string_value(json)))
		return fail_set(fail,
				"expected a whole number of 0 or more, or a text such as "
				"\"0x7FFF\", found %s",
				found);
	return maximum <= 0 || (double)*bits <= maximum ||
	       fail_set(fail, "%s is out of range, expected a whole number from 0 to %.15g", found,
			maximum);
}

bool bits_list_read(struct bits_list *list, const json_t *json, struct fail *fail)
{
	size_t count = json_array_size(json);

	if (!json_is_array(json)) {
		list->count = 1;
		return bits_read(&list->bits[0], 0, json, fail);
	}
	if (count > BITS_LIST_SIZE)
		return fail_set(fail, "expected at most %d elements, found %zu", BITS_LIST_SIZE,
				count);
	list->count = count;
	for (size_t i = 0; i < count; i++) {
		if (!bits_read(&list->bits[i], 0, json_array_get(json, i), fail))
			return false;
	}
	return true;
}
