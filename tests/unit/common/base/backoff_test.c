#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/base/backoff.h"

#define MIDDLE (UINT32_MAX / 2)

static const struct backoff fresh = {.shortest = 200, .longest = 1000};

static void pauses_grow_by_half_up_to_the_longest(void **state)
{
	static const ms_t expected[] = {200, 300, 450, 675, 1000, 1000, 1000};
	struct backoff backoff = fresh;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		backoff_next(&backoff, MIDDLE);
		assert_in_range(backoff.pause, expected[i] - 1, expected[i] + 1);
	}
}

static void chance_varies_a_pause_by_a_quarter(void **state)
{
	struct backoff least = fresh;
	struct backoff middle = fresh;
	struct backoff most = fresh;

	(void)state;
	assert_int_equal(backoff_next(&least, 0), 150);
	assert_in_range(backoff_next(&middle, MIDDLE), 199, 200);
	assert_int_equal(backoff_next(&most, UINT32_MAX), 250);
	/* But not the pauses that follow. */
	assert_int_equal(least.pause, most.pause);
}

static void after_a_reset_it_begins_anew(void **state)
{
	struct backoff backoff = fresh;

	(void)state;
	for (int i = 0; i < 9; i++)
		backoff_next(&backoff, 0);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next(&backoff, 0), 150);
}

static void the_longest_can_be_had_at_once_and_stays(void **state)
{
	struct backoff backoff = fresh;

	(void)state;
	assert_int_equal(backoff_longest(&backoff, 0), 750);
	assert_int_equal(backoff_next(&backoff, UINT32_MAX), 1250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_by_half_up_to_the_longest),
		cmocka_unit_test(chance_varies_a_pause_by_a_quarter),
		cmocka_unit_test(after_a_reset_it_begins_anew),
		cmocka_unit_test(the_longest_can_be_had_at_once_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
