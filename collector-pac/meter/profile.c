#include "collector-pac/meter/profile.h"

#include <math.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/base/units.h"

bool profile_counts_pulses(const struct profile *profile)
{
	return profile->pulses.value[0] != '\0';
}

/* -------- blocks and values -------- */

const struct register_block *profile_block(const struct profile *profile, size_t index)
{
	return (const struct register_block *)profile->blocks.items + index;
}

const struct register_value *block_value(const struct register_block *block, size_t index)
{
	return (const struct register_value *)block->values.items + index;
}

bool block_has_index(const struct register_block *block)
{
	for (size_t i = 0; i < block->values.count; i++) {
		if (block_value(block, i)->is_index)
			return true;
	}
	return false;
}

bool block_has_reactive(const struct register_block *block)
{
	for (size_t i = 0; i < block->values.count; i++) {
		if (block_value(block, i)->is_reactive)
			return true;
	}
	return false;
}

bool block_is_polled(const struct register_block *block)
{
	for (size_t i = 0; i < block->values.count; i++) {
		if (block_value(block, i)->is_power)
			return true;
	}
	return block_has_index(block);
}

struct register_block *profile_copy_blocks(const struct profile *profile,
					   bool (*wanted)(const struct register_block *block),
					   size_t *count)
{
	struct register_block *blocks;
	struct register_value *values;
	size_t value_count = 0;

	*count = 0;
	for (size_t i = 0; i < profile->blocks.count; i++) {
		if (!wanted(profile_block(profile, i)))
			continue;
		(*count)++;
		value_count += profile_block(profile, i)->values.count;
	}
	blocks = allocate(1, *count * sizeof(*blocks) + value_count * sizeof(*values));
	values = (struct register_value *)(blocks + *count);
	for (size_t i = 0, to = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);

		if (!wanted(block))
			continue;
		blocks[to] = *block;
		blocks[to++].values.items =
			memcpy(values, block->values.items, block->values.count * sizeof(*values));
		values += block->values.count;
	}
	return blocks;
}

/* -------- decoding -------- */

static bool is_listed(const struct bits_list *list, uint64_t bits)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->bits[i] == bits)
			return true;
	}
	return false;
}

bool signature_fits(const struct signature_register *signature, const uint16_t *registers)
{
	enum value_type type = (enum value_type)signature->type;
	enum word_order order = (enum word_order)signature->word_order;
	double number = value_decode(registers, type, order);

	if (signature->equals.count > 0 &&
	    !is_listed(&signature->equals, value_bits(registers, type, order)))
		return false;
	return number >= signature->minimum && number <= signature->maximum;
}

/* The number in the registers; NAN if it is none. */
static double value_number(const struct register_block *block, const struct register_value *value,
			   const uint16_t *registers)
{
	const uint16_t *words = registers + (value->address - block->address);
	enum value_type type = (enum value_type)value->type;
	enum word_order order = (enum word_order)value->word_order;

	if (value->not_available.count > 0 &&
	    is_listed(&value->not_available, value_bits(words, type, order)))
		return NAN;
	return value_decode(words, type, order);
}

/* Division is exact where a multiplication by 0.1 is not. */
static double scale_apply(double number, double scale, enum scale_as as)
{
	if (as == SCALE_FACTOR)
		return number * scale;
	return scale < 0 ? number / pow(10, -scale) : number * pow(10, scale);
}

static double value_scaled(const struct register_block *block, const struct register_value *value,
			   const uint16_t *registers, struct decimal scale)
{
	double number = decimal_apply(scale, value_number(block, value, registers));
	const struct register_value *by;

	if (value->scale_by[0] == '\0')
		return number;
	by = block_value(block, value->scale_at);
	return scale_apply(number, block_decode(block, by, registers),
			   (enum scale_as)value->scale_as);
}

double block_decode(const struct register_block *block, const struct register_value *value,
		    const uint16_t *registers)
{
	double number = value_scaled(block, value, registers, value->own);

	if (!isfinite(number) || number < value->minimum || number > value->maximum)
		return NAN;
	return number;
}

/* In W, Wh or varh. */
static double block_part(const struct register_block *block, const struct register_value *value,
			 const uint16_t *registers)
{
	double number = block_decode(block, value, registers);

	if (value->base == 1 || isnan(number))
		return number;
	return value_scaled(block, value, registers, value->total);
}

/* -------- power and index -------- */

struct totals totals_start(const struct profile *profile)
{
	return (struct totals){
		.power_w = profile->power_w.count > 0 && !profile->is_reactive ? 0 : NAN,
		.wh = profile->wh.count > 0 || profile_counts_pulses(profile) ? 0 : NAN,
		.varh = NAN,
	};
}

void totals_add(struct totals *totals, const struct register_block *block,
		const uint16_t *registers)
{
	double varh = 0;

	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);

		if (value->is_power)
			totals->power_w += block_part(block, value, registers);
		if (value->is_index)
			totals->wh += block_part(block, value, registers);
		if (value->is_reactive)
			varh += block_part(block, value, registers);
	}
	if (block_has_reactive(block))
		totals->varh = varh;
}

double totals_index(const struct totals *totals)
{
	mwh_t index;

	return mwh_from_wh(totals->wh, &index) ? totals->wh : NAN;
}
