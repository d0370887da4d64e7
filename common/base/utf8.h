/* utf8.h - text that came from elsewhere. */
#ifndef COMMON_BASE_UTF8_H
#define COMMON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Size of the first character of `text` (terminated), 1..4 bytes. 0 at the end of the text, if it
 * is not UTF-8, and for control characters (U+0000 to U+001F, U+007F to U+009F). */
size_t utf8_character(const char *text);

/* Whether all of it is UTF-8 without control characters. */
bool utf8_printable(const char *text);

#endif
