/* fail.h - why something failed, in words for the person who can mend it. */
#ifndef COMMON_BASE_FAIL_H
#define COMMON_BASE_FAIL_H

#include <stdbool.h>

/* The first error wins: what fails after it is usually its consequence. A zeroed struct is "no
 * failure". The text is one line without a full stop or newline, and names the location (file, JSON
 * path, topic, meter), what was found and what was expected. */
struct fail {
	char text[400];
};

/* Notes the reason unless one is noted already; a NULL `fail` is allowed. Always returns false, so
 * that a function can end with `return fail_set(fail, "…")`. */
bool fail_set(struct fail *fail, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts the formatted location and ": " before the reason. Always returns false. */
bool fail_at(struct fail *fail, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
