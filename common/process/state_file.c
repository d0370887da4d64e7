#include "common/process/state_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void state_file(char *file, size_t size, const char *site, const char *name)
{
	const char *folder = getenv("STATE_DIRECTORY");

	if (folder && folder[0])
		snprintf(file, size, "%.*s/%s", (int)strcspn(folder, ":"), folder, name);
	else
		snprintf(file, size, "/var/lib/wattzone/%s/%s", site, name);
}
