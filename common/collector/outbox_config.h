/* outbox_config.h - the fields "ack" and "outbox" of a collector's configuration. */
#ifndef COMMON_COLLECTOR_OUTBOX_CONFIG_H
#define COMMON_COLLECTOR_OUTBOX_CONFIG_H

#include <stdint.h>

#include "common/contract/topic.h"
#include "common/json/config.h"

/* Whose acknowledgement counts. */
enum outbox_receiver { OUTBOX_RECEIVER_AGGREGATOR, OUTBOX_RECEIVER_BROKER };

struct outbox_settings {
	int ack;		/* enum outbox_receiver */
	char file[256];		/* default: state_file.h, <collector>.outbox */
	int64_t max_mb;		/* 1 and more; default 100 */
	int64_t keep_days;	/* acknowledged records are kept so long; default 7 */
	char topic[TOPIC_SIZE]; /* of the collector; records go to <source>/record below it */
	const char *origin;	/* of the contents, "what lines counted"; NULL: any */
};

extern const struct outbox_settings outbox_defaults;
extern const struct json_field outbox_keys[];
extern const char *const outbox_receivers[]; /* the choices of "ack" */

/* Fills in the topic, and the default of the file. */
void outbox_resolve(struct outbox_settings *settings, const char *base, const char *site,
		    const char *collector);

#endif
