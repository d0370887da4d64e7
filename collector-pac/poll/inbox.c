#include "collector-pac/poll/inbox.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector-pac/poll/serial.h"

/* A device that sends more than this without being asked is cut off. */
#define UNASKED_MAX ((size_t)64 * 1024)

bool late_is_recognised(enum framing framing, bool any_transaction)
{
	return framing == FRAMING_TCP && !any_transaction;
}

int inbox_receive(struct inbox *inbox, int fd, bool serial, size_t *received)
{
	ssize_t got;

	do
		got = read(fd, inbox->bytes + inbox->size, sizeof(inbox->bytes) - inbox->size);
	while (got < 0 && errno == EINTR);
	*received = got > 0 ? (size_t)got : 0;
	inbox->size += *received;
	if (got == 0)
		return serial ? serial_error(fd) : ECONNRESET;
	return got > 0 || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno;
}

void inbox_drop(struct inbox *inbox, size_t count)
{
	inbox->size -= count;
	memmove(inbox->bytes, inbox->bytes + count, inbox->size);
}

struct frame inbox_answer(struct inbox *inbox, const struct modbus_request *request,
			  struct stray *stray)
{
	struct frame frame = {.verdict = FRAME_INCOMPLETE};

	while (inbox->size > 0) {
		frame = frame_read(inbox->bytes, inbox->size, request);
		if (frame.verdict == FRAME_INCOMPLETE || frame.verdict == FRAME_INVALID ||
		    frame.verdict == FRAME_ANSWER || frame.verdict == FRAME_EXCEPTION)
			return frame;
		*stray = (struct stray){frame.verdict, frame.detail};
		inbox_drop(inbox, frame.size);
	}
	return (struct frame){.verdict = FRAME_INCOMPLETE};
}

/* Drops complete frames: none is the answer to the next request. */
static void frames_drop(struct inbox *inbox, const struct modbus_request *request,
			struct stray *stray)
{
	while (inbox->size > 0) {
		struct frame frame = frame_read(inbox->bytes, inbox->size, request);

		if (frame.verdict == FRAME_INCOMPLETE)
			return;
		*stray = (struct stray){FRAME_OTHER_TRANSACTION, 0};
		inbox_drop(inbox, frame.verdict == FRAME_INVALID ? inbox->size : frame.size);
	}
}

int inbox_empty(struct inbox *inbox, int fd, bool serial, const struct modbus_request *request,
		struct stray *stray)
{
	size_t received, total = 0;
	int error;

	do {
		const size_t room = sizeof(inbox->bytes) - inbox->size;

		error = inbox_receive(inbox, fd, serial, &received);
		total += received;
		if (late_is_recognised(request->framing, request->any_transaction)) {
			frames_drop(inbox, request, stray);
		} else if (inbox->size > 0) {
			*stray = (struct stray){FRAME_OTHER_TRANSACTION, 0};
			inbox->size = 0;
		}
		if (received < room)
			return error;
	} while (error == 0 && total < UNASKED_MAX);
	return error != 0 ? error : EMSGSIZE;
}
