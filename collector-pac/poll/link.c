#include "collector-pac/poll/link.h"

#include <assert.h>
#include <errno.h>
#include <modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/memory.h"

struct link {
	struct link_peer peer;
	char *host;
	modbus_t *modbus; /* NULL: not connected */
};

struct link *link_open(const struct link_peer *peer)
{
	struct link *link = allocate(1, sizeof(*link));

	link->host = copy_text(peer->host);
	link->peer = *peer;
	link->peer.host = link->host;
	return link;
}

static void link_disconnect(struct link *link)
{
	if (link->modbus == NULL)
		return;
	modbus_close(link->modbus);
	modbus_free(link->modbus);
	link->modbus = NULL;
}

void link_close(struct link *link)
{
	if (link == NULL)
		return;
	link_disconnect(link);
	free(link->host);
	free(link);
}

/* -------- connecting --------
 *
 * modbus_connect() reports unknown names and unreachable hosts as refused connections, and aborts
 * the process if a descriptor is too large for select(). So libmodbus gets a connected socket. */

/* Waits until `fd` is connected. Returns 0 or an errno. */
static int connection_wait(int fd, ms_t timeout_ms)
{
	struct pollfd connecting = {.fd = fd, .events = POLLOUT};
	int error = 0, ready;
	socklen_t size = sizeof(error);

	do
		ready = poll(&connecting, 1, (int)timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return ETIMEDOUT;
	if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return errno;
	return error;
}

/* Tries one address. Returns 0 or an errno. */
static int connection_make(int *fd, const struct addrinfo *address, ms_t timeout_ms)
{
	int error = 0, one = 1;

	*fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return errno;
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (*fd >= FD_SETSIZE)
		error = EMFILE;
	else if (connect(*fd, address->ai_addr, address->ai_addrlen) != 0)
		error = errno == EINPROGRESS ? connection_wait(*fd, timeout_ms) : errno;
	if (error != 0)
		close(*fd);
	return error;
}

static int modbus_begin(struct link *link, int fd)
{
	const ms_t timeout_ms = link->peer.timeout_ms;

	link->modbus = modbus_new_tcp_pi(link->peer.host, "502"); /* neither is used */
	if (link->modbus == NULL) {
		close(fd);
		return ENOMEM;
	}
	modbus_set_socket(link->modbus, fd);
	modbus_set_error_recovery(link->modbus, MODBUS_ERROR_RECOVERY_NONE);
	modbus_set_response_timeout(link->modbus, (uint32_t)(timeout_ms / MS_PER_SECOND),
				    (uint32_t)(timeout_ms % MS_PER_SECOND) * 1000);
	/* If the byte timeout is 0 the response timeout covers the complete answer. If not, every
	 * byte would restart it, and a slow peer could block the thread for minutes. */
	modbus_set_byte_timeout(link->modbus, 0, 0);
	return 0;
}

static struct link_result link_connect(struct link *link)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[16];
	int error = ENOENT, fd = -1;

	snprintf(port, sizeof(port), "%d", link->peer.port);
	if (getaddrinfo(link->peer.host, port, &hints, &found) != 0)
		return (struct link_result){.outcome = LINK_NAME_UNKNOWN};
	for (const struct addrinfo *each = found; each != NULL && error != 0; each = each->ai_next)
		error = connection_make(&fd, each, link->peer.timeout_ms);
	freeaddrinfo(found);
	if (error == 0)
		error = modbus_begin(link, fd);
	if (error == 0)
		return (struct link_result){.outcome = LINK_DONE};
	return (struct link_result){
		.outcome = error == ECONNREFUSED ? LINK_REFUSED : LINK_UNREACHABLE,
		.detail = error,
	};
}

/* -------- one request -------- */

/* Cannot be the first byte of an answer, which is that of transaction 0. */
#define NOTHING_YET 0xff

/* Checks an answer of `size` bytes. libmodbus does not check the transaction and the unit of an
 * answer to a raw request. */
static enum link_outcome answer_check(const uint8_t *answer, int size, int unit, int function,
				      int count, int *detail)
{
	int body = size - 6; /* what the length in the header counts */

	if (size < 9 || answer[0] != 0 || answer[1] != 0 || answer[2] != 0 || answer[3] != 0 ||
	    (answer[4] << 8 | answer[5]) != body)
		return LINK_NOT_MODBUS;
	*detail = answer[6];
	if (answer[6] != unit)
		return LINK_WRONG_UNIT;
	*detail = answer[8];
	if (answer[7] == (function | 0x80))
		return LINK_EXCEPTION;
	*detail = 0;
	if (answer[7] != function || answer[8] != 2 * count || size != 9 + 2 * count)
		return LINK_NOT_MODBUS;
	return LINK_DONE;
}

static enum link_outcome link_request(struct link *link, int function, int address, int count,
				      uint16_t *registers, int *detail)
{
	const uint8_t request[] = {
		(uint8_t)link->peer.unit, (uint8_t)function,	 (uint8_t)(address >> 8),
		(uint8_t)address,	  (uint8_t)(count >> 8), (uint8_t)count,
	};
	uint8_t answer[MODBUS_TCP_MAX_ADU_LENGTH];
	enum link_outcome outcome;
	int size;

	answer[0] = NOTHING_YET;
	if (modbus_send_raw_request(link->modbus, request, sizeof(request)) < 0) {
		*detail = errno;
		return LINK_BROKEN;
	}
	size = modbus_receive_confirmation(link->modbus, answer);
	if (size < 0 && errno == ETIMEDOUT)
		return answer[0] == NOTHING_YET ? LINK_SILENT : LINK_SLOW;
	if (size < 0 && errno == EMBBADDATA)
		return LINK_NOT_MODBUS;
	if (size < 0) {
		*detail = errno;
		return LINK_BROKEN;
	}
	outcome = answer_check(answer, size, link->peer.unit, function, count, detail);
	for (int i = 0; outcome == LINK_DONE && i < count; i++)
		registers[i] = (uint16_t)(answer[9 + 2 * i] << 8 | answer[10 + 2 * i]);
	return outcome;
}

struct link_result link_read(struct link *link, int function, int address, int count,
			     uint16_t *registers)
{
	struct link_result result = {.outcome = LINK_DONE};

	assert((function == 3 || function == 4) && count >= 1 && count <= 125);
	if (link->modbus == NULL)
		result = link_connect(link);
	if (result.outcome != LINK_DONE)
		return result;
	result = (struct link_result){.function = function, .address = address, .count = count};
	result.outcome = link_request(link, function, address, count, registers, &result.detail);
	if (result.outcome != LINK_DONE && result.outcome != LINK_EXCEPTION)
		link_disconnect(link);
	return result;
}

/* -------- reasons -------- */

static const char *exception_name(int code)
{
	static const char *const names[] = {
		[1] = "illegal function",
		[2] = "illegal data address",
		[3] = "illegal data value",
		[4] = "device failure",
		[5] = "acknowledge",
		[6] = "device busy",
		[8] = "memory parity error",
		[10] = "gateway path unavailable",
		[11] = "gateway target silent",
	};
	const int known = sizeof(names) / sizeof(names[0]);

	return code > 0 && code < known && names[code] != NULL ? names[code] : "unknown exception";
}

void link_explain(char text[200], const struct link_result *result, const struct link_peer *peer)
{
	const size_t size = 200;
	long long timeout_ms = peer->timeout_ms;

	switch (result->outcome) {
	case LINK_DONE: snprintf(text, size, "answers"); break;
	case LINK_NAME_UNKNOWN: snprintf(text, size, "the name cannot be resolved"); break;
	case LINK_REFUSED:
		snprintf(text, size, "refuses connections on port %d", peer->port);
		break;
	case LINK_UNREACHABLE:
		if (result->detail == ETIMEDOUT)
			snprintf(text, size, "no connection within %lld ms", timeout_ms);
		else
			snprintf(text, size, "cannot be reached: %s", strerror(result->detail));
		break;
	case LINK_SILENT: snprintf(text, size, "no answer within %lld ms", timeout_ms); break;
	case LINK_SLOW:
		snprintf(text, size, "only part of an answer within %lld ms", timeout_ms);
		break;
	case LINK_BROKEN:
		snprintf(text, size, "connection lost: %s", strerror(result->detail));
		break;
	case LINK_EXCEPTION:
		snprintf(text, size, "refuses registers %d to %d by function %d: exception %d, %s",
			 result->address, result->address + result->count - 1, result->function,
			 result->detail, exception_name(result->detail));
		break;
	case LINK_WRONG_UNIT:
		snprintf(text, size, "answer of unit %d to a request for unit %d", result->detail,
			 peer->unit);
		break;
	case LINK_NOT_MODBUS: snprintf(text, size, "the answer is not valid Modbus"); break;
	}
}
