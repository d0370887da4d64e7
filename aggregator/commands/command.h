/* command.h - a command of an operator below `set/`, and its answer. */
#ifndef AGGREGATOR_COMMANDS_COMMAND_H
#define AGGREGATOR_COMMANDS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/fail.h"
#include "common/base/id.h"
#include "common/base/units.h"

/* No command is longer. */
#define COMMAND_SIZE_MAX 4096

/* set/source/<collector>/<source>/swap: the meter was replaced. */
struct command {
	char collector[ID_SIZE];
	char source[ID_SIZE];
	ms_t t;		 /* when; at most the `now` that was given */
	bool is_pulse;	 /* what the two are: pulses, or mWh */
	int64_t final;	 /* the old meter's last index */
	int64_t initial; /* the new one's first */
};

/* Reads the command `key` (the topic after "set/") with its payload, any bytes. False, with a
 * reason, if there is no such command or it is not complete. */
bool command_decode(struct command *command, const char *key, const char *payload, size_t size,
		    ms_t now, struct fail *fail);

/* The answer to it: {"key":…,"ok":true}, or false with `error` (NULL: none). To free(); NULL if
 * out of memory. */
char *command_answer(const char *key, const char *error);

#endif
