#include "common/base/spelling.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX ((size_t)32)

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t spelling_distance(const char *a, const char *b)
{
	/* steps[i][j]: from the first i letters of a to the first j of b. */
	size_t steps[WORD_MAX + 1][WORD_MAX + 1];
	size_t m = strlen(a);
	size_t n = strlen(b);

	if (m > WORD_MAX || n > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= m; i++) {
		for (size_t j = 0; j <= n; j++) {
			size_t best = i + j;

			if (i > 0 && j > 0) {
				best = steps[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
				best = smaller(best, steps[i - 1][j] + 1);
				best = smaller(best, steps[i][j - 1] + 1);
			}
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = smaller(best, steps[i - 2][j - 2] + 1);
			steps[i][j] = best;
		}
	}
	return steps[m][n];
}

size_t spelling_limit(const char *word)
{
	return 1 + strlen(word) / 3;
}
