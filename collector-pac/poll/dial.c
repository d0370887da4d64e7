#include "collector-pac/poll/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct dial dial_none(void)
{
	return (struct dial){.fd = -1};
}

void dial_hang_up(struct dial *dial)
{
	if (dial->fd >= 0)
		close(dial->fd);
	dial->fd = -1;
}

void dial_end(struct dial *dial)
{
	dial_hang_up(dial);
	if (dial->addresses != NULL)
		freeaddrinfo(dial->addresses);
	dial->addresses = NULL;
	dial->address = NULL;
}

void dial_begin(struct dial *dial, struct addrinfo *addresses)
{
	dial_end(dial);
	dial->addresses = addresses;
	dial->address = addresses;
}

/* Returns 0 or an errno, EINPROGRESS among them. */
static int attempt_begin(struct dial *dial)
{
	const struct addrinfo *address = dial->address;
	int one = 1;

	dial->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dial->fd < 0)
		return errno;
	dial->sockets++;
	setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(dial->fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
}

static int attempt_state(const struct dial *dial, ms_t now)
{
	struct pollfd connecting = {.fd = dial->fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);

	if (poll(&connecting, 1, 0) <= 0)
		return now < dial->deadline ? EINPROGRESS : ETIMEDOUT;
	if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return errno;
	return error;
}

int dial_step(struct dial *dial, ms_t timeout_ms, ms_t now)
{
	int error = EHOSTUNREACH;

	for (; dial->address != NULL; dial->address = dial->address->ai_next) {
		if (dial->fd >= 0) {
			error = attempt_state(dial, now);
		} else {
			dial->deadline = now + timeout_ms;
			error = attempt_begin(dial);
		}
		if (error == 0 || error == EINPROGRESS)
			return error;
		dial_hang_up(dial);
	}
	return error;
}
