#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aggregator/energy/balance.h"

static struct index_series main_meter, part, other;
static struct balance balance;

/* 10 mWh a ms from `from` to `to`. */
static void run(struct index_series *series, ms_t from, ms_t to)
{
	series_set_weight(series, (struct weight){.amount = WEIGHT_ONE});
	series_add(series, from, 1000000);
	series_add(series, to, 1000000 + 10 * (to - from));
	series_update(series);
}

static void add(const struct index_series *series, ms_t from, ms_t until, int sign)
{
	balance_add(&balance, (struct term){series, from, until, sign});
}

static int64_t energy(ms_t from, ms_t to)
{
	return balance_between(&balance, from, to).energy;
}

static int teardown(void **state)
{
	(void)state;
	series_free(&main_meter);
	series_free(&part);
	series_free(&other);
	balance_free(&balance);
	return 0;
}

static void nothing_is_known_of_an_empty_balance(void **state)
{
	struct balance_energy sum = balance_between(&balance, 0, 10);

	(void)state;
	assert_true(time_range_empty(balance_domain(&balance)));
	assert_int_equal(sum.energy, 0);
	assert_false(sum.known);
	assert_int_equal(sum.flags, SERIES_BEFORE | SERIES_AFTER);
}

static void sources_add_up_each_over_its_own_time(void **state)
{
	(void)state;
	run(&part, 0, 1000);
	run(&other, 500, 2000);
	add(&part, NEVER, FOREVER, 1);
	add(&other, NEVER, FOREVER, 1);
	assert_int_equal(balance_domain(&balance).from, 0);
	assert_int_equal(balance_domain(&balance).to, 2000);
	assert_int_equal(energy(0, 500), 5000);
	assert_int_equal(energy(500, 1000), 10000);
	assert_int_equal(energy(1000, 2000), 10000);
	assert_int_equal(energy(-100, 9000), 25000);
}

static void flags_show_what_is_missing(void **state)
{
	(void)state;
	run(&part, 0, 1000);
	run(&other, 500, 2000);
	add(&part, NEVER, FOREVER, 1);
	add(&other, NEVER, FOREVER, 1);
	assert_int_equal(balance_between(&balance, 600, 900).flags, 0);
	/* the other was not there yet: nothing is missing */
	assert_int_equal(balance_between(&balance, 0, 500).flags, 0);
	assert_int_equal(balance_between(&balance, 400, 600).flags, SERIES_BEFORE);
	assert_int_equal(balance_between(&balance, 900, 1100).flags, SERIES_AFTER);
	assert_int_equal(balance_between(&balance, -10, 100).flags, SERIES_BEFORE);
	assert_false(balance_between(&balance, 2000, 3000).known);
	assert_false(balance_between(&balance, -10, 0).known);
	assert_true(balance_between(&balance, 1999, 3000).known);
}

static void the_rest_is_main_minus_parts_within_mains_books(void **state)
{
	(void)state;
	run(&main_meter, 100, 1000);
	run(&part, 0, 2000);
	add(&main_meter, NEVER, FOREVER, 1);
	add(&part, NEVER, FOREVER, -1);
	assert_int_equal(balance_domain(&balance).from, 100);
	assert_int_equal(balance_domain(&balance).to, 1000);
	assert_int_equal(energy(0, 3000), 0);
	assert_int_equal(energy(1000, 2000), 0); /* not negative */
	series_add(&main_meter, 1100, 1000000 + 9000 + 2500);
	series_update(&main_meter);
	assert_int_equal(energy(1000, 1100), 1500);
}

static void a_part_without_records_takes_nothing_off(void **state)
{
	(void)state;
	run(&main_meter, 0, 1000);
	add(&main_meter, NEVER, FOREVER, 1);
	add(&part, NEVER, FOREVER, -1);
	assert_int_equal(energy(0, 1000), 10000);
}

static void a_source_counts_while_it_belongs_to_the_zone(void **state)
{
	struct balance second = {0};

	(void)state;
	run(&part, 0, 1000);
	add(&part, NEVER, 333, 1);
	add(&part, 666, FOREVER, 1);
	balance_add(&second, (struct term){&part, 333, 666, 1});
	assert_int_equal(energy(0, 1000), 3330 + 3340);
	assert_int_equal(balance_between(&second, 0, 1000).energy, 3330);
	for (ms_t t = 0; t < 1000; t += 7) /* to the last mWh */
		assert_int_equal(energy(0, t) + balance_between(&second, 0, t).energy, 10 * t);
	balance_free(&second);
}

#define balance_test(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		balance_test(nothing_is_known_of_an_empty_balance),
		balance_test(sources_add_up_each_over_its_own_time),
		balance_test(flags_show_what_is_missing),
		balance_test(the_rest_is_main_minus_parts_within_mains_books),
		balance_test(a_part_without_records_takes_nothing_off),
		balance_test(a_source_counts_while_it_belongs_to_the_zone),
	};

	return cmocka_run_group_tests_name("balance", tests, NULL, NULL);
}
