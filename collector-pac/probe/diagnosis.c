#include "collector-pac/probe/diagnosis.h"

#include <stdio.h>

#include "collector-pac/probe/target.h"

/* Returns what to try. link_explain() gives the reason. */
static const char *advice(enum link_outcome outcome, bool modbus_port)
{
	switch (outcome) {
	case LINK_DONE: break;
	case LINK_NAME_UNKNOWN:
		return "Check the spelling, or give the meter's IP address (on a PAC: Settings, "
		       "Communication).";
	case LINK_REFUSED:
		return "A device has this address, but no Modbus TCP server runs on this port. Is "
		       "it the address of the meter? Is Modbus TCP enabled on it, on port 502?";
	case LINK_UNREACHABLE:
		return "There is no answer from this address. Is the meter powered, and its "
		       "network cable connected? Are address, netmask and gateway right? Try: "
		       "ping";
	case LINK_SILENT:
		if (!modbus_port)
			return "A device accepts the connection but does not answer Modbus "
			       "requests. Is this the port of its Modbus TCP server? The usual one "
			       "is 502.";
		return "The meter accepts the connection but does not answer. A PAC ignores unit "
		       "ids other than its own (1 unless changed; try --unit). It also ignores "
		       "connections beyond its limit: end other programs that read it.";
	case LINK_SLOW:
		return "The answer is incomplete or very slow: check the network, and the serial "
		       "gateway if there is one at this address.";
	case LINK_BROKEN:
		return "The connection was closed: too many programs may be reading this meter, or "
		       "a firewall may interfere.";
	case LINK_EXCEPTION:
		return "The meter answers but does not have these registers. Is it another model? "
		       "Try another --profile (see --profiles).";
	case LINK_WRONG_UNIT:
		if (!modbus_port)
			return "Another device answers at this address: check address and port.";
		return "A gateway or another device answers at this address: check address and "
		       "--unit.";
	case LINK_LATE:
		return "The device is slower than the time limit: it can be polled with a longer "
		       "timeout_ms.";
	case LINK_WRONG_TRANSACTION:
		return "This is a gateway that does not return the number of a request: it can be "
		       "polled with \"match_transaction\": false.";
	case LINK_NOT_MODBUS: return "Another service uses this port: check address and port.";
	}
	return "";
}

void diagnosis_print(const struct link_peer *peer, const struct link_result *result)
{
	char reason[200];

	link_explain(reason, result, peer);
	fflush(stdout);
	fprintf(stderr, "\n%s, port %d", peer->host, peer->port);
	if (peer->port == MODBUS_PORT)
		fprintf(stderr, ", unit %d", peer->unit);
	fprintf(stderr, ": %s\n%s", reason, advice(result->outcome, peer->port == MODBUS_PORT));
	if (result->outcome == LINK_UNREACHABLE)
		fprintf(stderr, " %s", peer->host);
	fprintf(stderr, "\n");
}
