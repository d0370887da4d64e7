#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "aggregator/zone/demand.h"

/* A window that has run at `kw` so far and runs on so. */
static struct demand steady(double kw, ms_t elapsed, bool alarmed)
{
	mwh_t energy = (mwh_t)(kw * (double)MWH_PER_KWH * (double)elapsed / 3600e3);

	return demand_at(energy, 0, elapsed, kw * 1000, 480000, alarmed);
}

static void there_is_no_alarm_in_the_first_120_s(void **state)
{
	(void)state;
	assert_false(steady(900, 0, false).alarm);
	assert_false(steady(900, 119999, false).alarm);
	assert_false(steady(900, 119999, true).alarm);
	assert_true(steady(900, 120000, false).alarm);
}

static void an_alarm_begins_above_the_subscribed_power_and_ends_below_97_pct_of_it(void **state)
{
	(void)state;
	assert_false(steady(480, 300000, false).alarm);
	assert_true(steady(480.1, 300000, false).alarm);
	assert_true(steady(470, 300000, true).alarm);
	assert_false(steady(470, 300000, false).alarm);
	assert_false(steady(465, 300000, true).alarm);
}

static void what_may_be_drawn_is_never_negative(void **state)
{
	struct demand demand = demand_at(100 * MWH_PER_KWH, 0, 500000, 600000, 480000, true);

	(void)state;
	assert_true(demand.allowed_w == 0);
	assert_true(demand.shed_w == 600000);
	assert_true(demand.alarm);
}

static void without_a_minutes_power_nothing_is_projected(void **state)
{
	struct demand demand = demand_at(10 * MWH_PER_KWH, 0, 300000, NAN, 480000, true);

	(void)state;
	assert_true(isnan(demand.projected_w) && isnan(demand.shed_w));
	assert_true(demand.allowed_w == 840000);
	assert_false(demand.alarm);
	assert_int_equal(demand.energy, 10 * MWH_PER_KWH);
}

static void without_a_subscribed_power_there_is_a_projection_alone(void **state)
{
	struct demand demand = demand_at(40 * MWH_PER_KWH, 0, 300000, 600000, 0, true);

	(void)state;
	assert_true(demand.projected_w == 540000);
	assert_true(isnan(demand.allowed_w) && isnan(demand.shed_w));
	assert_false(demand.alarm);
}

static void at_the_end_the_projection_is_the_mean(void **state)
{
	struct demand demand = demand_at(48 * MWH_PER_KWH, 0, 600000, 480000, 480000, false);

	(void)state;
	assert_true(demand.projected_w == 288000);
	assert_true(isnan(demand.allowed_w));
	demand = demand_at(48 * MWH_PER_KWH, 0, 700000, NAN, 480000, false);
	assert_true(demand.projected_w == 288000);
}

static void a_step_of_the_index_is_no_alarm(void **state)
{
	/* 2700 W; after 130 s one step of 0.1 kWh too much. */
	const mwh_t energy = 200 * MWH_PER_WH, step = 100 * MWH_PER_WH;

	(void)state;
	assert_true(demand_at(energy, step, 130000, 2700, 3000, false).projected_w > 3000);
	assert_false(demand_at(energy, step, 130000, 2700, 3000, false).alarm);
	assert_true(demand_at(energy, 0, 130000, 2700, 3000, false).alarm);
	/* The power says so, too; or it is more than a step. */
	assert_true(demand_at(energy, step, 130000, 3001, 3000, false).alarm);
	assert_true(demand_at(300 * MWH_PER_WH, step, 130000, 2700, 3000, false).alarm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_of_the_index_is_no_alarm),
		cmocka_unit_test(there_is_no_alarm_in_the_first_120_s),
		cmocka_unit_test(
			an_alarm_begins_above_the_subscribed_power_and_ends_below_97_pct_of_it),
		cmocka_unit_test(what_may_be_drawn_is_never_negative),
		cmocka_unit_test(without_a_minutes_power_nothing_is_projected),
		cmocka_unit_test(without_a_subscribed_power_there_is_a_projection_alone),
		cmocka_unit_test(at_the_end_the_projection_is_the_mean),
	};

	return cmocka_run_group_tests_name("demand", tests, NULL, NULL);
}
