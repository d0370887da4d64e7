/* spelling.h - how far a misspelt word is from a valid one. */
#ifndef COMMON_BASE_SPELLING_H
#define COMMON_BASE_SPELLING_H

#include <stddef.h>

/* How many letters to insert, drop, replace or swap with their neighbour make `a` into `b`.
 * SIZE_MAX for words of more than 32 bytes. */
size_t spelling_distance(const char *a, const char *b);

/* The largest distance at which `word` may well be a misspelling: one letter, and one more for
 * every three of its letters. */
size_t spelling_limit(const char *word);

#endif
