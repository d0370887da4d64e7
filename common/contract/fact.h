/* fact.h - what collectors publish: the payloads of the contract as structs, and back.
 *
 * Decoders take a payload as it came (any bytes, not terminated) and either fill the struct and
 * return true, or give a reason that names the field and return false. They ignore unknown fields,
 * so that the contract can grow; a field that may be null may also be missing. Encoders return a
 * string to be freed. */
#ifndef COMMON_CONTRACT_FACT_H
#define COMMON_CONTRACT_FACT_H

#include <stddef.h>

#include "common/base/fail.h"
#include "common/base/id.h"
#include "common/base/units.h"

/* A time in a fact: 0..253402300799999 (the year 9999). */
#define FACT_TIME_MAX INT64_C(253402300799999)

/* A number of pulses, an index in watt-hours: 0 up to these. */
#define FACT_COUNT_MAX INT64_C(9000000000000000)
#define FACT_WH_MAX    9e12

/* An interval of live readings: at most a day. A power that a source can deliver. */
#define FACT_INTERVAL_MS_MAX MS_PER_DAY
#define FACT_W_MAX	     INT64_C(1000000000000000)

/* A contact or another yes/no that may be unknown. */
enum tristate { NO = 0, YES = 1, UNKNOWN = 2 };

enum mark {
	MARK_TOP10,    /* the edge of the meter's 10-minute signal */
	MARK_MINUTE,   /* every 60 s after the last top */
	MARK_CONTACTS, /* a tariff contact changed */
	MARK_START,
	MARK_STOP,
	MARK_NONE, /* clock-aligned records of a PAC source carry no mark */
};

const char *mark_name(enum mark mark); /* "top10", …; NULL for MARK_NONE */

#define STREAM_SIZE 17 /* 16 hexadecimal digits */

/* A durable fact, for the books: the index of a source at a time. */
struct record {
	ms_t t;
	char stream[STREAM_SIZE];
	int64_t seq; /* 1 and more */
	/* That of the record before it in the collector's outbox, below `seq`; 0: none. What is
	 * between the two will never come: it was downsampled, or withdrawn. */
	bool has_prev;
	int64_t prev;
	bool is_pulse;	/* which of the two indices is there */
	int64_t pulses; /* 0..9e15, pulse sources */
	double wh;	/* 0..9e12, other sources */
	enum mark mark;
	enum tristate off_peak; /* pulse sources only; UNKNOWN: no such contact */
	enum tristate peak;
	int64_t blind_ms; /* after a time in which edges could not be seen; else 0 */
	int64_t lost;	  /* edges that the kernel lost and that are counted in; else 0 */
	/* Since the record before the kernel may have lost edges. It does not report how many: none
	 * is counted in. */
	bool lost_possible;
	/* A person set the index at `t`: it was `index_from`, and is `pulses` since. No energy lies
	 * between the two. Pulse sources only. */
	bool index_set;
	int64_t index_from;
	char index_by[LABEL_SIZE];
};

/* The newest reading, for display only. */
struct live {
	ms_t t; /* pulse: the kernel's time of the last edge */
	bool is_pulse;
	int64_t pulses;
	double interval_us; /* mean interval of the pulses covered, more than 0; NAN: unknown */
	double power_w;	    /* other sources; NAN: the meter could not give it */
	double wh;	    /* NAN likewise */
};

enum role { ROLE_MAIN, ROLE_PART };

/* What a source is; it announces a zone. */
struct about {
	char kind[ID_SIZE];   /* "pulse", "pac3200", … */
	char medium[ID_SIZE]; /* "electricity", "gas", "water", … */
	char zone[ID_SIZE];
	char label[LABEL_SIZE]; /* the zone's display name; its id if none was given */
	double nominal_w;	/* more than 0; NAN: unknown */
	enum role role;
	double wh_per_pulse;	/* pulse sources that count energy; else NAN */
	double m3_per_pulse;	/* pulse sources that count volume; else NAN */
	double kwh_per_m3;	/* its energy; NAN: none (water) */
	double min_interval_us; /* smallest plausible interval of two pulses; NAN: not given */
	/* The register begins at 0 again when it would reach this; 0: unknown. */
	int64_t modulus_pulses; /* pulse sources, up to 9e15 */
	int64_t modulus_wh;	/* others, up to 9e12 */
	int64_t interval_ms;	/* a live reading is to be expected this often; 0: not given */
	int64_t max_w;		/* more than the source can ever deliver; 0: not given */
};

/* The aggregator has a collector's records in its books. */
struct ack {
	char stream[STREAM_SIZE];
	int64_t seq; /* everything up to and including it; 0: nothing */
};

bool about_is_pulse(const struct about *about);
bool about_equal(const struct about *a, const struct about *b);

bool record_decode(struct record *record, const char *payload, size_t size, struct fail *fail);
bool live_decode(struct live *live, const char *payload, size_t size, struct fail *fail);
bool about_decode(struct about *about, const char *payload, size_t size, struct fail *fail);

/* Reads stream, seq and, if it is valid, prev of a record that may be wrong in everything else.
 * Returns false if stream or seq is not valid. */
bool record_decode_number(struct record *record, const char *payload, size_t size);

bool ack_decode(struct ack *ack, const char *payload, size_t size, struct fail *fail);

/* "online" or "offline". */
bool status_decode(bool *online, const char *payload, size_t size, struct fail *fail);

char *record_encode(const struct record *record);
char *live_encode(const struct live *live);
char *about_encode(const struct about *about);
char *ack_encode(const struct ack *ack);

/* A collector's own `about`. */
struct program_about {
	const char *program;
	const char *version;
	bool clock_known;
	ms_t started;					 /* if the clock is known */
	int64_t waiting, downsampled, undated, withheld; /* records of its outbox */
	const char *trouble;				 /* of its outbox; NULL: none */
};

char *program_about_encode(const struct program_about *about);

#endif
