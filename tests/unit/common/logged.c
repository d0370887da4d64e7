#include "tests/unit/common/logged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *captured;
static size_t captured_size;
static FILE *usual_stderr;

void logged_begin(void)
{
	usual_stderr = stderr;
	stderr = open_memstream(&captured, &captured_size);
}

void logged_end(void)
{
	fclose(stderr);
	stderr = usual_stderr;
	printf("%s", captured);
	free(captured);
}

int logged(const char *text)
{
	int count = 0;

	fflush(stderr);
	for (const char *at = captured; (at = strstr(at, text)); at++)
		count++;
	return count;
}
