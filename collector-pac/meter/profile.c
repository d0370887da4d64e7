#include "collector-pac/meter/profile.h"

#include <math.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/base/units.h"

/* -------- the keys of a profile -------- */

static const char *const type_names[] = {"float32", "float64", "u16", "i16", "u32",
					 "i32",	    "u64",     "i64", NULL};
static const char *const order_names[] = {"high-first", "low-first", NULL};

static const struct register_value value_defaults = {
	.scale = 1,
	.minimum = -INFINITY,
	.maximum = INFINITY,
};

static const struct register_block block_defaults = {.function = 3};

static bool value_check(void *element, struct fail *fail);
static bool block_check(void *element, struct fail *fail);

static const struct json_field value_keys[] = {
	{.name = "name",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct register_value, name),
	 .size = sizeof(((struct register_value *)0)->name),
	 .required = true},
	{.name = "unit",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct register_value, unit),
	 .size = sizeof(((struct register_value *)0)->unit)},
	{.name = "address",
	 .type = FIELD_INT,
	 .offset = offsetof(struct register_value, address),
	 .maximum = 65535,
	 .required = true},
	{.name = "type",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct register_value, type),
	 .choices = type_names,
	 .required = true},
	{.name = "words",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct register_value, word_order),
	 .choices = order_names},
	{.name = "scale",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct register_value, scale),
	 .minimum = -1e12,
	 .maximum = 1e12},
	{.name = "minimum",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct register_value, minimum),
	 .minimum = -1e300,
	 .maximum = 1e300},
	{.name = "maximum",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct register_value, maximum),
	 .minimum = -1e300,
	 .maximum = 1e300},
	{0},
};

static const struct json_field block_keys[] = {
	{.name = "function",
	 .type = FIELD_INT,
	 .offset = offsetof(struct register_block, function),
	 .minimum = 3,
	 .maximum = 4},
	{.name = "address",
	 .type = FIELD_INT,
	 .offset = offsetof(struct register_block, address),
	 .maximum = 65535,
	 .required = true},
	{.name = "count",
	 .type = FIELD_INT,
	 .offset = offsetof(struct register_block, count),
	 .minimum = 1,
	 .maximum = BLOCK_REGISTERS,
	 .required = true},
	{.name = "values",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct register_block, values),
	 .minimum = 1,
	 .maximum = BLOCK_REGISTERS,
	 .size = sizeof(struct register_value),
	 .fields = value_keys,
	 .defaults = &value_defaults,
	 .check = value_check,
	 .required = true},
	{0},
};

const struct json_field profile_keys[] = {
	{.name = "name",
	 .type = FIELD_ID,
	 .offset = offsetof(struct profile, name),
	 .required = true},
	{.name = "label", .type = FIELD_LABEL, .offset = offsetof(struct profile, label)},
	{.name = "source",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct profile, source),
	 .maximum = 32,
	 .size = sizeof(char *)},
	{.name = "blocks",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct profile, blocks),
	 .minimum = 1,
	 .maximum = 64,
	 .size = sizeof(struct register_block),
	 .fields = block_keys,
	 .defaults = &block_defaults,
	 .check = block_check,
	 .required = true},
	{.name = "power_w",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct profile, power_w),
	 .maximum = 16,
	 .size = sizeof(char *)},
	{.name = "wh",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct profile, wh),
	 .minimum = 1,
	 .maximum = 16,
	 .size = sizeof(char *),
	 .required = true},
	{0},
};

/* -------- checks that the tables cannot express -------- */

static bool value_check(void *element, struct fail *fail)
{
	const struct register_value *value = element;

	if (value->name[0] == '\0')
		return fail_set(fail, "name: expected a text that is not empty");
	if (value->scale == 0)
		return fail_set(fail, "scale: expected a number other than 0");
	if (value->minimum > value->maximum)
		return fail_set(fail, "minimum: %g is more than maximum, %g", value->minimum,
				value->maximum);
	return true;
}

static int64_t value_end(const struct register_value *value)
{
	return value->address + value_words((enum value_type)value->type);
}

static bool block_check(void *element, struct fail *fail)
{
	const struct register_block *block = element;
	int64_t end = block->address + block->count;

	if (end > 65536)
		return fail_set(fail, "count: registers end at 65535, this block at %lld",
				(long long)(end - 1));
	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);

		if (value->address < block->address || value_end(value) > end)
			return fail_set(fail,
					"values[%zu]: \"%s\" is at %lld to %lld, outside its block "
					"%lld to %lld",
					i, value->name, (long long)value->address,
					(long long)value_end(value) - 1, (long long)block->address,
					(long long)end - 1);
	}
	return true;
}

static struct register_value *value_find(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);
		struct register_value *values = block->values.items;

		for (size_t j = 0; j < block->values.count; j++) {
			if (strcmp(values[j].name, name) == 0)
				return &values[j];
		}
	}
	return NULL;
}

/* A duplicate name would make a sum ambiguous. */
static bool names_unique(const struct profile *profile, const char *file, struct fail *fail)
{
	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);

		for (size_t j = 0; j < block->values.count; j++) {
			const struct register_value *value = block_value(block, j);

			if (value_find(profile, value->name) != value)
				return fail_set(
					fail,
					"%s: blocks[%zu].values[%zu].name: there is another "
					"\"%s\"",
					file, i, j, value->name);
		}
	}
	return true;
}

/* Marks the values that the sum of `key` names. */
static bool sum_resolve(const struct profile *profile, const struct field_array *names, size_t flag,
			const char *file, const char *key, struct fail *fail)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = ((char **)names->items)[i];
		struct register_value *value = value_find(profile, name);
		bool *marked = value == NULL ? NULL : (bool *)((char *)value + flag);

		if (value == NULL)
			return fail_set(fail, "%s: %s[%zu]: no value is called \"%s\"", file, key,
					i, name);
		if (*marked)
			return fail_set(fail, "%s: %s[%zu]: \"%s\" is in the sum already", file,
					key, i, name);
		*marked = true;
	}
	return true;
}

bool profile_resolve(struct profile *profile, const char *file, struct fail *fail)
{
	return names_unique(profile, file, fail) &&
	       sum_resolve(profile, &profile->power_w, offsetof(struct register_value, is_power),
			   file, "power_w", fail) &&
	       sum_resolve(profile, &profile->wh, offsetof(struct register_value, is_index), file,
			   "wh", fail);
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

bool block_is_polled(const struct register_block *block)
{
	for (size_t i = 0; i < block->values.count; i++) {
		if (block_value(block, i)->is_power)
			return true;
	}
	return block_has_index(block);
}

struct register_block *profile_polled_blocks(const struct profile *profile, size_t *count)
{
	struct register_block *blocks;
	struct register_value *values;
	size_t value_count = 0;

	*count = 0;
	for (size_t i = 0; i < profile->blocks.count; i++) {
		if (!block_is_polled(profile_block(profile, i)))
			continue;
		(*count)++;
		value_count += profile_block(profile, i)->values.count;
	}
	blocks = allocate(1, *count * sizeof(*blocks) + value_count * sizeof(*values));
	values = (struct register_value *)(blocks + *count);
	for (size_t i = 0, to = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);

		if (!block_is_polled(block))
			continue;
		blocks[to] = *block;
		blocks[to++].values.items =
			memcpy(values, block->values.items, block->values.count * sizeof(*values));
		values += block->values.count;
	}
	return blocks;
}

double block_decode(const struct register_block *block, const struct register_value *value,
		    const uint16_t *registers)
{
	double number =
		value_decode(registers + (value->address - block->address),
			     (enum value_type)value->type, (enum word_order)value->word_order) *
		value->scale;

	if (!isfinite(number) || number < value->minimum || number > value->maximum)
		return NAN;
	return number;
}

/* -------- power and index -------- */

struct totals totals_start(const struct profile *profile)
{
	return (struct totals){
		.power_w = profile->power_w.count > 0 ? 0 : NAN,
		.wh = profile->wh.count > 0 ? 0 : NAN,
	};
}

void totals_add(struct totals *totals, const struct register_block *block,
		const uint16_t *registers)
{
	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *value = block_value(block, i);

		if (value->is_power)
			totals->power_w += block_decode(block, value, registers);
		if (value->is_index)
			totals->wh += block_decode(block, value, registers);
	}
}

double totals_index(const struct totals *totals)
{
	mwh_t index;

	return mwh_from_wh(totals->wh, &index) ? totals->wh : NAN;
}
