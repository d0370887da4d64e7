#include "common/process/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

#define LIMIT ((size_t)4 * 1024 * 1024)

bool config_load(const struct json_field *fields, void *into, const char *file, struct fail *fail)
{
	FILE *stream = fopen(file, "re");
	char *text;
	size_t size;
	bool read = false;

	if (!stream)
		return fail_set(fail, "%s: cannot be opened: %s", file, strerror(errno));
	text = allocate(LIMIT + 1, 1);
	size = fread(text, 1, LIMIT + 1, stream);
	if (ferror(stream))
		fail_set(fail, "%s: cannot be read: %s", file, strerror(errno));
	else if (size > LIMIT)
		fail_set(fail, "%s: larger than 4 MiB, expected a configuration", file);
	else
		read = config_read(fields, into, file, text, size, fail);
	free(text);
	fclose(stream);
	return read;
}
