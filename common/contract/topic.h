/* topic.h - MQTT topics of the contract: built and taken apart in one place. */
#ifndef COMMON_CONTRACT_TOPIC_H
#define COMMON_CONTRACT_TOPIC_H

#include "common/base/fail.h"
#include "common/base/id.h"

/* `base` is at most 64 bytes; the longest topic of the contract below it fits. */
#define TOPIC_BASE_SIZE 65
#define TOPIC_SIZE	256

enum topic_kind {
	TOPIC_COLLECTOR_STATUS, /* collector/<collector>/status */
	TOPIC_COLLECTOR_ABOUT,	/* collector/<collector>/about */
	TOPIC_COLLECTOR_ACK,	/* collector/<collector>/ack */
	TOPIC_SOURCE_ABOUT,	/* collector/<collector>/<source>/about */
	TOPIC_SOURCE_STATUS,
	TOPIC_SOURCE_LIVE,
	TOPIC_SOURCE_RECORD,
	TOPIC_SOURCE_LINES,
	TOPIC_SITE, /* anything else below the site; `rest` points at it */
};

/* A topic below <base>/<site>/, taken apart. Unused ids are empty. */
struct topic {
	enum topic_kind kind;
	char collector[ID_SIZE];
	char source[ID_SIZE];
	const char *rest; /* into the parsed text */
};

/* Takes `text` apart. Returns false, with a reason, if it is not below `base`/`site`, if an id in
 * it is not valid, or if it is under collector/ and none of the kinds. */
bool topic_parse(struct topic *topic, const char *base, const char *site, const char *text,
		 struct fail *fail);

/* Writes <base>/<site>/<the formatted rest>. The caller has checked the ids. */
void topic_build(char text[TOPIC_SIZE], const char *base, const char *site, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A base topic: not empty, no wildcard, no leading, trailing or double slash, no $ at the start. */
bool topic_base_valid(const char *base);

#endif
