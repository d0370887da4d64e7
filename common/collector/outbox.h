/* outbox.h - a collector's records on their way to the books, in a file that survives a power cut.
 *
 * Every record gets its `stream` and `seq` here and is kept until the aggregator says that it is in
 * its books (the topic `ack`), and some days longer. Records are written and synced before they are
 * sent, together with where their sources stand: so a counter and its records cannot disagree. */
#ifndef COMMON_COLLECTOR_OUTBOX_H
#define COMMON_COLLECTOR_OUTBOX_H

#include "common/contract/fact.h"
#include "common/mqtt/mqtt.h"

struct outbox;

/* Whose word it is that a record has arrived. */
enum outbox_word { OUTBOX_WORD_AGGREGATOR, OUTBOX_WORD_BROKER };

/* The members "ack" and "outbox" of a collector's configuration. */
struct outbox_settings {
	int ack;		/* enum outbox_word */
	char file[256];		/* default: state_file.h, <collector>.outbox */
	int64_t max_mb;		/* 1 and more; default 100 */
	int64_t keep_days;	/* acknowledged records are kept so long; default 7 */
	char topic[TOPIC_SIZE]; /* of the collector; records go to <source>/record below it */
	const char *origin;	/* of what it holds, "what lines counted"; NULL: anything */
};

extern const struct outbox_settings outbox_defaults;
extern const struct config_key outbox_keys[];
extern const char *const outbox_words[]; /* the choices of "ack" */

/* Fills in the topic, and the file where none was given. */
void outbox_settle(struct outbox_settings *settings, const char *base, const char *site,
		   const char *collector);

struct outbox_counts {
	int64_t added, acknowledged; /* since the start */
	int64_t waiting;	     /* not acknowledged yet */
	/* Since the outbox was new: thinned out where it was full; withdrawn since the machine went
	 * down before it knew what time it was. */
	int64_t thinned, undated;
};

/* Where a source stands with its newest record. */
struct outbox_total {
	int64_t pulses;
	double wh;
	enum mark mark;
	ms_t t;		/* of that record; 0: not dated */
	ms_t seen_boot; /* CLOCK_BOOTTIME up to which it was counted */
	bool this_boot; /* seen_boot is of this boot */
};

/* NULL where the file cannot be used, with the reason. A damaged one is set aside (database.h). A
 * new file takes the origin, one of another origin is refused. */
struct outbox *outbox_open(const struct outbox_settings *settings, struct fail *fail);

/* Writes what is not written yet. May be NULL. */
void outbox_close(struct outbox *outbox);

/* False: there is no record of this source yet. */
bool outbox_total(const struct outbox *outbox, const char *source, struct outbox_total *total);

/* Keeps a record; its stream, seq and prev are set when it is sent. Where it is not `dated`
 * record->t is CLOCK_BOOTTIME, and it is not sent before outbox_date(). `seen_boot`: see struct
 * outbox_total. A full outbox thins: of each source it drops every
 * second one of its oldest records, but neither the first nor the last (indices are cumulative: no
 * energy is lost, only time resolution), and no `start`, `top10` or `contacts` mark, and none with
 * `blind_ms`, `lost` or `lost_possible`, while others can go. */
void outbox_add(struct outbox *outbox, const char *source, const struct record *record, bool dated,
		ms_t seen_boot);

/* Whether everything that was added is on the disk. */
bool outbox_settled(const struct outbox *outbox);

/* The record is not kept, but its source goes on from it; outbox_total() tells what it holds, with
 * the time of the newest one that was kept. */
void outbox_seen(struct outbox *outbox, const char *source, const struct record *record,
		 ms_t seen_boot);

/* The time is known: what is not dated gets t + offset. */
void outbox_date(struct outbox *outbox, ms_t offset);

/* What led from CLOCK_BOOTTIME to the time of day with the newest dated record of this boot (its t
 * less `seen_boot`). False: there is none. */
bool outbox_anchor(const struct outbox *outbox, ms_t *offset);

/* Writes what is due: 10 records, or what is 10 seconds old, at once where one has a mark other
 * than `minute`. Sends what is written, oldest first, as far as the session takes it now. Call it
 * after adding, after `up`, `sent` and `ack`, and every second or so. */
void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic);

/* Writes whatever is not written yet, now. */
bool outbox_write(struct outbox *outbox, struct fail *fail);

/* The next outbox_pump() writes whatever is not written yet. */
void outbox_flush(struct outbox *outbox);

/* From the session's handler. Cookies are those that the outbox gave to mqtt_send(). */
void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic);
void outbox_down(struct outbox *outbox);

/* The aggregator came online: send again at once what it has not acknowledged. */
void outbox_heard(struct outbox *outbox);

/* The aggregator has everything up to `seq` of `stream`. Less than it said before: its books are
 * from a backup, so the rest is sent again. More than was ever sent: this outbox is from a backup,
 * so its records are sent again under a new stream. */
void outbox_ack(struct outbox *outbox, const char *stream, int64_t seq, ms_t monotonic);

struct outbox_counts outbox_counts(const struct outbox *outbox);

/* Whether the broker has taken everything that waits, though nobody has acknowledged it. */
bool outbox_delivered(const struct outbox *outbox);

/* Why records cannot be written now, for a technician; NULL: they can. They are kept in memory. */
const char *outbox_trouble(const struct outbox *outbox);

#endif
