#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "common/base/units.h"
#include "tests/unit/common/seed.h"

#define KWH	MWH_PER_KWH
#define PRICE_P 18152888
#define HPH	9222356
#define HCH	5826912

static void assert_money(struct money money, int64_t units, int32_t rest)
{
	assert_int_equal(money.units, units);
	assert_int_equal(money.rest, rest);
}

static void division_rounds_down_on_both_sides_of_zero(void **state)
{
	(void)state;
	assert_int_equal(floor_divide(7, 2), 3);
	assert_int_equal(floor_divide(-7, 2), -4);
	assert_int_equal(floor_divide(-8, 2), -4);
	assert_int_equal(floor_divide(0, 5), 0);
	assert_int_equal(floor_rest(-1, MS_PER_DAY), MS_PER_DAY - 1);
	assert_int_equal(floor_rest(-MS_PER_DAY, MS_PER_DAY), 0);
	assert_int_equal(floor_divide(INT64_MIN, 1), INT64_MIN);
	assert_int_equal(floor_rest(INT64_MAX, INT64_MAX), 0);
	assert_int_equal(floor_rest(INT64_MIN, INT64_MAX), INT64_MAX - 1);
}

#ifdef __SIZEOF_INT128__
static int64_t multiply_divide_widely(int64_t a, int64_t b, int64_t c)
{
	__extension__ typedef __int128 wide;
	wide product = (wide)a * b;
	wide quotient = product / c;

	return (int64_t)(quotient * c > product ? quotient - 1 : quotient);
}

static void a_product_beyond_64_bits_is_divided_exactly(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 200000; i++) {
		int64_t a = seed_any_size(INT64_MAX);
		int64_t c = 1 + seed_any_size((INT64_C(1) << 62) - 1);
		int64_t b = seed_below(3) ? seed_below(c + 1) : c - seed_any_size(c);

		if (seed_below(2))
			a = -a - 1;
		assert_int_equal(multiply_divide(a, b, c), multiply_divide_widely(a, b, c));
	}
}
#endif

static void the_corners_of_multiply_divide_are_exact(void **state)
{
	static const int64_t largest = INT64_C(1) << 62;

	(void)state;
	assert_int_equal(multiply_divide(INT64_MAX, largest, largest), INT64_MAX);
	assert_int_equal(multiply_divide(INT64_MIN, largest, largest), INT64_MIN);
	assert_int_equal(multiply_divide(INT64_MIN, largest - 1, largest), INT64_MIN + 2);
	assert_int_equal(multiply_divide(-1, 1, largest), -1);
	assert_int_equal(multiply_divide(INT64_MAX, 0, 1), 0);
	assert_int_equal(multiply_divide(-10, 1, 3), -4);
}

static void energy_times_price_is_exact(void **state)
{
	(void)state;
	assert_money(money_of(576 * KWH, HCH), INT64_C(3356301312), 0);
	assert_money(money_of(48 * KWH, PRICE_P), 871338624, 0);
	assert_money(money_of(1, 1), 0, 1);
	assert_money(money_of(1, HPH), 9, 222356);
	assert_money(money_of(-1, HPH), -10, 777644);
	/* 1e15 mWh at 90 a kWh */
	assert_money(money_of(INT64_C(1000000000000000), 90 * PRICES_PER_UNIT),
		     INT64_C(9000000000000000000), 0);
}

static void the_winter_day_costs_what_its_periods_cost(void **state)
{
	static const struct {
		int64_t kwh;
		price_t price;
	} periods[] = {{576, HCH},     {480, HPH}, {768, PRICE_P}, {2688, HPH},
		       {576, PRICE_P}, {384, HPH}, {240, HCH}};
	struct money day = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
		day = money_add(day, money_of(periods[i].kwh * KWH, periods[i].price));
	assert_money(day, INT64_C(61910050176), 0);
	assert_true(money_value(day) == 619.10050176);
}

static void money_does_not_depend_on_how_energy_is_split(void **state)
{
	(void)state;
	seed_start(__func__);
	for (int i = 0; i < 20000; i++) {
		mwh_t a = seed_any_size(INT64_C(1000000000000)) - 500000000000;
		mwh_t b = seed_any_size(INT64_C(1000000000000)) - 500000000000;
		price_t price = seed_any_size(PRICES_PER_UNIT * 1000);
		struct money whole = money_of(a + b, price);
		struct money parts = money_add(money_of(a, price), money_of(b, price));

		assert_true(money_equal(whole, parts));
		assert_true(whole.rest >= 0 && whole.rest < 1000000);
		assert_true(
			money_equal(money_subtract(whole, money_of(b, price)), money_of(a, price)));
	}
}

static void money_is_rounded_half_away_from_zero_at_output(void **state)
{
	(void)state;
	assert_true(money_value((struct money){5, 499999}) == 5e-8);
	assert_true(money_value((struct money){5, 500000}) == 6e-8);
	assert_true(money_value((struct money){0, 500000}) == 1e-8);
	assert_true(money_value((struct money){-6, 500000}) == -6e-8); /* -5.5 */
	assert_true(money_value((struct money){-6, 500001}) == -5e-8);
	assert_true(money_value((struct money){-6, 499999}) == -6e-8);
	assert_false(money_equal((struct money){1, 2}, (struct money){1, 3}));
	assert_false(money_equal((struct money){1, 2}, (struct money){2, 2}));
}

static void watt_hours_become_milliwatt_hours_half_away_from_zero(void **state)
{
	mwh_t mwh = -1;

	(void)state;
	assert_true(mwh_from_wh(812345678.25, &mwh));
	assert_int_equal(mwh, INT64_C(812345678250));
	assert_true(mwh_from_wh(0.0005, &mwh));
	assert_int_equal(mwh, 1);
	assert_true(mwh_from_wh(0.00049, &mwh));
	assert_int_equal(mwh, 0);
	assert_true(mwh_from_wh(0, &mwh));
	assert_int_equal(mwh, 0);
	assert_true(mwh_from_wh(9e12, &mwh));
	assert_int_equal(mwh, INT64_C(9000000000000000));
}

static void an_impossible_index_is_no_energy(void **state)
{
	mwh_t mwh;

	(void)state;
	assert_false(mwh_from_wh(-0.001, &mwh));
	assert_false(mwh_from_wh(9.1e12, &mwh));
	assert_false(mwh_from_wh(NAN, &mwh));
	assert_false(mwh_from_wh(INFINITY, &mwh));
	assert_false(mwh_from_wh(-INFINITY, &mwh));
}

static void power_is_energy_over_its_true_duration(void **state)
{
	const mwh_t pulse = 80 * MWH_PER_WH;

	(void)state;
	assert_true(power_of(600 * pulse, 600000) == 288000);
	assert_true(power_of(612 * pulse, 612000) == 288000);
	assert_true(power_of(1000 * pulse, 600000) == 480000);
	assert_true(power_of(61 * pulse, 60000) == 292800);
	assert_true(power_of(24000 * MWH_PER_WH, 600000) == 144000);
	assert_true(kwh_of(600 * pulse) == 48);
}

static void sums_and_costs_beyond_all_numbers_stay_at_the_last_one(void **state)
{
	struct money most = money_of(INT64_MAX, INT64_C(100000000000));

	(void)state;
	assert_int_equal(add_limited(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(add_limited(INT64_MIN, -1), INT64_MIN);
	assert_int_equal(add_limited(INT64_MAX, INT64_MIN), -1);
	assert_int_equal(subtract_limited(INT64_MIN, 1), INT64_MIN);
	assert_int_equal(subtract_limited(0, INT64_MIN), INT64_MAX);
	assert_int_equal(subtract_limited(INT64_MIN, INT64_MIN), 0);
	assert_int_equal(most.units, INT64_MAX);
	assert_true(money_of(-INT64_MAX, 100000000000).units < -INT64_C(9000000000000000000));
	assert_int_equal(money_add(most, most).units, INT64_MAX);
	assert_int_equal(money_subtract((struct money){0}, most).units, -INT64_MAX);
	assert_true(money_value(most) > 9e10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_costs_beyond_all_numbers_stay_at_the_last_one),
		cmocka_unit_test(division_rounds_down_on_both_sides_of_zero),
#ifdef __SIZEOF_INT128__
		cmocka_unit_test(a_product_beyond_64_bits_is_divided_exactly),
#endif
		cmocka_unit_test(the_corners_of_multiply_divide_are_exact),
		cmocka_unit_test(energy_times_price_is_exact),
		cmocka_unit_test(the_winter_day_costs_what_its_periods_cost),
		cmocka_unit_test(money_does_not_depend_on_how_energy_is_split),
		cmocka_unit_test(money_is_rounded_half_away_from_zero_at_output),
		cmocka_unit_test(watt_hours_become_milliwatt_hours_half_away_from_zero),
		cmocka_unit_test(an_impossible_index_is_no_energy),
		cmocka_unit_test(power_is_energy_over_its_true_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
