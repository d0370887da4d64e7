/* profile.h - the register map of a model of meter.
 *
 *     {
 *       "name": "pac3200", "maker": "Siemens", "model": "SENTRON PAC3200", "tried": false,
 *       "source": ["manual …, table …"],
 *       "signature": [
 *         { "function": 3, "address": 55, "type": "float32", "minimum": 45, "maximum": 65 } ],
 *       "blocks": [
 *         { "function": 3, "address": 65, "count": 2, "values": [
 *           { "name": "active power", "address": 65, "type": "float32", "unit": "W",
 *             "minimum": -1e9, "maximum": 1e9 } ] } ],
 *       "power_w": ["active power"],
 *       "wh": ["active energy import, tariff 1", "active energy import, tariff 2"]
 *     }
 *
 * Instead of "wh", a profile may have "pulses": {"value": "universal counter", "modulus":
 * 1000000000}: then the index is a number of pulses, and there is no power.
 *
 * A block is one request. Blocks are never joined or split: meters refuse reads that begin inside a
 * value or include a gap. Addresses are those on the wire, as numbers or as "0x0041". Values of
 * "power_w", "wh" and "varh" are converted from their unit. */
#ifndef COLLECTOR_PAC_METER_PROFILE_H
#define COLLECTOR_PAC_METER_PROFILE_H

#include "collector-pac/meter/decimal.h"
#include "collector-pac/meter/decode.h"
#include "common/json/config.h"
#include "common/base/id.h"

/* Maximum of a Modbus response. */
#define BLOCK_REGISTERS 125

#define VALUE_NAME_SIZE 48

/* What the number of another value of the block does to a value. */
enum scale_as {
	SCALE_POWER_OF_TEN, /* value x 10^number, as in SunSpec */
	SCALE_FACTOR,	    /* value x number */
};

struct register_value {
	char name[VALUE_NAME_SIZE];
	char unit[16]; /* "bits": flags */
	int64_t address;
	int type;	/* enum value_type */
	int word_order; /* enum word_order; key "order", or `words` */
	int words;	/* key "words": "high-first" or "low-first", ABCD or CDAB; -1: not given */
	double scale;	/* value = registers x scale; default 1 */
	char scale_by[VALUE_NAME_SIZE]; /* name of a value of the same block, or empty */
	int scale_as;			/* enum scale_as */
	struct bits_list not_available; /* raw registers that are no number */
	double minimum;			/* plausible range, after scaling; default: any value */
	double maximum;
	bool net;	    /* the register goes up and down: no index */
	struct decimal own; /* `scale` */
	double base; /* units of W, Wh or varh in the value's unit: 1000 for kWh; 0: no part */
	struct decimal total; /* `scale` x `base` */
	size_t scale_at;      /* position in the block of the value `scale_by` */
	bool is_power;	      /* named by the profile's "power_w" */
	bool is_index;	      /* named by the profile's "wh" or "pulses" */
	bool is_reactive;     /* named by the profile's "varh" */
};

/* A register by which a model is recognized. */
struct signature_register {
	int64_t function;
	int64_t address;
	int type;		 /* enum value_type */
	int word_order;		 /* enum word_order */
	struct bits_list equals; /* raw registers, one of them; none: only the range counts */
	double minimum;		 /* of the number in the registers */
	double maximum;
};

struct register_block {
	int64_t function; /* 3 holding registers, 4 input registers */
	int64_t address;
	int64_t count;
	struct field_array values; /* struct register_value, at least one, each inside the block */
};

/* A register that counts the pulses of a digital input. */
struct pulse_counter {
	char value[VALUE_NAME_SIZE];
	int64_t modulus; /* it begins at 0 again when it would reach this; 0: unknown */
};

struct profile {
	char name[ID_SIZE];
	char label[LABEL_SIZE];
	char maker[LABEL_SIZE];
	char model[LABEL_SIZE];
	bool tried;		  /* on a meter of this model */
	double max_w;		  /* more than the meter can measure; NAN: unknown */
	int64_t connect_delay_ms; /* pauses that the model needs; 0: none */
	int64_t request_delay_ms;
	struct field_array source;    /* char *: references for the register map */
	struct field_array signature; /* struct signature_register: all must fit */
	struct field_array blocks;    /* struct register_block, at least one */
	struct field_array power_w;   /* char *: names of the values whose sum is the power in W */
	struct field_array wh;	      /* char *: likewise the energy index in Wh */
	struct field_array varh;      /* char *: likewise the reactive energy index, in one block */
	struct pulse_counter pulses;  /* instead of `wh`; else its name is empty */
	bool is_reactive;	      /* see profile_make_reactive() */
};

/* Before config_read(). */
extern const struct profile profile_defaults;

/* For config_read(). Call profile_resolve() after it, and config_free() even on failure. */
extern const struct json_field profile_keys[];

bool profile_counts_pulses(const struct profile *profile);

/* Makes the reactive energy the index, in varh, and drops the power: for a source of its own. To be
 * called after profile_resolve(). Returns false if the profile has no "varh". */
bool profile_make_reactive(struct profile *profile, struct fail *fail);

/* Marks the values of power and index, and checks what the table of keys cannot express. `file`
 * names the profile in errors. */
bool profile_resolve(struct profile *profile, const char *file, struct fail *fail);

const struct register_block *profile_block(const struct profile *profile, size_t index);
const struct register_value *block_value(const struct register_block *block, size_t index);

/* Returns whether power or index need the block: only such blocks are polled. */
bool block_is_polled(const struct register_block *block);
bool block_has_index(const struct register_block *block);
bool block_has_reactive(const struct register_block *block);

/* Copies the blocks for which `wanted` returns true, with their values, into one piece of memory
 * for free(). */
struct register_block *profile_copy_blocks(const struct profile *profile,
					   bool (*wanted)(const struct register_block *block),
					   size_t *count);

/* Returns whether the registers, value_words() of them, fit. */
bool signature_fits(const struct signature_register *signature, const uint16_t *registers);

/* Returns the scaled value from the registers of the block; NAN if it is not a number, not
 * available or not plausible. In the value's own unit. */
double block_decode(const struct register_block *block, const struct register_value *value,
		    const uint16_t *registers);

/* Sums of the blocks added so far; NAN if a value is unknown. */
struct totals {
	double power_w;
	double wh;
	double varh; /* only if its block was added */
};

/* Returns sums of 0, or NAN if the profile names no value. */
struct totals totals_start(const struct profile *profile);
void totals_add(struct totals *totals, const struct register_block *block,
		const uint16_t *registers);

/* Returns the index, or NAN if it is not in 0..9e12 Wh, the range of the contract. */
double totals_index(const struct totals *totals);

#endif
