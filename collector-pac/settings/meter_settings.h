/* meter_settings.h - the configuration of one meter. */
#ifndef COLLECTOR_PAC_SETTINGS_METER_SETTINGS_H
#define COLLECTOR_PAC_SETTINGS_METER_SETTINGS_H

#include "collector-pac/meter/profile.h"
#include "collector-pac/poll/outcome.h"
#include "common/base/id.h"

enum serial_parity {
	PARITY_NONE,
	PARITY_EVEN,
	PARITY_ODD,
};

/* A serial line; `device` is empty if there is none. */
struct serial_settings {
	char device[256];
	int64_t baud;
	int parity; /* enum serial_parity */
	int64_t stop_bits;
};

struct pac_meter_settings {
	char source[ID_SIZE];
	char host[256]; /* empty: on a serial line */
	int64_t port;
	int64_t unit;
	struct serial_settings serial;
	int framing; /* enum framing */
	bool match_transaction;
	int64_t poll_ms;	  /* default: that of all meters */
	int64_t connect_delay_ms; /* default: that of the profile */
	int64_t request_delay_ms;
	char profile_name[256]; /* built-in, or a file name with a slash in it */
	char zone[ID_SIZE];	/* default: the source */
	char label[LABEL_SIZE]; /* default: the zone */
	char medium[ID_SIZE];	/* default: electricity, or reactive */
	double nominal_w;	/* NAN: unknown */
	int role;		/* enum role */
	int64_t modulus_wh;	/* the index wraps to 0 here; 0: unknown */
	double ratio;		/* of transformers: power and index are multiplied by it */
	int64_t max_w;		/* more than the meter can ever deliver; 0: unknown */
	bool reactive;		/* the index is the reactive energy of the profile, in varh */
	double wh_per_pulse, m3_per_pulse, kwh_per_m3; /* as in an announcement; NAN: none */
	struct profile profile;
};

/* An element of "meters" (struct pac_meter_settings), its defaults, and what must be true of it by
 * itself. */
extern const struct json_field meter_keys[];
extern const struct pac_meter_settings meter_defaults;
bool meter_complete(void *element, struct fail *fail);

extern const char *const meter_roles[]; /* names, by enum role */

/* Fills in what the profile gives if the configuration does not. */
void meter_resolve(struct pac_meter_settings *meter);

/* Returns how the meter is reached. The texts belong to the settings. */
struct link_peer meter_peer(const struct pac_meter_settings *meter, ms_t timeout_ms);

/* Returns whether the meters can share a connection, if they do; the reason names `second`. */
bool meters_share(const struct pac_meter_settings *a, const struct pac_meter_settings *b,
		  size_t first, size_t second, struct fail *fail);

#endif
