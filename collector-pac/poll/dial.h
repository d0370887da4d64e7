/* dial.h - connects to the first of a host's addresses that answers, and never waits. */
#ifndef COLLECTOR_PAC_POLL_DIAL_H
#define COLLECTOR_PAC_POLL_DIAL_H

#include <netdb.h>
#include <stdint.h>

#include "common/base/units.h"

struct dial {
	struct addrinfo *addresses; /* list to be freed */
	const struct addrinfo *address;
	int fd; /* of the attempt that is going on, or of the connection; -1: none */
	int64_t sockets;
	ms_t deadline;
};

struct dial dial_none(void);

/* Begins with the first of `addresses`, which then belong to the dial. */
void dial_begin(struct dial *dial, struct addrinfo *addresses);

/* Goes on, `timeout_ms` for each address. Returns 0 if `fd` is connected, EINPROGRESS if it may
 * yet be, or the errno of the last address. */
int dial_step(struct dial *dial, ms_t timeout_ms, ms_t now);

/* Closes `fd`. */
void dial_hang_up(struct dial *dial);

/* Frees the addresses, too. */
void dial_end(struct dial *dial);

#endif
