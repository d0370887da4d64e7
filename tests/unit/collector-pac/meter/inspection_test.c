#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/meter/inspection.h"

/* The registers are volts and watts: one block that is polled, one only for the wiring. */
#define VALUE(text, at)                                                                            \
	{                                                                                          \
		.name = text, .address = at, .type = VALUE_I16, .own = {1, 1}, .minimum = -1e9,    \
		.maximum = 1e9, .is_power = at < 9                                                 \
	}

static struct register_value watts[] = {
	VALUE("active power L1", 0),
	VALUE("active power L2", 1),
	VALUE("active power L3", 2),
};

static struct register_value volts[] = {VALUE("voltage L1-N", 9)};

static struct register_block blocks[] = {
	{.function = 3, .address = 0, .count = 3, .values = {.count = 3, .items = watts}},
	{.function = 3, .address = 9, .count = 1, .values = {.count = 1, .items = volts}},
};

static const struct profile profile = {.blocks = {.count = 2, .items = blocks}};

/* A poll at `now`; returns the faults to report. */
static size_t poll_at(struct inspection *inspection, ms_t now, int16_t l2_w)
{
	const uint16_t registers[] = {2000, (uint16_t)l2_w, 2000};
	const uint16_t voltage[] = {230};

	inspection_begin(inspection, now);
	inspection_add(inspection, &blocks[0], registers);
	for (size_t i = 0; i < inspection_blocks(inspection); i++)
		inspection_add(inspection, &inspection->blocks[i], voltage);
	return inspection_end(inspection);
}

static void a_fault_of_two_inspections_is_reported_once(void **state)
{
	struct inspection inspection = inspection_open(&profile);

	(void)state;
	assert_int_equal(poll_at(&inspection, 0, -2000), 0);
	assert_int_equal(poll_at(&inspection, INSPECTION_EVERY_MS - 1, -2000), 0);
	assert_int_equal(poll_at(&inspection, INSPECTION_EVERY_MS, -2000), 1);
	assert_non_null(strstr(inspection.faults[0], "L2"));
	for (int i = 2; i < 2 * INSPECTIONS; i++)
		assert_int_equal(poll_at(&inspection, i * INSPECTION_EVERY_MS, -2000), 0);
	inspection_close(&inspection);
}

static void a_fault_that_passes_is_not_reported(void **state)
{
	struct inspection inspection = inspection_open(&profile);

	(void)state;
	for (int i = 0; i < 2 * INSPECTIONS; i++)
		assert_int_equal(
			poll_at(&inspection, i * INSPECTION_EVERY_MS, i % 2 == 0 ? -2000 : 2000),
			0);
	inspection_close(&inspection);
}

static void only_inspections_ask_for_more_and_they_end(void **state)
{
	struct inspection inspection = inspection_open(&profile);
	int asked = 0;

	(void)state;
	assert_int_equal(inspection.count, 1);
	assert_int_equal(inspection.blocks[0].address, 9);
	for (ms_t now = 0; now < 2 * INSPECTIONS * INSPECTION_EVERY_MS; now += MS_PER_SECOND) {
		inspection_begin(&inspection, now);
		asked += inspection_blocks(&inspection) > 0;
		inspection_end(&inspection);
	}
	assert_int_equal(asked, INSPECTIONS);
	inspection_close(&inspection);
}

static void an_incomplete_poll_finds_nothing(void **state)
{
	struct inspection inspection = inspection_open(&profile);

	(void)state;
	poll_at(&inspection, 0, -2000);
	inspection_begin(&inspection, INSPECTION_EVERY_MS);
	inspection_cancel(&inspection);
	assert_int_equal(inspection_blocks(&inspection), 0);
	assert_int_equal(inspection_end(&inspection), 0);
	inspection_close(&inspection);
}

static void a_profile_without_phases_is_never_inspected(void **state)
{
	struct register_value power = {.name = "power", .type = VALUE_I16, .is_power = true};
	struct register_block block = {.count = 1, .values = {.count = 1, .items = &power}};
	const struct profile plain = {.blocks = {.count = 1, .items = &block}};
	struct inspection inspection = inspection_open(&plain);

	(void)state;
	inspection_begin(&inspection, 0);
	assert_false(inspection.going);
	inspection_close(&inspection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_of_two_inspections_is_reported_once),
		cmocka_unit_test(a_fault_that_passes_is_not_reported),
		cmocka_unit_test(only_inspections_ask_for_more_and_they_end),
		cmocka_unit_test(an_incomplete_poll_finds_nothing),
		cmocka_unit_test(a_profile_without_phases_is_never_inspected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
