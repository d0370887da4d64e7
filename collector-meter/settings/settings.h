/* settings.h - the configuration of collector-meter. */
#ifndef COLLECTOR_METER_SETTINGS_SETTINGS_H
#define COLLECTOR_METER_SETTINGS_SETTINGS_H

#include "collector-meter/count/counter.h"
#include "common/json/config.h"
#include "common/contract/fact.h"
#include "common/mqtt/mqtt.h"
#include "common/collector/outbox.h"

enum line_bias { BIAS_AS_IS, BIAS_PULL_UP, BIAS_PULL_DOWN, BIAS_DISABLED };

/* A line is given by `chip` and `offset`, or by `line`. */
struct line_settings {
	bool given;
	char chip[128]; /* label, name or path */
	int64_t offset; /* -1: not given */
	char line[64];	/* name */
	int bias;	/* enum line_bias */
	bool active_low;
};

struct source_settings {
	char source[ID_SIZE];
	char zone[ID_SIZE];
	char label[LABEL_SIZE];
	char medium[ID_SIZE];
	int role;	     /* enum role */
	double nominal_w;    /* NAN: unknown */
	int64_t max_w;	     /* 0: what the filter lets through */
	double wh_per_pulse; /* NAN: counts a volume */
	double m3_per_pulse; /* NAN: counts energy */
	double kwh_per_m3;   /* NAN: the volume has no energy */
	double min_on_ms, min_off_ms;
	double min_interval_ms; /* NAN: half of the interval at `nominal_w`, if that is known */
	int64_t initial_pulses;
	struct line_settings lines[LINE_ROLES];
};

struct meter_settings {
	char site[ID_SIZE];
	char collector[ID_SIZE];
	struct mqtt_config broker;
	struct outbox_settings outbox;
	int clock;		    /* enum clock_policy */
	char replay[256];	    /* empty: GPIO */
	struct field_array sources; /* struct source_settings */
};

/* "pulse", "top", "off-peak" or "peak", as in recordings, messages and descriptor names. */
const char *line_role_name(enum line_role role);

/* Reads and checks the file. `replay`, if not NULL, replaces the key "replay". A recording has an
 * outbox of its own unless one is configured together with "replay": FILE.outbox, or a file in the
 * service manager's state directory. Call settings_free() also after a failure. */
bool settings_load(struct meter_settings *settings, const char *file, const char *replay,
		   struct fail *fail);
void settings_free(struct meter_settings *settings);

const struct source_settings *settings_source(const struct meter_settings *settings, size_t source);

/* Energy of one pulse; NAN if it has none (water). */
double source_wh_per_pulse(const struct source_settings *source);

/* The amount of one pulse on the meter's register, and its unit: "kWh" or "m3". */
double source_unit_per_pulse(const struct source_settings *source);
const char *source_unit(const struct source_settings *source);

struct counter_config source_counter(const struct source_settings *source);
struct about source_about(const struct source_settings *source);

#endif
