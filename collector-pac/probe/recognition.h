/* recognition.h - which built-in profiles fit a meter, by their signatures. */
#ifndef COLLECTOR_PAC_PROBE_RECOGNITION_H
#define COLLECTOR_PAC_PROBE_RECOGNITION_H

#include "collector-pac/meter/profile.h"
#include "collector-pac/poll/link.h"

#define RECOGNITION_PROFILES 8

struct recognition {
	/* Built-in names: all registers of the signature fit, power and index can be read. The best
	 * one first: the one with most registers that identify the model, then the order of the
	 * list. */
	const char *names[RECOGNITION_PROFILES];
	size_t count;
	struct link_result silence; /* nobody answers: why; else LINK_DONE */
};

/* Reads each register once. */
struct recognition recognition_run(struct link *link);

/* Returns whether the profile has a signature and the meter has it. */
bool recognition_fits(struct link *link, const struct profile *profile);

#endif
