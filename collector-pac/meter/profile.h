/* profile.h - the register map of a model of meter.
 *
 *     {
 *       "name": "pac3200", "label": "Siemens SENTRON PAC3200", "source": ["manual …, verified …"],
 *       "blocks": [
 *         { "function": 3, "address": 65, "count": 2, "values": [
 *           { "name": "active power", "address": 65, "type": "float32", "unit": "W",
 *             "minimum": -1e9, "maximum": 1e9 } ] } ],
 *       "power_w": ["active power"],
 *       "wh": ["active energy import, tariff 1", "active energy import, tariff 2"]
 *     }
 *
 * A block is one request. Blocks are never joined or split: meters refuse reads that begin inside a
 * value or include a gap. Addresses are those on the wire. */
#ifndef COLLECTOR_PAC_METER_PROFILE_H
#define COLLECTOR_PAC_METER_PROFILE_H

#include "collector-pac/meter/decode.h"
#include "common/json/config.h"
#include "common/base/id.h"

/* Maximum of a Modbus response. */
#define BLOCK_REGISTERS 125

struct register_value {
	char name[48];
	char unit[16]; /* "bits": flags */
	int64_t address;
	int type;	/* enum value_type */
	int word_order; /* enum word_order; key "words", default "high-first" */
	double scale;	/* value = registers x scale; default 1 */
	double minimum; /* plausible range, after scaling; default: any value */
	double maximum;
	bool is_power; /* named by the profile's "power_w" */
	bool is_index; /* named by the profile's "wh" */
};

struct register_block {
	int64_t function; /* 3 holding registers, 4 input registers */
	int64_t address;
	int64_t count;
	struct field_array values; /* struct register_value, at least one, each inside the block */
};

struct profile {
	char name[ID_SIZE];
	char label[LABEL_SIZE];
	struct field_array source;  /* char *: references for the register map */
	struct field_array blocks;  /* struct register_block, at least one */
	struct field_array power_w; /* char *: names of the values whose sum is the power in W */
	struct field_array wh;	    /* char *: likewise the energy index in Wh */
};

/* For config_read(). Call profile_resolve() after it, and config_free() even on failure. */
extern const struct json_field profile_keys[];

/* Marks the values of power and index, and checks what the table of keys cannot express. `file`
 * names the profile in errors. */
bool profile_resolve(struct profile *profile, const char *file, struct fail *fail);

const struct register_block *profile_block(const struct profile *profile, size_t index);
const struct register_value *block_value(const struct register_block *block, size_t index);

/* Returns whether power or index need the block: only such blocks are polled. */
bool block_is_polled(const struct register_block *block);
bool block_has_index(const struct register_block *block);

/* Copies the blocks that are polled, with their values, into one piece of memory for free(). */
struct register_block *profile_polled_blocks(const struct profile *profile, size_t *count);

/* Returns the scaled value from the registers of the block; NAN if it is not a number or not
 * plausible. */
double block_decode(const struct register_block *block, const struct register_value *value,
		    const uint16_t *registers);

/* Sums of the blocks added so far; NAN if a value is unknown. */
struct totals {
	double power_w;
	double wh;
};

/* Returns sums of 0, or NAN if the profile names no value. */
struct totals totals_start(const struct profile *profile);
void totals_add(struct totals *totals, const struct register_block *block,
		const uint16_t *registers);

/* Returns the index, or NAN if it is not in 0..9e12 Wh, the range of the contract. */
double totals_index(const struct totals *totals);

#endif
