/* reporter.h - what a collector publishes.
 *
 * The part that all collectors share: `status` and `about` of the program and of its sources, live
 * readings, and records through the outbox, with the aggregator's acks. Callers pass times on
 * CLOCK_BOOTTIME (or on the clock of a recording), which are converted to the time of day here.
 * While that is unknown no live readings are sent, and records are kept to be dated later. */
#ifndef COMMON_COLLECTOR_REPORTER_H
#define COMMON_COLLECTOR_REPORTER_H

#include "common/process/loop.h"
#include "common/contract/fact.h"
#include "common/mqtt/mqtt.h"
#include "common/collector/outbox.h"

struct reporter;

struct reporter_settings {
	const char *program; /* "collector-pac" */
	const char *site, *collector;
	const struct mqtt_config *broker;
	const struct outbox_settings *outbox;
	int clock;	/* enum clock_policy */
	bool recording; /* times are the time of day already */
};

struct reporter_source {
	const char *id;
	struct about about;
};

/* Opens the outbox, connects to the broker, which need not be reachable yet, and announces the
 * sources as offline. A source is identified by its index in `sources`, which is copied except for
 * the ids. `changed` is called if counts, the connection or the clock may have changed, at least
 * every second. Everything in `settings` must outlive the reporter. Returns NULL on failure. */
struct reporter *reporter_open(const struct reporter_settings *settings,
			       const struct reporter_source *sources, size_t count,
			       struct loop *loop, void (*changed)(void *context), void *context,
			       struct fail *fail);

/* Writes all records to the disk, publishes the sources as offline and disconnects. Records that
 * are not acknowledged stay in the outbox. May be NULL. */
void reporter_close(struct reporter *reporter);

/* The position of a source at the start. Returns false if the outbox has none. */
bool reporter_total(const struct reporter *reporter, size_t source, struct outbox_total *total);

/* Whether all records so far are on the disk. */
bool reporter_durable(const struct reporter *reporter);

/* Announces a source again, differently. */
void reporter_about(struct reporter *reporter, size_t source, const struct about *about);

void reporter_online(struct reporter *reporter, size_t source, bool online);
void reporter_live(struct reporter *reporter, size_t source, const struct live *live);

/* Publishes a retained topic below a source's: one that only some collectors have. */
void reporter_retain(struct reporter *reporter, size_t source, const char *leaf,
		     const char *payload);

/* Adds a record to the outbox. If it is not after the newest one of its source (the clock was set
 * back), it is not sent but counted as withheld: an index is cumulative, so no energy is lost. */
void reporter_record(struct reporter *reporter, size_t source, const struct record *record);

/* The offset from the clock of events to the time of day; 0 while that is unknown. */
bool reporter_clock_known(const struct reporter *reporter);
ms_t reporter_offset(const struct reporter *reporter);

struct outbox_counts reporter_counts(const struct reporter *reporter);

/* Whether the broker has taken all records. */
bool reporter_delivered(const struct reporter *reporter);

/* Whether an aggregator of this site has published its status or an ack since the start. */
bool reporter_aggregator_found(const struct reporter *reporter);

/* For --check --online: compares the settings with the broker. Logs what is wrong and returns how
 * many findings there are; sets *running if this collector runs on this machine now. */
int reporter_check(const struct reporter_settings *settings, bool *running);

/* For the service manager: "broker connected, 12 records waiting", and troubles. */
#define REPORTER_STATUS_SIZE 200
void reporter_status(const struct reporter *reporter, char text[REPORTER_STATUS_SIZE]);

#endif
