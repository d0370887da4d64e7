/* outbox.h - a collector's records on their way to the books, in a file that survives a power cut.
 *
 * Every record gets its `stream` and `seq` here and is kept until the aggregator acknowledges that
 * it is in its books (the topic `ack`), and some days longer. Records are written and synced before
 * they are sent, together with the positions of their sources: so a counter and its records cannot
 * disagree. */
#ifndef COMMON_COLLECTOR_OUTBOX_H
#define COMMON_COLLECTOR_OUTBOX_H

#include "common/collector/outbox_config.h"
#include "common/contract/fact.h"
#include "common/mqtt/mqtt.h"

struct outbox;

struct outbox_counts {
	int64_t added, acknowledged; /* since the start */
	int64_t waiting;	     /* not acknowledged yet */
	/* Since the outbox was new: dropped because it was full; withdrawn because the machine
	 * went down before the time of day was known. */
	int64_t downsampled, undated;
};

/* The position of a source with its newest record. */
struct outbox_total {
	int64_t pulses;
	double wh;
	enum mark mark;
	ms_t t;		/* of that record; 0: not dated */
	ms_t seen_boot; /* CLOCK_BOOTTIME up to which it was counted */
	bool this_boot; /* seen_boot is of this boot */
};

/* Settings are copied, but for the origin. A new file takes the origin, one of another origin is
 * refused. A damaged file is set aside (database.h). NULL if the file cannot be used. */
struct outbox *outbox_open(const struct outbox_settings *settings, struct fail *fail);

/* Writes what is not written yet. May be NULL. */
void outbox_close(struct outbox *outbox);

/* False: there is no record of this source yet. */
bool outbox_total(const struct outbox *outbox, const char *source, struct outbox_total *total);

/* Adds a record; its stream, seq and prev are set when it is sent. If it is not `dated` record->t
 * is CLOCK_BOOTTIME, and it is not sent before outbox_date(). `seen_boot`: see struct outbox_total.
 * The oldest records of a full outbox are downsampled (downsample.h). */
void outbox_add(struct outbox *outbox, const char *source, const struct record *record, bool dated,
		ms_t seen_boot);

/* Moves a source's position to a record that is not added: outbox_total() returns the record's
 * index, with the time of the newest one that was added. */
void outbox_move(struct outbox *outbox, const char *source, const struct record *record,
		 ms_t seen_boot);

/* Whether everything that was added or moved is on the disk. */
bool outbox_durable(const struct outbox *outbox);

/* The time is known: what is not dated gets t + offset. */
void outbox_date(struct outbox *outbox, ms_t offset);

/* The offset from CLOCK_BOOTTIME to the time of day at the newest dated record of this boot (its t
 * less `seen_boot`). False: there is none. */
bool outbox_anchor(const struct outbox *outbox, ms_t *offset);

/* Writes what is due: 10 records, or what is 10 seconds old, at once if a record has a mark other
 * than `minute`. Sends what is written, oldest first, as far as the session takes it now. Call it
 * after adding, after `up`, `sent` and `ack`, and every second or so. */
void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic);

/* Writes everything that is not written yet, now. */
bool outbox_write(struct outbox *outbox, struct fail *fail);

/* The next outbox_pump() writes everything that is not written yet. */
void outbox_flush(struct outbox *outbox);

/* From the session's handler. Cookies are those that the outbox gave to mqtt_send(). */
void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic);
void outbox_down(struct outbox *outbox);

/* The aggregator came online: what it has not acknowledged is sent again at once. */
void outbox_aggregator_online(struct outbox *outbox);

/* The aggregator acknowledges everything up to `seq` of `stream`. If that is less than before, its
 * books are from a backup, so the rest is sent again. If it is more than was ever sent, this outbox
 * is from a backup, so its records are sent again under a new stream. */
void outbox_ack(struct outbox *outbox, const char *stream, int64_t seq, ms_t monotonic);

struct outbox_counts outbox_counts(const struct outbox *outbox);

/* Whether the broker has taken everything that waits, acknowledged or not. */
bool outbox_delivered(const struct outbox *outbox);

/* Why records cannot be written or read now, for a technician; NULL: they can. They are kept in
 * memory. */
const char *outbox_trouble(const struct outbox *outbox);

#endif
