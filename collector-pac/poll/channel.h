/* channel.h - a Modbus connection over TCP that never waits: one request at a time.
 *
 * Its owner calls channel_step() when the descriptor is ready or channel_due() has come. An answer
 * is that to the request, or it is dropped: the socket is emptied before a request, and unit,
 * function, length and transaction must be right. A request without answer leaves the connection
 * open, unless a late answer could not be distinguished from the next one (any_transaction, RTU).
 *
 * A connection that the device closed in the meantime is opened again, and the request is repeated
 * once if it met the end of a connection that had worked. Only read functions are ever sent. */
#ifndef COLLECTOR_PAC_POLL_CHANNEL_H
#define COLLECTOR_PAC_POLL_CHANNEL_H

#include <netdb.h>
#include <stdint.h>

#include "collector-pac/poll/inbox.h"
#include "collector-pac/poll/outcome.h"

struct channel;

/* The end of a request. Times are on CLOCK_BOOTTIME. */
struct channel_answer {
	struct link_result result;
	const uint16_t *registers; /* LINK_DONE: `count` of them, until the next request */
	ms_t asked, answered;
};

/* Copies `peer`, whose unit does not count. */
struct channel *channel_open(const struct link_peer *peer);
void channel_close(struct channel *channel); /* may be NULL */

/* Begins a request; the one before has ended. Call channel_step() next. */
void channel_ask(struct channel *channel, int unit, int function, int address, int count);

/* Does what can be done at `now`, on the monotonic clock. Returns true if the request ended. */
bool channel_step(struct channel *channel, ms_t now, struct channel_answer *answer);

/* Returns when channel_step() is to be called even if nothing arrives. */
ms_t channel_due(const struct channel *channel);

/* Returns the descriptor, or -1, and what to wait for (poll.h). `socket` counts the descriptors
 * that the channel has had. */
int channel_fd(const struct channel *channel, short *events, int64_t *socket);

/* Returns true once when the channel needs the addresses of its host. */
bool channel_wants_addresses(struct channel *channel);

/* Gives it the addresses, which it frees; NULL: the name is unknown. */
void channel_addresses(struct channel *channel, struct addrinfo *found);

/* Takes the newest that was dropped, which is to be logged once a meter. */
struct stray channel_stray(struct channel *channel);

/* Returns the number of connections in a row that the device closed after one answer. */
int channel_single_answers(const struct channel *channel);

#endif
