#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/meter/wiring.h"

#define DEGREES (3.14159265358979 / 180)

/* 230 V, 10 A on each phase; `angle` is that from the voltage to the current that is measured with
 * it. */
static struct wiring load(double angle1, double angle2, double angle3)
{
	const double angles[PHASES] = {angle1, angle2, angle3};
	struct wiring wiring = wiring_start();

	wiring.total_w = 0;
	for (int i = 0; i < PHASES; i++) {
		wiring.voltage_v[i] = 230;
		wiring.current_a[i] = 10;
		wiring.power_w[i] = 2300 * cos(angles[i] * DEGREES);
		wiring.total_w += wiring.power_w[i];
	}
	return wiring;
}

/* Expects one fault whose text begins so, or none if it is NULL. */
static void expect(const struct wiring *wiring, const char *text)
{
	char texts[WIRING_FAULTS][WIRING_TEXT_SIZE] = {""};
	size_t count = wiring_faults(wiring, texts);

	assert_int_equal(count, text != NULL);
	if (text != NULL && strncmp(texts[0], text, strlen(text)) != 0)
		fail_msg("found \"%s\"", texts[0]);
}

static void good_wiring_has_no_fault_at_any_usual_load(void **state)
{
	struct wiring nothing = wiring_start(), idle = load(0, 0, 0);

	(void)state;
	for (int phi = -40; phi <= 50; phi += 10) {
		struct wiring wiring = load(phi, phi, phi);

		expect(&wiring, NULL);
	}
	expect(&nothing, NULL);
	/* A phase without load; its small negative power is noise. */
	idle.current_a[1] = 0.01;
	idle.power_w[1] = -1;
	expect(&idle, NULL);
}

static void a_reversed_transformer_is_named(void **state)
{
	(void)state;
	for (int phi = 0; phi <= 40; phi += 10) {
		struct wiring one = load(phi, phi + 180, phi);
		struct wiring two = load(phi + 180, phi, phi + 180);
		struct wiring all = load(phi + 180, phi + 180, phi + 180);

		expect(&one, "the power is negative on L2 (-");
		expect(&two, "the power is negative on L1 (-");
		expect(&all, "the power is negative on L1 (-");
	}
}

static void two_exchanged_phases_are_named(void **state)
{
	(void)state;
	for (int phi = -20; phi <= 40; phi += 10) {
		struct wiring first = load(phi + 120, phi - 120, phi);
		struct wiring last = load(phi, phi + 120, phi - 120);

		expect(&first, "phases L1 and L2 seem exchanged: their power factors are ");
		expect(&last, "phases L2 and L3 seem exchanged: their power factors are ");
	}
}

static void a_power_factor_near_0_is_said(void **state)
{
	struct wiring wiring = load(85, 85, 85);

	(void)state;
	expect(&wiring, "current flows (6900 VA) but hardly any power (601 W)");
}

static void a_voltage_that_is_missing_is_said(void **state)
{
	struct wiring wiring = load(10, 10, 10);

	(void)state;
	wiring.voltage_v[2] = 3;
	wiring.power_w[2] = 0;
	expect(&wiring, "L3 has current but only 3 V");
}

static void a_phase_sequence_is_taken_from_the_meter(void **state)
{
	struct wiring wiring = load(10, 10, 10);

	(void)state;
	wiring.sequence = 1;
	expect(&wiring, NULL);
	wiring.sequence = -1;
	expect(&wiring, "the phase sequence is L1-L3-L2");
}

static void values_are_found_by_their_names_and_units(void **state)
{
	struct register_value values[] = {
		{.name = "active power L2", .unit = "kW", .address = 10, .type = VALUE_I16},
		{.name = "current L1", .unit = "A", .address = 11, .type = VALUE_I16},
		{.name = "voltage L3-N", .unit = "V", .address = 12, .type = VALUE_I16},
		{.name = "frequency", .unit = "Hz", .address = 13, .type = VALUE_I16},
	};
	struct register_block block = {.function = 3, .address = 10, .count = 4};
	const uint16_t registers[] = {(uint16_t)-2, 7, 231, 50};
	struct wiring wiring = wiring_start();

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		values[i].own = (struct decimal){1, 1};
		values[i].minimum = -INFINITY;
		values[i].maximum = INFINITY;
	}
	block.values = (struct field_array){.items = values, .count = 4};
	assert_true(wiring_needs(&block));
	wiring_add(&wiring, &block, registers);
	assert_true(wiring.power_w[1] == -2000);
	assert_true(wiring.current_a[0] == 7);
	assert_true(wiring.voltage_v[2] == 231);
	assert_true(isnan(wiring.total_w) && isnan(wiring.power_w[0]));
	block.values.items = &values[3];
	block.values.count = 1;
	assert_false(wiring_needs(&block));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_wiring_has_no_fault_at_any_usual_load),
		cmocka_unit_test(a_reversed_transformer_is_named),
		cmocka_unit_test(two_exchanged_phases_are_named),
		cmocka_unit_test(a_power_factor_near_0_is_said),
		cmocka_unit_test(a_voltage_that_is_missing_is_said),
		cmocka_unit_test(a_phase_sequence_is_taken_from_the_meter),
		cmocka_unit_test(values_are_found_by_their_names_and_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
