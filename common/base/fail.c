#include "common/base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

#define WHERE_SIZE 200

/* Reasons quote what came from elsewhere, and are logged and published: make them one line of
 * UTF-8 whatever that was. */
static void clean(char *text)
{
	while (*text) {
		size_t length = utf8_character(text);

		if (length == 0) {
			*text = '?';
			length = 1;
		}
		text += length;
	}
}

bool fail_set(struct fail *fail, const char *format, ...)
{
	va_list arguments;

	if (!fail || fail->text[0])
		return false;
	va_start(arguments, format);
	vsnprintf(fail->text, sizeof(fail->text), format, arguments);
	va_end(arguments);
	clean(fail->text);
	return false;
}

bool fail_at(struct fail *fail, const char *format, ...)
{
	char where[WHERE_SIZE];
	struct fail reason;
	va_list arguments;
	size_t length;

	if (!fail)
		return false;
	va_start(arguments, format);
	vsnprintf(where, sizeof(where), format, arguments);
	va_end(arguments);
	reason = *fail;
	length = (size_t)snprintf(fail->text, sizeof(fail->text), "%s: ", where);
	/* The location matters more than the end of a long reason. */
	memcpy(fail->text + length, reason.text, sizeof(fail->text) - length - 1);
	fail->text[sizeof(fail->text) - 1] = '\0';
	clean(fail->text);
	return false;
}
