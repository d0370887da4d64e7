#include "tests/unit/collector-pac/meter_case.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collector-pac/profiles/profiles.h"

static uint16_t image[65536];
static bool listed[65536];

static void image_fill(const struct meter_case *meter)
{
	memset(image, 0, sizeof(image));
	memset(listed, 0, sizeof(listed));
	for (const struct case_register *row = meter->registers; row->words != NULL; row++) {
		int address = row->address;
		char *end;

		for (const char *at = row->words; *at != '\0'; at = end) {
			image[address] = (uint16_t)strtoul(at, &end, 16);
			listed[address++] = true;
			assert_ptr_not_equal(at, end);
		}
	}
}

/* A register that no block reads would prove nothing. */
static void image_read(const struct meter_case *meter, const struct register_block *block)
{
	if (block->count > meter->longest)
		fail_msg("%s: %d registers at %d in a request, at most %d", meter->profile,
			 (int)block->count, (int)block->address, meter->longest);
	for (int64_t i = 0; i < block->count; i++)
		listed[block->address + i] = false;
}

static void number_check(const struct meter_case *meter, const char *name, double got,
			 double expected)
{
	if (isnan(expected) != isnan(got) || fabs(got - expected) > fabs(expected) * 1e-6)
		fail_msg("%s: %s is %.10g, expected %.10g", meter->profile, name, got, expected);
}

static const struct case_register *row_named(const struct meter_case *meter, const char *name)
{
	for (const struct case_register *row = meter->registers; row->words != NULL; row++) {
		if (row->name != NULL && strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

static int values_check(const struct meter_case *meter, const struct register_block *block)
{
	int found = 0;

	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);
		const struct case_register *row = row_named(meter, value->name);

		if (row == NULL)
			continue;
		found++;
		if (row->address != value->address)
			fail_msg("%s: %s is at %d, expected %d", meter->profile, value->name,
				 (int)value->address, row->address);
		if (!value->is_power && !value->is_index && !value->is_reactive)
			number_check(meter, value->name,
				     block_decode(block, value, image + block->address),
				     row->number);
	}
	return found;
}

/* Only where the case has the register. */
static void signature_check(const struct meter_case *meter, const struct profile *profile)
{
	const struct signature_register *signature = profile->signature.items;

	for (size_t i = 0; i < profile->signature.count; i++) {
		const uint16_t *registers = image + signature[i].address;

		if (value_bits(registers, (enum value_type)signature[i].type, WORDS_HIGH_FIRST) ==
		    0)
			continue;
		if (!signature_fits(&signature[i], registers))
			fail_msg("%s: signature[%zu] does not fit", meter->profile, i);
	}
}

/* The same registers as a source of reactive energy. */
static void reactive_check(const struct meter_case *meter, struct profile *profile)
{
	struct totals totals;
	int requests = 0;

	if (profile->varh.count == 0)
		return;
	assert_true(profile_make_reactive(profile, NULL));
	totals = totals_start(profile);
	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);

		if (!block_is_polled(block))
			continue;
		totals_add(&totals, block, image + block->address);
		requests++;
	}
	number_check(meter, "index of reactive energy", totals.wh, meter->varh);
	assert_int_equal(requests, 1);
}

void meter_case_check(const struct meter_case *meter)
{
	struct profile profile = {0};
	struct fail fail = {0};
	struct totals totals;
	int found = 0, named = 0, requests = 0;

	if (!profiles_load(&profile, meter->profile, &fail))
		fail_msg("%s", fail.text);
	image_fill(meter);
	totals = totals_start(&profile);
	for (size_t i = 0; i < profile.blocks.count; i++) {
		const struct register_block *block = profile_block(&profile, i);

		image_read(meter, block);
		found += values_check(meter, block);
		requests += block_is_polled(block);
		totals_add(&totals, block, image + block->address);
	}
	for (const struct case_register *row = meter->registers; row->words != NULL; row++) {
		if (listed[row->address])
			fail_msg("%s: %d is in no block", meter->profile, row->address);
		named += row->name != NULL;
	}
	if (found != named)
		fail_msg("%s: has %d of %d values", meter->profile, found, named);
	number_check(meter, "power", totals.power_w, meter->power_w);
	number_check(meter, "index", totals.wh, meter->wh);
	number_check(meter, "reactive index", totals.varh,
		     profile.varh.count > 0 ? meter->varh : NAN);
	if (profile.varh.count == 0 && meter->varh != 0)
		fail_msg("%s: has no reactive index", meter->profile);
	if (requests != meter->requests)
		fail_msg("%s: %d requests a poll, expected %d", meter->profile, requests,
			 meter->requests);
	signature_check(meter, &profile);
	reactive_check(meter, &profile);
	config_free(profile_keys, &profile);
}
