#include "common/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fail_set(struct fail *fail, const char *format, ...)
{
	va_list arguments;

	if (!fail || fail->text[0])
		return false;
	va_start(arguments, format);
	vsnprintf(fail->text, sizeof(fail->text), format, arguments);
	va_end(arguments);
	return false;
}

bool fail_at(struct fail *fail, const char *format, ...)
{
	char place[sizeof(fail->text)];
	char reason[sizeof(fail->text)];
	va_list arguments;

	if (!fail)
		return false;
	va_start(arguments, format);
	vsnprintf(place, sizeof(place), format, arguments);
	va_end(arguments);
	memcpy(reason, fail->text, sizeof(reason));
	/* The place matters more than the tail of a long reason. */
	snprintf(fail->text, sizeof(fail->text), "%.199s: %.190s", place, reason);
	return false;
}
