#include "common/mqtt/nagle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* A collector of 500 meters has a thousand descriptors open. */
#define DESCRIPTORS_SEARCHED 2048

void nagle_off(int64_t port)
{
	int on = 1;

	for (int fd = 0; fd < DESCRIPTORS_SEARCHED; fd++) {
		union {
			struct sockaddr any;
			struct sockaddr_in v4;
			struct sockaddr_in6 v6;
		} peer;
		socklen_t size = sizeof(peer);

		if (getpeername(fd, &peer.any, &size) != 0)
			continue;
		if ((peer.any.sa_family == AF_INET && ntohs(peer.v4.sin_port) == port) ||
		    (peer.any.sa_family == AF_INET6 && ntohs(peer.v6.sin6_port) == port))
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
}
