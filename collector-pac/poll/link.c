#include "collector-pac/poll/link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "collector-pac/poll/channel.h"
#include "collector-pac/poll/resolver.h"
#include "common/base/memory.h"
#include "common/process/clock.h"

struct link {
	struct channel *channel;
	char *host;
	int port, unit;
};

struct link *link_open(const struct link_peer *peer)
{
	struct link *link = allocate(1, sizeof(*link));

	link->channel = channel_open(peer);
	link->host = copy_text(peer->host);
	link->port = peer->port;
	link->unit = peer->unit;
	return link;
}

void link_close(struct link *link)
{
	if (link == NULL)
		return;
	channel_close(link->channel);
	free(link->host);
	free(link);
}

void link_unit(struct link *link, int unit)
{
	link->unit = unit;
}

static void link_wait(struct link *link)
{
	struct pollfd ready = {0};
	ms_t wait = channel_due(link->channel) - clock_monotonic();
	int64_t socket;

	ready.fd = channel_fd(link->channel, &ready.events, &socket);
	if (wait > 0)
		poll(&ready, 1, (int)wait);
}

struct link_result link_read(struct link *link, int function, int address, int count,
			     uint16_t *registers)
{
	struct channel_answer answer;

	channel_ask(link->channel, link->unit, function, address, count);
	while (!channel_step(link->channel, clock_monotonic(), &answer)) {
		if (channel_wants_addresses(link->channel))
			channel_addresses(link->channel, resolver_wait(link->host, link->port));
		else
			link_wait(link);
	}
	if (answer.result.outcome == LINK_DONE)
		memcpy(registers, answer.registers, (size_t)count * sizeof(*registers));
	return answer.result;
}
