#include "collector-pac/meter/profile.h"

#include <math.h>
#include <string.h>

static const char *const type_names[] = {"float32", "float64", "u16", "i16",   "u32",
					 "i32",	    "u64",     "i64", "bcd32", NULL};
static const char *const order_names[] = {"ABCD", "CDAB", "BADC", "DCBA", NULL};
static const char *const words_names[] = {"high-first", "low-first", NULL};
static const char *const scale_names[] = {"power-of-ten", "factor", NULL};

const struct profile profile_defaults = {.max_w = NAN};

static const struct register_value value_defaults = {
	.word_order = -1,
	.words = -1,
	.scale = 1,
	.scale_as = -1,
	.minimum = -INFINITY,
	.maximum = INFINITY,
};

static const struct register_block block_defaults = {.function = 3};

static const struct signature_register signature_defaults = {
	.function = 3,
	.minimum = -INFINITY,
	.maximum = INFINITY,
};

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
	 .type = FIELD_BITS,
	 .offset = offsetof(struct register_value, address),
	 .maximum = 65535,
	 .required = true},
	{.name = "type",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct register_value, type),
	 .choices = type_names,
	 .required = true},
	{.name = "order",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct register_value, word_order),
	 .choices = order_names},
	{.name = "words",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct register_value, words),
	 .choices = words_names},
	{.name = "scale",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct register_value, scale),
	 .minimum = -1e12,
	 .maximum = 1e12},
	{.name = "scale_by",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct register_value, scale_by),
	 .size = VALUE_NAME_SIZE},
	{.name = "scale_as",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct register_value, scale_as),
	 .choices = scale_names},
	{.name = "not_available",
	 .type = FIELD_BITS_LIST,
	 .offset = offsetof(struct register_value, not_available)},
	{.name = "net", .type = FIELD_BOOL, .offset = offsetof(struct register_value, net)},
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
	 .type = FIELD_BITS,
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

static const struct json_field signature_keys[] = {
	{.name = "function",
	 .type = FIELD_INT,
	 .offset = offsetof(struct signature_register, function),
	 .minimum = 3,
	 .maximum = 4},
	{.name = "address",
	 .type = FIELD_BITS,
	 .offset = offsetof(struct signature_register, address),
	 .maximum = 65535,
	 .required = true},
	{.name = "type",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct signature_register, type),
	 .choices = type_names,
	 .required = true},
	{.name = "order",
	 .type = FIELD_CHOICE,
	 .offset = offsetof(struct signature_register, word_order),
	 .choices = order_names},
	{.name = "equals",
	 .type = FIELD_BITS_LIST,
	 .offset = offsetof(struct signature_register, equals)},
	{.name = "minimum",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct signature_register, minimum)},
	{.name = "maximum",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct signature_register, maximum)},
	{0},
};

static const struct json_field pulses_keys[] = {
	{.name = "value",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct pulse_counter, value),
	 .size = VALUE_NAME_SIZE,
	 .required = true},
	{.name = "modulus",
	 .type = FIELD_INT,
	 .offset = offsetof(struct pulse_counter, modulus),
	 .minimum = 2,
	 .maximum = 9e15},
	{0},
};

const struct json_field profile_keys[] = {
	{.name = "name",
	 .type = FIELD_ID,
	 .offset = offsetof(struct profile, name),
	 .required = true},
	{.name = "label", .type = FIELD_LABEL, .offset = offsetof(struct profile, label)},
	{.name = "maker", .type = FIELD_LABEL, .offset = offsetof(struct profile, maker)},
	{.name = "model", .type = FIELD_LABEL, .offset = offsetof(struct profile, model)},
	{.name = "tried", .type = FIELD_BOOL, .offset = offsetof(struct profile, tried)},
	{.name = "max_w",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct profile, max_w),
	 .minimum = 1,
	 .maximum = 1e9},
	{.name = "connect_delay_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct profile, connect_delay_ms),
	 .maximum = 10000},
	{.name = "request_delay_ms",
	 .type = FIELD_INT,
	 .offset = offsetof(struct profile, request_delay_ms),
	 .maximum = 10000},
	{.name = "signature",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct profile, signature),
	 .maximum = 8,
	 .size = sizeof(struct signature_register),
	 .fields = signature_keys,
	 .defaults = &signature_defaults},
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
	 .maximum = 16,
	 .size = sizeof(char *)},
	{.name = "varh",
	 .type = FIELD_ARRAY,
	 .offset = offsetof(struct profile, varh),
	 .maximum = 16,
	 .size = sizeof(char *)},
	{.name = "pulses",
	 .type = FIELD_OBJECT,
	 .offset = offsetof(struct profile, pulses),
	 .fields = pulses_keys},
	{0},
};

/* -------- checks that the tables cannot express -------- */

static bool order_check(struct register_value *value, struct fail *fail)
{
	if (value->words >= 0 && value->word_order >= 0)
		return fail_set(fail, "words: expected this or order, found both");
	if (value->words >= 0)
		value->word_order = value->words == 0 ? WORDS_HIGH_FIRST : WORDS_LOW_FIRST;
	else if (value->word_order < 0)
		value->word_order = WORDS_HIGH_FIRST;
	if (value_words((enum value_type)value->type) > 1 ||
	    value->word_order == WORDS_HIGH_FIRST || value->word_order == WORDS_HIGH_FIRST_SWAPPED)
		return true;
	return fail_set(fail, "%s: a value of one register has no words to swap, expected %s",
			value->words >= 0 ? "words" : "order",
			value->words >= 0 ? "none" : "ABCD or BADC");
}

static bool markers_check(const struct register_value *value, struct fail *fail)
{
	const int bits = 16 * value_words((enum value_type)value->type);

	for (size_t i = 0; i < value->not_available.count; i++) {
		if (bits < 64 && value->not_available.bits[i] >> bits != 0)
			return fail_set(fail,
					"not_available: 0x%llX is out of range, expected %d bits",
					(unsigned long long)value->not_available.bits[i], bits);
	}
	return true;
}

static bool scale_check(struct register_value *value, struct fail *fail)
{
	if (value->scale == 0)
		return fail_set(fail, "scale: expected a number other than 0");
	if (value->scale_as >= 0 && value->scale_by[0] == '\0')
		return fail_set(fail, "scale_as: expected together with scale_by only");
	if (value->scale_as < 0)
		value->scale_as = SCALE_POWER_OF_TEN;
	if (strcmp(value->scale_by, value->name) == 0)
		return fail_set(fail, "scale_by: \"%s\" is this value itself", value->name);
	value->own = decimal_of(value->scale);
	return true;
}

static bool value_check(void *element, struct fail *fail)
{
	struct register_value *value = element;

	if (value->name[0] == '\0')
		return fail_set(fail, "name: expected a text that is not empty");
	if (value->minimum > value->maximum)
		return fail_set(fail, "minimum: %g is more than maximum, %g", value->minimum,
				value->maximum);
	return scale_check(value, fail) && order_check(value, fail) && markers_check(value, fail);
}

static int64_t value_end(const struct register_value *value)
{
	return value->address + value_words((enum value_type)value->type);
}

/* Values that overlap are a slip of a digit. */
static bool values_apart(const struct register_block *block, size_t index, struct fail *fail)
{
	const struct register_value *value = block_value(block, index);

	for (size_t i = 0; i < index; i++) {
		const struct register_value *other = block_value(block, i);

		if (value->address < value_end(other) && other->address < value_end(value))
			return fail_set(fail,
					"values[%zu]: \"%s\" is at %lld to %lld, where \"%s\" is",
					index, value->name, (long long)value->address,
					(long long)value_end(value) - 1, other->name);
	}
	return true;
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
		if (!values_apart(block, i, fail))
			return false;
	}
	return true;
}
