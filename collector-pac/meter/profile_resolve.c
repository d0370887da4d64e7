#include "collector-pac/meter/profile.h"

#include <math.h>
#include <string.h>

#include "collector-pac/meter/quantity.h"

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

/* -------- sums -------- */

struct sum {
	const char *key;
	const struct field_array *names;
	size_t flag; /* in struct register_value */
	enum quantity quantity;
};

/* An index that can fall is none: net counters, and values that are subtracted. */
static bool counts_up(const struct register_value *value, struct fail *fail)
{
	if (value->net || value->scale < 0 || (isfinite(value->minimum) && value->minimum < 0))
		return fail_set(
			fail,
			"\"%s\" can fall, expected an index that only grows: use one source "
			"for import and one for export",
			value->name);
	return true;
}

static bool part_resolve(const struct profile *profile, const struct sum *sum, const char *name,
			 struct fail *fail)
{
	struct register_value *value = value_find(profile, name);
	bool *marked = value == NULL ? NULL : (bool *)((char *)value + sum->flag);

	if (value == NULL)
		return fail_set(fail, "no value is called \"%s\"", name);
	if (*marked)
		return fail_set(fail, "\"%s\" is in the sum already", name);
	if (!quantity_unit(sum->quantity, value->unit, &value->base))
		return fail_set(fail, "\"%s\" has the unit \"%s\", expected %s", name, value->unit,
				quantity_units(sum->quantity));
	if (sum->quantity != QUANTITY_POWER && !counts_up(value, fail))
		return false;
	value->total = decimal_of(value->scale * value->base);
	*marked = true;
	return true;
}

/* Marks the values that the sum names. */
static bool sum_resolve(const struct profile *profile, const struct sum *sum, const char *file,
			struct fail *fail)
{
	for (size_t i = 0; i < sum->names->count; i++) {
		struct fail reason = {0};

		if (!part_resolve(profile, sum, ((char **)sum->names->items)[i], &reason))
			return fail_set(fail, "%s: %s[%zu]: %s", file, sum->key, i, reason.text);
	}
	return true;
}

/* Else a part of the sum could be taken for the whole. */
static bool reactive_in_one_block(const struct profile *profile, const char *file,
				  struct fail *fail)
{
	size_t blocks = 0;

	for (size_t i = 0; i < profile->blocks.count; i++)
		blocks += block_has_reactive(profile_block(profile, i));
	return blocks <= 1 ||
	       fail_set(fail, "%s: varh: the values are in %zu blocks, expected one", file, blocks);
}

/* -------- scales in other registers -------- */

static bool scale_resolve(const struct register_block *block, struct register_value *value,
			  struct fail *fail)
{
	for (size_t i = 0; i < block->values.count; i++) {
		const struct register_value *other = block_value(block, i);

		value->scale_at = i;
		if (strcmp(other->name, value->scale_by) == 0)
			return other->scale_by[0] == '\0' ||
			       fail_set(fail, "\"%s\" has a scale_by itself", other->name);
	}
	return fail_set(fail, "no value of the same block is called \"%s\"", value->scale_by);
}

static bool scales_resolve(const struct profile *profile, const char *file, struct fail *fail)
{
	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);
		struct register_value *values = block->values.items;

		for (size_t j = 0; j < block->values.count; j++) {
			struct fail reason = {0};

			if (values[j].scale_by[0] != '\0' &&
			    !scale_resolve(block, &values[j], &reason))
				return fail_set(fail, "%s: blocks[%zu].values[%zu].scale_by: %s",
						file, i, j, reason.text);
		}
	}
	return true;
}

/* -------- what is counted -------- */

static bool pulses_resolve(const struct profile *profile, const char *file, struct fail *fail)
{
	const struct sum pulses = {.key = "pulses",
				   .flag = offsetof(struct register_value, is_index),
				   .quantity = QUANTITY_PULSES};
	const struct register_value *value;
	struct fail reason = {0};

	if (!part_resolve(profile, &pulses, profile->pulses.value, &reason))
		return fail_set(fail, "%s: pulses.value: %s", file, reason.text);
	value = value_find(profile, profile->pulses.value);
	if (value->scale == 1 && value->scale_by[0] == '\0' && value->type != VALUE_FLOAT32 &&
	    value->type != VALUE_FLOAT64)
		return true;
	return fail_set(fail, "%s: pulses.value: \"%s\" is not a whole number without scale", file,
			value->name);
}

static bool counts_one_thing(const struct profile *profile, const char *file, struct fail *fail)
{
	const bool pulses = profile_counts_pulses(profile);

	if (!pulses && profile->wh.count == 0)
		return fail_set(fail,
				"%s: wh: missing, expected the values of the energy index, or "
				"pulses",
				file);
	if (pulses && profile->wh.count > 0)
		return fail_set(fail, "%s: pulses: expected this or wh, found both", file);
	if (pulses && profile->power_w.count > 0)
		return fail_set(fail, "%s: power_w: a counter of pulses has no power", file);
	return true;
}

bool profile_make_reactive(struct profile *profile, struct fail *fail)
{
	if (profile->varh.count == 0)
		return fail_set(fail, "profile \"%s\" has no reactive energy (varh)",
				profile->name);
	profile->is_reactive = true;
	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);
		struct register_value *values = block->values.items;

		for (size_t j = 0; j < block->values.count; j++) {
			values[j].is_index = values[j].is_reactive;
			values[j].is_power = false;
		}
	}
	return true;
}

bool profile_resolve(struct profile *profile, const char *file, struct fail *fail)
{
	const struct sum power = {"power_w", &profile->power_w,
				  offsetof(struct register_value, is_power), QUANTITY_POWER};
	const struct sum index = {"wh", &profile->wh, offsetof(struct register_value, is_index),
				  QUANTITY_ENERGY};
	const struct sum reactive = {"varh", &profile->varh,
				     offsetof(struct register_value, is_reactive),
				     QUANTITY_REACTIVE};

	return counts_one_thing(profile, file, fail) && names_unique(profile, file, fail) &&
	       scales_resolve(profile, file, fail) && sum_resolve(profile, &power, file, fail) &&
	       sum_resolve(profile, &index, file, fail) &&
	       sum_resolve(profile, &reactive, file, fail) &&
	       (!profile_counts_pulses(profile) || pulses_resolve(profile, file, fail)) &&
	       reactive_in_one_block(profile, file, fail);
}
