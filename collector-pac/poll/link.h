/* link.h - one Modbus TCP connection to one meter, for one thread.
 *
 * Reads registers with functions 3 and 4 and can do nothing else: no other request is ever built.
 * Any trouble on the way (no answer in time, an answer that is not to the question) closes the
 * connection, since a late answer would be taken for the next one; a refusal by the meter itself
 * (a Modbus exception) leaves it open. */
#ifndef COLLECTOR_PAC_POLL_LINK_H
#define COLLECTOR_PAC_POLL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/units.h"

struct link;

enum link_outcome {
	LINK_DONE,
	LINK_NAME_UNKNOWN, /* the host's name has no address */
	LINK_REFUSED,	   /* nothing listens there */
	LINK_UNREACHABLE,  /* no connection within the time limit, or no route: errno in `detail` */
	LINK_SILENT,	   /* connected, but not one byte of an answer within the time limit */
	LINK_SLOW,	   /* part of an answer within the time limit */
	LINK_BROKEN,	   /* the meter closed the connection, or it failed: errno in `detail` */
	LINK_EXCEPTION,	   /* the meter refuses the block: Modbus exception code in `detail` */
	LINK_WRONG_UNIT,   /* somebody else answered: its unit id in `detail` */
	LINK_NOT_MODBUS,   /* bytes that are no answer to the question */
};

struct link_result {
	enum link_outcome outcome;
	int detail;
	int function, address, count; /* the request it happened to; count 0: while connecting */
};

/* Who is on the other end. `host` belongs to the caller and is to outlive the link. */
struct link_peer {
	const char *host; /* a name or a numeric address, IPv4 or IPv6 */
	int port;
	int unit;	 /* 0..255 */
	ms_t timeout_ms; /* for the connection, and for each whole answer */
};

/* Connects at the first read. NULL when memory is out. */
struct link *link_open(const struct link_peer *peer);
void link_close(struct link *link);

/* Connects if need be and reads `count` registers (1..125) from `address` by function 3 or 4. */
struct link_result link_read(struct link *link, int function, int address, int count,
			     uint16_t *registers);

/* What happened, for a technician: "no answer within 1000 ms". */
void link_explain(char text[200], const struct link_result *result, const struct link_peer *peer);

#endif
