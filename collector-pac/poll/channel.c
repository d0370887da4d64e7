#include "collector-pac/poll/channel.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector-pac/poll/dial.h"
#include "collector-pac/poll/resolver.h"
#include "collector-pac/poll/serial.h"
#include "common/base/memory.h"
#include "common/process/clock.h"

/* A connection is closed after so many requests in a row without any answer: it may be half open,
 * and a device may have forgotten it. */
#define SILENT_MAX 3

/* Transactions count from here: a gateway that does not return them tends to small numbers. */
#define TRANSACTION_FIRST 1000

/* An answer of one of so many transactions before this one is late. */
#define LATE_MAX 100

/* Where nothing ties an answer to its request, a second copy of it has this time to arrive. */
#define QUIET_MS 10

enum channel_state {
	CHANNEL_CLOSED,
	CHANNEL_RESOLVING,  /* until channel_addresses() */
	CHANNEL_CONNECTING, /* until the dial's deadline */
	CHANNEL_IDLE,	    /* connected; a request may be sent from `earliest` on */
	CHANNEL_ASKING,	    /* the answer may come until `deadline` */
};

struct channel {
	struct link_peer peer;
	char *host, *device;
	ms_t request_delay_ms;
	bool wants_addresses, looked_up;
	struct dial dial; /* its descriptor is that of the connection */

	enum channel_state state;
	ms_t deadline, earliest;
	int64_t answers; /* of this connection */
	int silent;	 /* requests in a row without answer */
	int single_answers;

	bool busy; /* there is a request */
	bool repeated;
	struct modbus_request request;
	uint16_t transaction;
	ms_t asked;
	struct stray stray;   /* not taken yet */
	struct stray instead; /* dropped during the request */
	uint16_t registers[125];
	struct inbox inbox;
};

static ms_t request_delay(const struct link_peer *peer)
{
	ms_t least = late_is_recognised(peer->framing, peer->any_transaction) ? 0 : QUIET_MS;

	if (peer->serial.device != NULL && serial_gap_ms(&peer->serial) > least)
		least = serial_gap_ms(&peer->serial);
	return peer->request_delay_ms > least ? peer->request_delay_ms : least;
}

struct channel *channel_open(const struct link_peer *peer)
{
	struct channel *channel = allocate(1, sizeof(*channel));

	channel->host = copy_text(peer->host);
	channel->device = copy_text(peer->serial.device);
	channel->peer = *peer;
	channel->peer.host = channel->host;
	channel->peer.serial.device = channel->device;
	if (channel->device != NULL)
		channel->peer.framing = FRAMING_RTU;
	channel->request_delay_ms = request_delay(&channel->peer);
	channel->dial = dial_none();
	channel->stray.verdict = FRAME_ANSWER;
	channel->transaction = TRANSACTION_FIRST;
	return channel;
}

static void disconnect(struct channel *channel)
{
	dial_hang_up(&channel->dial);
	channel->inbox.size = 0;
	channel->answers = 0;
	channel->silent = 0;
	channel->state = CHANNEL_CLOSED;
}

void channel_close(struct channel *channel)
{
	if (channel == NULL)
		return;
	disconnect(channel);
	dial_end(&channel->dial);
	free(channel->host);
	free(channel->device);
	free(channel);
}

/* -------- the end of a request -------- */

static bool finish(struct channel *channel, struct channel_answer *answer,
		   enum link_outcome outcome, int detail)
{
	const bool connected = !link_unconnected(outcome);

	channel->busy = false;
	*answer = (struct channel_answer){
		.result = {.outcome = outcome, .detail = detail},
		.registers = channel->registers,
		.asked = channel->asked,
		.answered = clock_boot(),
	};
	if (connected) {
		answer->result.function = channel->request.function;
		answer->result.address = channel->request.address;
		answer->result.count = channel->request.count;
	}
	return true;
}

static bool channel_is_late(const struct channel *channel, int transaction)
{
	return transaction != 0 && (uint16_t)(channel->transaction - transaction) <= LATE_MAX;
}

/* Why there is no answer. */
static bool finish_silent(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	const struct stray instead = channel->instead;
	enum link_outcome outcome = channel->inbox.size > 0 ? LINK_SLOW : LINK_SILENT;

	if (instead.verdict == FRAME_OTHER_UNIT)
		outcome = LINK_WRONG_UNIT;
	else if (instead.verdict == FRAME_OTHER_TRANSACTION)
		outcome = channel_is_late(channel, instead.detail) ? LINK_LATE
								   : LINK_WRONG_TRANSACTION;
	else if (instead.verdict != FRAME_ANSWER)
		outcome = LINK_NOT_MODBUS;
	channel->silent++;
	channel->state = CHANNEL_IDLE;
	channel->earliest = now + channel->request_delay_ms;
	if (channel->device != NULL)
		channel->inbox.size = 0;
	else if (channel->inbox.size > 0 ||
		 !late_is_recognised(channel->peer.framing, channel->peer.any_transaction) ||
		 channel->silent >= SILENT_MAX)
		disconnect(channel);
	return finish(channel, answer, outcome, instead.detail);
}

/* The device has closed the connection, or it failed. */
static bool lost(struct channel *channel, struct channel_answer *answer, int error)
{
	const bool worked = channel->answers > 0;

	channel->single_answers = channel->answers == 1 ? channel->single_answers + 1 : 0;
	disconnect(channel);
	if (!channel->busy)
		return false;
	if (worked && !channel->repeated) {
		channel->repeated = true; /* over a new connection */
		return false;
	}
	return finish(channel, answer, LINK_BROKEN, error);
}

/* -------- connecting -------- */

static void connection_begins(struct channel *channel, ms_t now)
{
	channel->state = CHANNEL_IDLE;
	channel->earliest = now + channel->peer.connect_delay_ms;
}

static bool dialling(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	int error = dial_step(&channel->dial, channel->peer.timeout_ms, now);

	if (error == 0)
		connection_begins(channel, now);
	if (error == 0 || error == EINPROGRESS)
		return false;
	disconnect(channel);
	return finish(channel, answer, error == ECONNREFUSED ? LINK_REFUSED : LINK_UNREACHABLE,
		      error);
}

static bool serial_begin(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	channel->dial.fd = serial_open(&channel->peer.serial);
	if (channel->dial.fd < 0)
		return finish(channel, answer, LINK_UNREACHABLE, errno);
	channel->dial.sockets++;
	connection_begins(channel, now);
	return false;
}

static bool connect_begin(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	struct addrinfo *addresses;

	if (channel->device != NULL)
		return serial_begin(channel, answer, now);
	addresses = resolver_numeric(channel->host, channel->peer.port);
	channel->wants_addresses = addresses == NULL;
	channel->looked_up = false;
	channel->state = addresses != NULL ? CHANNEL_CONNECTING : CHANNEL_RESOLVING;
	dial_begin(&channel->dial, addresses);
	return false;
}

bool channel_wants_addresses(struct channel *channel)
{
	bool wants = channel->wants_addresses;

	channel->wants_addresses = false;
	return wants;
}

void channel_addresses(struct channel *channel, struct addrinfo *found)
{
	dial_begin(&channel->dial, found);
	channel->looked_up = true;
}

static bool resolved(struct channel *channel, struct channel_answer *answer)
{
	if (!channel->looked_up)
		return false;
	channel->state = CHANNEL_CONNECTING;
	if (channel->dial.addresses != NULL)
		return false;
	disconnect(channel);
	return finish(channel, answer, LINK_NAME_UNKNOWN, 0);
}

/* -------- receiving -------- */

/* Looks for the answer in what was received. */
static bool answer_find(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	struct stray stray = {FRAME_ANSWER, 0};
	struct frame frame = inbox_answer(&channel->inbox, &channel->request, &stray);
	const bool answered = frame.verdict == FRAME_ANSWER;

	if (stray.verdict != FRAME_ANSWER)
		channel->instead = channel->stray = stray;
	if (frame.verdict == FRAME_INCOMPLETE)
		return false;
	if (frame.verdict == FRAME_INVALID) {
		disconnect(channel);
		return finish(channel, answer, LINK_NOT_MODBUS, 0);
	}
	if (answered)
		frame_registers(&frame, channel->request.count, channel->registers);
	inbox_drop(&channel->inbox, frame.size);
	channel->answers++;
	channel->silent = 0;
	channel->state = CHANNEL_IDLE;
	channel->earliest = now + channel->request_delay_ms;
	return finish(channel, answer, answered ? LINK_DONE : LINK_EXCEPTION, frame.detail);
}

static bool answer_receive(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	size_t received;
	int error = inbox_receive(&channel->inbox, channel->dial.fd, channel->device != NULL,
				  &received);

	/* An answer counts even if the connection ends right after it. */
	if (answer_find(channel, answer, now)) {
		if (error != 0 && channel->dial.fd >= 0)
			lost(channel, answer, error);
		return true;
	}
	if (error != 0)
		return lost(channel, answer, error);
	return now >= channel->deadline && finish_silent(channel, answer, now);
}

static int empty(struct channel *channel)
{
	return inbox_empty(&channel->inbox, channel->dial.fd, channel->device != NULL,
			   &channel->request, &channel->stray);
}

/* -------- asking -------- */

void channel_ask(struct channel *channel, int unit, int function, int address, int count)
{
	assert((function == 3 || function == 4) && count >= 1 && count <= 125 && !channel->busy);
	channel->busy = true;
	channel->repeated = false;
	channel->instead.verdict = FRAME_ANSWER;
	channel->request = (struct modbus_request){
		.framing = channel->peer.framing,
		.any_transaction = channel->peer.any_transaction,
		.unit = unit,
		.function = function,
		.address = address,
		.count = count,
	};
}

static bool send_request(struct channel *channel, struct channel_answer *answer, ms_t now)
{
	uint8_t bytes[REQUEST_SIZE];
	int error = empty(channel);
	ssize_t sent;
	size_t size;

	if (error != 0)
		return lost(channel, answer, error);
	if (++channel->transaction == 0)
		channel->transaction = TRANSACTION_FIRST;
	channel->request.transaction = channel->transaction;
	size = request_write(bytes, &channel->request);
	channel->asked = clock_boot();
	if (channel->device != NULL)
		sent = write(channel->dial.fd, bytes, size);
	else
		sent = send(channel->dial.fd, bytes, size, MSG_NOSIGNAL);
	if (sent != (ssize_t)size)
		return lost(channel, answer, sent < 0 ? errno : EMSGSIZE);
	channel->state = CHANNEL_ASKING;
	channel->deadline = now + channel->peer.timeout_ms;
	return false;
}

bool channel_step(struct channel *channel, ms_t now, struct channel_answer *answer)
{
	enum channel_state before;
	bool ended = false;

	do {
		before = channel->state;
		switch (before) {
		case CHANNEL_CLOSED:
			if (channel->busy)
				ended = connect_begin(channel, answer, now);
			break;
		case CHANNEL_RESOLVING: ended = resolved(channel, answer); break;
		case CHANNEL_CONNECTING: ended = dialling(channel, answer, now); break;
		case CHANNEL_IDLE:
			if (channel->busy && now >= channel->earliest) {
				ended = send_request(channel, answer, now);
				break;
			}
			if (empty(channel) != 0)
				ended = lost(channel, answer, ECONNRESET);
			break;
		case CHANNEL_ASKING: ended = answer_receive(channel, answer, now); break;
		}
	} while (!ended && channel->state != before && channel->state != CHANNEL_ASKING &&
		 channel->busy);
	return ended;
}

ms_t channel_due(const struct channel *channel)
{
	switch (channel->state) {
	case CHANNEL_CLOSED: return channel->busy ? 0 : FOREVER;
	case CHANNEL_RESOLVING: return FOREVER;
	case CHANNEL_CONNECTING: return channel->dial.deadline;
	case CHANNEL_ASKING: return channel->deadline;
	case CHANNEL_IDLE: return channel->busy ? channel->earliest : FOREVER;
	}
	return FOREVER;
}

int channel_fd(const struct channel *channel, short *events, int64_t *socket)
{
	*events = channel->state == CHANNEL_CONNECTING ? POLLOUT : POLLIN;
	*socket = channel->dial.sockets;
	return channel->dial.fd;
}

struct stray channel_stray(struct channel *channel)
{
	struct stray stray = channel->stray;

	channel->stray.verdict = FRAME_ANSWER;
	return stray;
}

int channel_single_answers(const struct channel *channel)
{
	return channel->single_answers;
}
