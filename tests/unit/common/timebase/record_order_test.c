#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/timebase/record_order.h"

#define NOON INT64_C(1358247600000)

static void assert_taken(struct record_order *order, ms_t t, ms_t expected)
{
	assert_true(record_order_admit(order, &t));
	assert_int_equal(t, expected);
}

static void assert_withheld(struct record_order *order, ms_t t)
{
	ms_t before = t;

	assert_false(record_order_admit(order, &t));
	assert_int_equal(t, before);
}

static void the_first_record_may_have_any_time(void **state)
{
	const ms_t times[] = {0, 1, NOON, INT64_MAX, -NOON};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct record_order order = record_order_start(INT64_MIN);

		assert_taken(&order, times[i], times[i]);
		assert_taken(&order, times[i], times[i]);
	}
}

static void later_records_and_those_of_the_same_millisecond_follow(void **state)
{
	struct record_order order = record_order_start(NOON);

	(void)state;
	assert_taken(&order, NOON, NOON);
	assert_taken(&order, NOON + 1, NOON + 1);
	assert_taken(&order, NOON + 10 * MS_PER_DAY, NOON + 10 * MS_PER_DAY);
}

static void half_a_second_back_is_the_same_moment(void **state)
{
	struct record_order order = record_order_start(NOON);

	(void)state;
	assert_taken(&order, NOON - 1, NOON);
	assert_taken(&order, NOON - 500, NOON);
	assert_withheld(&order, NOON - 501);
	assert_taken(&order, NOON - 500, NOON);
}

static void a_record_up_to_a_day_back_is_withheld(void **state)
{
	struct record_order order = record_order_start(NOON);

	(void)state;
	assert_withheld(&order, NOON - MS_PER_HOUR);
	assert_withheld(&order, NOON - MS_PER_DAY);
	assert_taken(&order, NOON - MS_PER_DAY - 1, NOON - MS_PER_DAY - 1);
	assert_taken(&order, NOON - MS_PER_DAY, NOON - MS_PER_DAY);
}

static void what_is_dated_late_is_the_newest(void **state)
{
	struct record_order order = record_order_start(NOON - MS_PER_HOUR);

	(void)state;
	record_order_add_undated(&order, 4000);
	record_order_add_undated(&order, 5000);
	record_order_date(&order, NOON);
	assert_withheld(&order, NOON + 4499);
	assert_taken(&order, NOON + 4500, NOON + 5000);
	/* Without any that waited nothing changes. */
	record_order_date(&order, NOON + MS_PER_HOUR);
	assert_taken(&order, NOON + 5001, NOON + 5001);
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
