/* outcome.h - what became of a request. */
#ifndef COLLECTOR_PAC_POLL_OUTCOME_H
#define COLLECTOR_PAC_POLL_OUTCOME_H

#include <stdbool.h>

#include "collector-pac/bus/frame.h"
#include "common/base/units.h"

enum link_outcome {
	LINK_DONE,
	LINK_NAME_UNKNOWN, /* the host name cannot be resolved */
	LINK_REFUSED,	   /* connection refused */
	LINK_UNREACHABLE,  /* no connection within the timeout, or no route: errno in `detail` */
	LINK_SILENT,	   /* connected, but no answer within the timeout */
	LINK_SLOW,	   /* only part of an answer within the timeout */
	LINK_BROKEN,	   /* connection closed by the meter, or failed: errno in `detail` */
	LINK_EXCEPTION,	   /* Modbus exception: its code in `detail` */
	LINK_WRONG_UNIT,   /* only an answer of another unit: its id in `detail` */
	LINK_LATE,	   /* only the answer to an earlier request */
	LINK_WRONG_TRANSACTION, /* only an answer of another transaction: its number in `detail` */
	LINK_NOT_MODBUS,	/* no valid answer to the request */
};

struct link_result {
	enum link_outcome outcome;
	int detail;
	int function, address, count; /* the request; count 0: while connecting */
};

/* A serial line; `device` is NULL if the meter is on the network. */
struct serial_line {
	const char *device; /* "/dev/ttyUSB0" */
	int baud;
	char parity; /* 'N', 'E' or 'O' */
	int stop_bits;
};

struct link_peer {
	const char *host; /* name, or IPv4 or IPv6 address; NULL on a serial line */
	int port;
	int unit;	 /* 0..255 */
	ms_t timeout_ms; /* for the connection, and for each complete answer */
	enum framing framing;
	bool any_transaction; /* the answer's transaction number does not count */
	ms_t connect_delay_ms;
	ms_t request_delay_ms; /* between an answer and the next request */
	struct serial_line serial;
};

/* Returns whether two meters share a connection. */
bool link_peer_shared(const struct link_peer *a, const struct link_peer *b);

/* Returns whether the connection itself could not be made. */
bool link_unconnected(enum link_outcome outcome);

/* Returns whether nobody answered for the meter: an exception may be that of a gateway. */
bool link_silent(const struct link_result *result);

/* Writes the reason for a technician: "no answer within 1000 ms". */
void link_explain(char text[200], const struct link_result *result, const struct link_peer *peer);

#endif
