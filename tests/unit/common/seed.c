#include "tests/unit/common/seed.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t seed_state;

void seed_start(const char *test)
{
	const char *given = getenv("SEED");

	seed_state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 2654435761u;
	printf("%s: SEED=%" PRIu64 "\n", test, seed_state);
}

/* splitmix64 */
uint64_t seed_next(void)
{
	uint64_t z = seed_state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int64_t seed_below(int64_t below)
{
	return (int64_t)(seed_next() % (uint64_t)below);
}

int64_t seed_any_size(int64_t limit)
{
	int64_t value = (int64_t)(seed_next() >> 1 >> seed_below(63));

	return value > limit ? value % (limit + 1) : value;
}

double seed_fraction(void)
{
	return (double)(seed_next() >> 11) / 9007199254740992.0;
}

void seed_mangle(char *text, size_t size)
{
	static const char pieces[] =
		"{}[]\",:-+.0123456789eE\\u/ntfabcz \t\n\x00\x01\x7f\x80\xbf\xc3\xef\xff";

	for (int64_t i = seed_below(4); i >= 0; i--) {
		size_t at = (size_t)seed_below((int64_t)size);

		switch (seed_below(3)) {
		case 0: text[at] = (char)seed_below(256); break;
		case 1: text[at] = pieces[seed_below(sizeof(pieces) - 1)]; break;
		case 2: text[at] = text[seed_below((int64_t)size)]; break;
		}
	}
}
