/* link.h - a Modbus TCP connection to one meter, for use by one thread.
 *
 * Only functions 3 and 4 (read registers) are ever sent. A timeout or an invalid answer closes the
 * connection, since a late answer would be taken for the answer to the next request; a Modbus
 * exception leaves it open. */
#ifndef COLLECTOR_PAC_POLL_LINK_H
#define COLLECTOR_PAC_POLL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/units.h"

struct link;

enum link_outcome {
	LINK_DONE,
	LINK_NAME_UNKNOWN, /* the host name cannot be resolved */
	LINK_REFUSED,	   /* connection refused */
	LINK_UNREACHABLE,  /* no connection within the timeout, or no route: errno in `detail` */
	LINK_SILENT,	   /* connected, but no answer within the timeout */
	LINK_SLOW,	   /* only part of an answer within the timeout */
	LINK_BROKEN,	   /* connection closed by the meter, or failed: errno in `detail` */
	LINK_EXCEPTION,	   /* Modbus exception: its code in `detail` */
	LINK_WRONG_UNIT,   /* answer of another unit: its id in `detail` */
	LINK_NOT_MODBUS,   /* not a valid answer to the request */
};

struct link_result {
	enum link_outcome outcome;
	int detail;
	int function, address, count; /* the request; count 0: while connecting */
};

struct link_peer {
	const char *host; /* name, or IPv4 or IPv6 address */
	int port;
	int unit;	 /* 0..255 */
	ms_t timeout_ms; /* for the connection, and for each complete answer */
};

/* Copies `peer`; link_read() connects. */
struct link *link_open(const struct link_peer *peer);
void link_close(struct link *link);

/* Connects if necessary, and reads `count` registers (1..125) from `address` with function 3 or 4.
 * Name resolution has no timeout. */
struct link_result link_read(struct link *link, int function, int address, int count,
			     uint16_t *registers);

/* Writes the reason for a technician: "no answer within 1000 ms". */
void link_explain(char text[200], const struct link_result *result, const struct link_peer *peer);

#endif
