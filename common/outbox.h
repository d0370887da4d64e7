/* outbox.h - a collector's records on their way to the books.
 *
 * Every record gets its `stream` and `seq` here and is kept until it has arrived. In this version
 * the outbox lives in memory and "arrived" is the broker's word; the interface is that of the
 * durable one (issue 3): add, pump, sent, down, up. */
#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

#include "common/fact.h"
#include "common/mqtt.h"

struct outbox;

struct outbox_counts {
	int64_t added, delivered, waiting, thinned;
};

/* Room for `limit` waiting records, 64 or more. NULL on failure. */
struct outbox *outbox_open(size_t limit, struct fail *fail);
void outbox_close(struct outbox *outbox);

/* Keeps a record; sets its stream and seq. `topic` is that of the record. A full outbox thins: of
 * each source it drops every second one of its oldest records, but neither the first nor the last
 * (indices are cumulative: no energy is lost, only time resolution), and no `start`, `top10` or
 * `contacts` mark while others can go. */
void outbox_add(struct outbox *outbox, const char *topic, struct record *record);

/* Sends what waits, oldest first, as far as the session takes it now. Call it after adding, after
 * `sent` and `up`, and now and then (it also repeats, with backoff, what was refused or unheard).
 */
void outbox_pump(struct outbox *outbox, struct mqtt *mqtt, ms_t monotonic);

/* From the session's handler. Cookies are those that the outbox gave to mqtt_send(). */
void outbox_sent(struct outbox *outbox, uint64_t cookie, enum mqtt_result result, ms_t monotonic);
void outbox_down(struct outbox *outbox);

/* The aggregator came online: send again at once what was unheard. */
void outbox_heard(struct outbox *outbox);

struct outbox_counts outbox_counts(const struct outbox *outbox);

#endif
