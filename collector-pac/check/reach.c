#include "collector-pac/check/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector-pac/poll/resolver.h"
#include "common/base/memory.h"
#include "common/process/clock.h"
#include "common/process/log.h"

/* At least so long, for devices and networks that are slow to wake up. */
#define WAIT_MS (3 * MS_PER_SECOND)

static void log_unreachable(const struct pac_settings *settings, size_t index, const char *reason)
{
	const struct pac_meter_settings *meter = settings_meter(settings, index);

	log_error("meters[%zu] \"%s\": %s port %d: %s", index, meter->source, meter->host,
		  (int)meter->port, reason);
}

/* Another meter before it has the same connection. */
static bool is_shared(const struct pac_settings *settings, size_t index)
{
	const struct link_peer peer = settings_peer(settings, index);

	for (size_t i = 0; i < index; i++) {
		const struct link_peer other = settings_peer(settings, i);

		if (link_peer_shared(&other, &peer))
			return true;
	}
	return false;
}

static bool serial_found(const struct pac_settings *settings, size_t index)
{
	const struct pac_meter_settings *meter = settings_meter(settings, index);

	if (access(meter->serial.device, R_OK | W_OK) == 0)
		return true;
	log_error("meters[%zu] \"%s\": %s: %s: check that the adapter is plugged in and that this "
		  "user may use it (group dialout)",
		  index, meter->source, meter->serial.device, strerror(errno));
	return false;
}

/* A socket whose connection has begun, or -1 and the error was logged. */
static int connect_begin(const struct pac_settings *settings, size_t index)
{
	const struct pac_meter_settings *meter = settings_meter(settings, index);
	struct addrinfo *address = resolver_wait(meter->host, (int)meter->port);
	int fd;

	if (address == NULL) {
		log_unreachable(settings, index, "the name is unknown: check \"host\"");
		return -1;
	}
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0 &&
	    errno != EINPROGRESS) {
		log_unreachable(settings, index, strerror(errno));
		close(fd);
		fd = -1;
	}
	freeaddrinfo(address);
	return fd;
}

/* Of a socket that is ready. */
static bool connect_end(const struct pac_settings *settings, size_t index, int fd)
{
	int trouble = 0;
	socklen_t size = sizeof(trouble);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &size);
	if (trouble == ECONNREFUSED)
		log_unreachable(settings, index,
				"the port is closed: check \"host\" and \"port\", and that Modbus "
				"TCP is enabled in the meter");
	else if (trouble)
		log_unreachable(settings, index, strerror(trouble));
	return !trouble;
}

/* Waits for all connections; those that are decided get the descriptor -1. */
static int connects_wait(const struct pac_settings *settings, struct pollfd *sockets, ms_t timeout)
{
	ms_t deadline = clock_monotonic() + timeout;
	int failed = 0;

	for (;;) {
		ms_t left = deadline - clock_monotonic();
		size_t open = 0;

		for (size_t i = 0; i < settings->meters.count; i++)
			open += sockets[i].fd >= 0;
		if (open == 0 || left <= 0 || poll(sockets, settings->meters.count, (int)left) <= 0)
			return failed;
		for (size_t i = 0; i < settings->meters.count; i++) {
			if (sockets[i].fd < 0 || !sockets[i].revents)
				continue;
			failed += !connect_end(settings, i, sockets[i].fd);
			close(sockets[i].fd);
			sockets[i].fd = -1;
		}
	}
}

int reach_meters(const struct pac_settings *settings)
{
	ms_t timeout = settings->timeout_ms > WAIT_MS ? settings->timeout_ms : WAIT_MS;
	struct pollfd *sockets = allocate(settings->meters.count, sizeof(*sockets));
	int failed = 0;

	for (size_t i = 0; i < settings->meters.count; i++) {
		sockets[i] = (struct pollfd){.fd = -1, .events = POLLOUT};
		if (is_shared(settings, i))
			continue;
		if (settings_meter(settings, i)->host[0]) {
			sockets[i].fd = connect_begin(settings, i);
			failed += sockets[i].fd < 0;
		} else {
			failed += !serial_found(settings, i);
		}
	}
	failed += connects_wait(settings, sockets, timeout);
	for (size_t i = 0; i < settings->meters.count; i++) {
		if (sockets[i].fd < 0)
			continue;
		log_unreachable(settings, i,
				"no answer: check \"host\", cable, network and the meter's supply");
		failed++;
		close(sockets[i].fd);
	}
	free(sockets);
	return failed;
}
