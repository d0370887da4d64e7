/* logged.h - what the code under test logs, for a test to read. */
#ifndef TESTS_UNIT_COMMON_LOGGED_H
#define TESTS_UNIT_COMMON_LOGGED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *logged_text;
static size_t logged_size;
static FILE *logged_usual;

static inline void logged_begin(void)
{
	logged_usual = stderr;
	stderr = open_memstream(&logged_text, &logged_size);
}

/* Shows it, so that a failing test can be understood. */
static inline void logged_end(void)
{
	fclose(stderr);
	stderr = logged_usual;
	printf("%s", logged_text);
	free(logged_text);
}

/* How often it contains `text`. */
static inline int logged(const char *text)
{
	int count = 0;

	fflush(stderr);
	for (const char *at = logged_text; (at = strstr(at, text)); at++)
		count++;
	return count;
}

#endif
