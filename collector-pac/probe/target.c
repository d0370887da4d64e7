#include "collector-pac/probe/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool number_read(int *number, const char *text, long minimum, long maximum)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < minimum || value > maximum)
		return false;
	*number = (int)value;
	return true;
}

bool target_read(struct target *target, const char *text)
{
	const char *colon = strrchr(text, ':');
	const char *end = text + strlen(text);
	bool bracket = text[0] == '[';

	if (bracket) {
		colon = strstr(text, "]:");
		end = colon != NULL ? colon : strchr(text, ']');
		text++;
		if (end == NULL || (colon == NULL && end[1] != '\0'))
			return false;
		colon = colon != NULL ? colon + 1 : NULL;
	} else if (colon != NULL && strchr(text, ':') == colon) {
		end = colon;
	} else {
		colon = NULL;
	}
	target->port = MODBUS_PORT;
	if (end == text || (size_t)(end - text) >= sizeof(target->host))
		return false;
	snprintf(target->host, sizeof(target->host), "%.*s", (int)(end - text), text);
	return colon == NULL || number_read(&target->port, colon + 1, 1, 65535);
}
