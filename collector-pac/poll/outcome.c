#include "collector-pac/poll/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Exceptions of gateways: the unit behind it does not answer. */
#define GATEWAY_PATH_UNAVAILABLE 10
#define GATEWAY_TARGET_SILENT	 11

bool link_peer_shared(const struct link_peer *a, const struct link_peer *b)
{
	if (a->serial.device != NULL || b->serial.device != NULL)
		return a->serial.device != NULL && b->serial.device != NULL &&
		       strcmp(a->serial.device, b->serial.device) == 0;
	return a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

bool link_unconnected(enum link_outcome outcome)
{
	return outcome == LINK_NAME_UNKNOWN || outcome == LINK_REFUSED ||
	       outcome == LINK_UNREACHABLE;
}

bool link_silent(const struct link_result *result)
{
	if (result->outcome == LINK_EXCEPTION)
		return result->detail == GATEWAY_PATH_UNAVAILABLE ||
		       result->detail == GATEWAY_TARGET_SILENT;
	return result->outcome != LINK_DONE;
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
			snprintf(text, size, "cannot be %s: %s",
				 peer->serial.device != NULL ? "opened" : "reached",
				 strerror(result->detail));
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
	case LINK_LATE:
		snprintf(text, size, "answers after more than %lld ms; a longer timeout_ms helps",
			 timeout_ms);
		break;
	case LINK_WRONG_TRANSACTION:
		snprintf(text, size,
			 "its answers do not have the transaction number of the request; if it "
			 "never "
			 "returns the number, set \"match_transaction\": false");
		break;
	case LINK_NOT_MODBUS: snprintf(text, size, "the answer is not valid Modbus"); break;
	}
}
