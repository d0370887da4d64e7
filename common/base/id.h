/* id.h - the ids that topics are made of. */
#ifndef COMMON_BASE_ID_H
#define COMMON_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

/* Site, collector, source and zone ids match [a-z0-9][a-z0-9-]{0,31}. */
#define ID_SIZE 33

/* A display name: valid UTF-8 of 1 to 64 bytes without control characters. */
#define LABEL_SIZE 65

#define ID_EXPECTED    "1 to 32 of a-z, 0-9 and -, not beginning with -"
#define LABEL_EXPECTED "1 to 64 bytes of UTF-8 text"

bool id_valid(const char *text);
bool label_valid(const char *text);

#endif
