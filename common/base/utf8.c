#include "common/base/utf8.h"

#include <stdint.h>

/* The smallest code point that needs so many bytes: anything less is an overlong form. */
static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

size_t utf8_character(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t first = bytes[0];
	uint32_t code;
	size_t length;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	if (first >> 5 == 0x06)
		length = 2;
	else if (first >> 4 == 0x0e)
		length = 3;
	else if (first >> 3 == 0x1e)
		length = 4;
	else
		return 0;
	code = first & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (bytes[i] >> 6 != 0x02) /* the terminating 0, too */
			return 0;
		code = code << 6 | (bytes[i] & 0x3fu);
	}
	if (code < smallest[length] || code > 0x10ffff)
		return 0;
	if (code <= 0x9f || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

bool utf8_printable(const char *text)
{
	size_t length;

	while ((length = utf8_character(text)) > 0)
		text += length;
	return *text == '\0';
}
