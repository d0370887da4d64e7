/* profile.h - what a model of meter says at which registers: its register map as data.
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
 * A block is one request and is read exactly as it stands: meters refuse reads that begin inside a
 * value or run across a gap, so nothing here joins or splits blocks. Addresses are those on the
 * wire. */
#ifndef COLLECTOR_PAC_METER_PROFILE_H
#define COLLECTOR_PAC_METER_PROFILE_H

#include "collector-pac/meter/decode.h"
#include "common/json/config.h"
#include "common/base/id.h"

/* A Modbus answer holds no more registers than this. */
#define BLOCK_REGISTERS 125

struct register_value {
	char name[48];
	char unit[16]; /* "bits": a field of flags */
	int64_t address;
	int type;	/* enum value_type */
	int word_order; /* enum word_order; member "words", default "high-first" */
	double scale;	/* the value is registers x scale, default 1 */
	double minimum; /* of plausible values, after scaling; default: any */
	double maximum;
	bool is_power; /* named by the profile's "power_w" */
	bool is_index; /* named by the profile's "wh" */
};

struct register_block {
	int64_t function; /* 3 holding registers, 4 input registers */
	int64_t address;
	int64_t count;
	struct config_array values; /* struct register_value, at least one, all inside the block */
};

struct profile {
	char name[ID_SIZE];
	char label[LABEL_SIZE];
	struct config_array source;  /* char *: where its facts come from */
	struct config_array blocks;  /* struct register_block, at least one */
	struct config_array power_w; /* char *: values whose sum is the power in W */
	struct config_array wh;	     /* char *: values whose sum is the energy index in Wh */
};

/* For config_read(); then call profile_resolve(), and profile_free() in any case. */
extern const struct config_key profile_keys[];

/* Finds the values that power and index are made of, and checks what the table of members cannot.
 * `file` names the profile in errors. */
bool profile_resolve(struct profile *profile, const char *file, struct fail *fail);

void profile_free(struct profile *profile);

const struct register_block *profile_block(const struct profile *profile, size_t index);
const struct register_value *block_value(const struct register_block *block, size_t index);

/* Whether the block is needed to know power and index: only such blocks are polled. */
bool block_is_polled(const struct register_block *block);
bool block_has_index(const struct register_block *block);

/* Copies the blocks that are polled, with their values, into one piece of memory for free().
 * Returns NULL if out of memory. */
struct register_block *profile_polled_blocks(const struct profile *profile, size_t *count);

/* The value, scaled, out of the block's registers; NAN where it is no number or not plausible. */
double block_decode(const struct register_block *block, const struct register_value *value,
		    const uint16_t *registers);

/* Power and index as far as they are summed up; NAN once a part of a sum is unknown. */
struct totals {
	double power_w;
	double wh;
};

/* What the sums begin with: 0, or NAN where the profile names no value. */
struct totals totals_start(const struct profile *profile);
void totals_add(struct totals *totals, const struct register_block *block,
		const uint16_t *registers);

/* An index is 0..9e12 Wh (the books' range), else NAN. */
double totals_index(const struct totals *totals);

#endif
