#include "common/base/id.h"

#include <string.h>

#include "common/base/utf8.h"

bool id_valid(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length >= 1 && length < ID_SIZE && text[length] == '\0' && text[0] != '-';
}

bool label_valid(const char *text)
{
	size_t length = strnlen(text, LABEL_SIZE);

	return length >= 1 && length < LABEL_SIZE && utf8_printable(text);
}
