#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/timebase/succession.h"

#define NOON INT64_C(1358247600000)

static void assert_taken(struct succession *succession, ms_t t, ms_t expected)
{
	assert_true(succession_take(succession, &t));
	assert_int_equal(t, expected);
}

static void assert_withheld(struct succession *succession, ms_t t)
{
	ms_t kept = t;

	assert_false(succession_take(succession, &t));
	assert_int_equal(t, kept);
}

static void the_first_record_may_have_any_time(void **state)
{
	const ms_t times[] = {0, 1, NOON, INT64_MAX, -NOON};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct succession succession = succession_start(INT64_MIN);

		assert_taken(&succession, times[i], times[i]);
		assert_taken(&succession, times[i], times[i]);
	}
}

static void later_records_and_those_of_the_same_millisecond_follow(void **state)
{
	struct succession succession = succession_start(NOON);

	(void)state;
	assert_taken(&succession, NOON, NOON);
	assert_taken(&succession, NOON + 1, NOON + 1);
	assert_taken(&succession, NOON + 10 * MS_PER_DAY, NOON + 10 * MS_PER_DAY);
}

static void half_a_second_back_is_the_same_moment(void **state)
{
	struct succession succession = succession_start(NOON);

	(void)state;
	assert_taken(&succession, NOON - 1, NOON);
	assert_taken(&succession, NOON - 500, NOON);
	assert_withheld(&succession, NOON - 501);
	assert_taken(&succession, NOON - 500, NOON);
}

static void a_record_up_to_a_day_back_is_withheld(void **state)
{
	struct succession succession = succession_start(NOON);

	(void)state;
	assert_withheld(&succession, NOON - MS_PER_HOUR);
	assert_withheld(&succession, NOON - MS_PER_DAY);
	assert_taken(&succession, NOON - MS_PER_DAY - 1, NOON - MS_PER_DAY - 1);
	assert_taken(&succession, NOON - MS_PER_DAY, NOON - MS_PER_DAY);
}

static void what_is_dated_late_is_the_newest(void **state)
{
	struct succession succession = succession_start(NOON - MS_PER_HOUR);

	(void)state;
	succession_keep(&succession, 4000);
	succession_keep(&succession, 5000);
	succession_date(&succession, NOON);
	assert_withheld(&succession, NOON + 4499);
	assert_taken(&succession, NOON + 4500, NOON + 5000);
	/* Without any that waited nothing changes. */
	succession_date(&succession, NOON + MS_PER_HOUR);
	assert_taken(&succession, NOON + 5001, NOON + 5001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_record_may_have_any_time),
		cmocka_unit_test(later_records_and_those_of_the_same_millisecond_follow),
		cmocka_unit_test(half_a_second_back_is_the_same_moment),
		cmocka_unit_test(a_record_up_to_a_day_back_is_withheld),
		cmocka_unit_test(what_is_dated_late_is_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
