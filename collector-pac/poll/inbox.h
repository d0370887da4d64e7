/* inbox.h - the bytes that a device has sent, and the answer among them. */
#ifndef COLLECTOR_PAC_POLL_INBOX_H
#define COLLECTOR_PAC_POLL_INBOX_H

#include "collector-pac/bus/frame.h"

/* What was dropped since it did not answer the request. */
struct stray {
	enum frame_verdict verdict; /* FRAME_ANSWER: nothing */
	int detail;
};

struct inbox {
	uint8_t bytes[2 * FRAME_SIZE];
	size_t size;
};

/* Reads from `fd`, which does not wait, what there is room for. Returns 0, or an errno if the
 * connection has ended; `serial`: it is a serial line. */
int inbox_receive(struct inbox *inbox, int fd, bool serial, size_t *received);

/* Looks for the answer to the request, or an exception, and drops what is before it. Call
 * inbox_drop() when it was used. */
struct frame inbox_answer(struct inbox *inbox, const struct modbus_request *request,
			  struct stray *stray);
void inbox_drop(struct inbox *inbox, size_t count);

/* Reads and drops everything; only part of a frame that can be distinguished from the next answer
 * is kept. Returns 0, or an errno if the connection has ended. */
int inbox_empty(struct inbox *inbox, int fd, bool serial, const struct modbus_request *request,
		struct stray *stray);

/* Returns whether a late answer can be distinguished from the answer to the next request. */
bool late_is_recognised(enum framing framing, bool any_transaction);

#endif
