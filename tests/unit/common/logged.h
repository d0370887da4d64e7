/* logged.h - captures what the code under test logs. */
#ifndef TESTS_UNIT_COMMON_LOGGED_H
#define TESTS_UNIT_COMMON_LOGGED_H

void logged_begin(void);

/* Prints what was captured, so that a failing test can be understood. */
void logged_end(void);

/* How often the log contains `text`. */
int logged(const char *text);

#endif
