/* link.h - reads registers of one meter and waits for the answer, for use by one thread.
 *
 * It is a channel (channel.h) with its own waiting: see there for what is an answer. */
#ifndef COLLECTOR_PAC_POLL_LINK_H
#define COLLECTOR_PAC_POLL_LINK_H

#include <stdint.h>

#include "collector-pac/poll/outcome.h"

struct link;

/* Copies `peer`; link_read() connects. */
struct link *link_open(const struct link_peer *peer);
void link_close(struct link *link);

/* Further requests are for another unit. */
void link_unit(struct link *link, int unit);

/* Connects if necessary, and reads `count` registers (1..125) from `address` with function 3 or 4.
 * Name resolution has no timeout. */
struct link_result link_read(struct link *link, int function, int address, int count,
			     uint16_t *registers);

#endif
