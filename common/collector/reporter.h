/* reporter.h - what a collector says to the broker, and the time at which it was so.
 *
 * The half that all collectors share: `status` and `about` of the program and of its sources, live
 * readings, and records by way of the outbox, with the aggregator's acks. A program gives times as
 * it takes them, on CLOCK_BOOTTIME (or on the clock of a recording); here they become the time of
 * day. While that is not known nothing live is sent, and records are kept to be dated later. */
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

/* Opens the outbox, connects to the broker, which need not be there yet, and announces the sources,
 * offline so far. They go by their place in `sources`, which is copied but for the ids. `changed`
 * is called when counts, the connection or the clock may have changed, at least every second.
 * Everything in `settings` is to outlive the reporter. NULL with a reason. */
struct reporter *reporter_open(const struct reporter_settings *settings,
			       const struct reporter_source *sources, size_t count,
			       struct loop *loop, void (*changed)(void *context), void *context,
			       struct fail *fail);

/* Everything to the disk, the sources offline, goodbye. What was not acknowledged stays in the
 * outbox. May be NULL. */
void reporter_close(struct reporter *reporter);

/* Where a source stood before this start; false: the outbox does not know it. */
bool reporter_total(const struct reporter *reporter, size_t source, struct outbox_total *total);

/* Whether every record that was given is on the disk. */
bool reporter_durable(const struct reporter *reporter);

void reporter_online(struct reporter *reporter, size_t source, bool online);
void reporter_live(struct reporter *reporter, size_t source, const struct live *live);

/* Sets the retained topic `leaf` of a source, which the contract knows and this file does not. */
void reporter_retain(struct reporter *reporter, size_t source, const char *leaf,
		     const char *payload);

/* A record that is not after the newest one of its source (the clock was set back) is not sent but
 * counted as withheld: an index is cumulative, so no energy is lost. */
void reporter_record(struct reporter *reporter, size_t source, const struct record *record);

/* What leads from the clock of events to the time of day; 0 while that is not known. */
bool reporter_clock_known(const struct reporter *reporter);
ms_t reporter_offset(const struct reporter *reporter);

struct outbox_counts reporter_counts(const struct reporter *reporter);

/* Whether the broker has taken everything that waits. */
bool reporter_delivered(const struct reporter *reporter);

/* Whether there was ever an aggregator at this site, as far as was heard. */
bool reporter_aggregator_found(const struct reporter *reporter);

/* "broker connected, 12 records waiting", and what is wrong, for the line of status. */
#define REPORTER_STATUS_SIZE 200
void reporter_status(const struct reporter *reporter, char text[REPORTER_STATUS_SIZE]);

#endif
