#include "collector-pac/probe/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-pac/poll/link.h"
#include "collector-pac/profiles/profiles.h"
#include "common/process/options.h"

#define TIMEOUT_MS 2000

struct target {
	char host[256];
	int port;
};

/* Reads a decimal integer within the limits; nothing may follow it. */
static bool number_read(int *number, const char *text, long minimum, long maximum)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value < minimum || value > maximum)
		return false;
	*number = (int)value;
	return true;
}

/* Reads HOST, HOST:PORT, [IPV6], [IPV6]:PORT, or an IPv6 address. */
static bool target_read(struct target *target, const char *text)
{
	const char *colon = strrchr(text, ':');
	const char *end = text + strlen(text);
	bool bracket = text[0] == '[';

	if (bracket) {
		colon = strstr(text, "]:");
		end = colon != NULL ? colon : strchr(text, ']');
		text++;
		if (end == NULL || (colon == NULL && end[1] != '\0'))
			return false;
		colon = colon != NULL ? colon + 1 : NULL;
	} else if (colon != NULL && strchr(text, ':') == colon) {
		end = colon;
	} else {
		colon = NULL;
	}
	target->port = 502;
	if (end == text || (size_t)(end - text) >= sizeof(target->host))
		return false;
	snprintf(target->host, sizeof(target->host), "%.*s", (int)(end - text), text);
	return colon == NULL || number_read(&target->port, colon + 1, 1, 65535);
}

/* -------- values -------- */

static void number_write(char text[32], const struct register_value *value, double number)
{
	bool is_integer =
		value->type != VALUE_FLOAT32 && value->type != VALUE_FLOAT64 && value->scale == 1;

	if (strcmp(value->unit, "bits") == 0)
		snprintf(text, 32, "0x%08llX", (unsigned long long)number);
	else
		snprintf(text, 32, "%.*f", is_integer ? 0 : 3, number);
}

static void value_print(const struct register_block *block, const struct register_value *value,
			const uint16_t *registers)
{
	double number = block_decode(block, value, registers);
	char text[32] = "-";

	if (!isnan(number))
		number_write(text, value, number);
	printf("  %-34s %20s", value->name, text);
	if (value->unit[0] != '\0' && strcmp(value->unit, "bits") != 0)
		printf(" %s", value->unit);
	printf("%s\n", isnan(number) ? "  (not a number, or not plausible)" : "");
}

static void block_print(const struct register_block *block, const uint16_t *registers)
{
	for (size_t i = 0; i < block->values.count; i++)
		value_print(block, block_value(block, i), registers);
}

static void totals_print(const struct totals *totals)
{
	char power[40] = "unknown", index[40] = "unknown";

	if (!isnan(totals->power_w))
		snprintf(power, sizeof(power), "%.15g W", totals->power_w);
	if (!isnan(totals_index(totals)))
		snprintf(index, sizeof(index), "%.15g Wh", totals->wh);
	printf("\nWould be published: power %s, index %s\n", power, index);
}

/* -------- diagnosis -------- */

/* Returns what to try. link_explain() gives the reason. */
static const char *advice(enum link_outcome outcome)
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

static void diagnosis_print(const struct link_peer *peer, const struct link_result *result)
{
	char reason[200];

	link_explain(reason, result, peer);
	fflush(stdout);
	fprintf(stderr, "\n%s, port %d, unit %d: %s\n", peer->host, peer->port, peer->unit, reason);
	fprintf(stderr, "%s", advice(result->outcome));
	if (result->outcome == LINK_UNREACHABLE)
		fprintf(stderr, " %s", peer->host);
	fprintf(stderr, "\n");
}

static void refusal_print(const struct link_peer *peer, const struct link_result *result)
{
	char reason[200];

	link_explain(reason, result, peer);
	printf("  (%s)\n", reason);
}

/* Reads and prints every block. After an exception the other blocks are still read; the result is a
 * failure only if power or index need the block. */
static int meter_print(struct link *link, const struct link_peer *peer,
		       const struct profile *profile)
{
	struct totals totals = totals_start(profile);
	struct link_result result, refusal = {.outcome = LINK_DONE};
	uint16_t registers[BLOCK_REGISTERS];

	printf("Reading %s, port %d, unit %d with profile %s (%s)\n\n", peer->host, peer->port,
	       peer->unit, profile->name, profile->label);
	for (size_t i = 0; i < profile->blocks.count; i++) {
		const struct register_block *block = profile_block(profile, i);

		result = link_read(link, (int)block->function, (int)block->address,
				   (int)block->count, registers);
		if (result.outcome == LINK_DONE) {
			block_print(block, registers);
			totals_add(&totals, block, registers);
		} else if (result.outcome == LINK_EXCEPTION) {
			refusal_print(peer, &result);
			if (block_is_polled(block) && refusal.outcome == LINK_DONE)
				refusal = result;
		} else {
			diagnosis_print(peer, &result);
			return EXIT_FAILED;
		}
	}
	if (refusal.outcome != LINK_DONE) {
		diagnosis_print(peer, &refusal);
		return EXIT_FAILED;
	}
	totals_print(&totals);
	return EXIT_DONE;
}

int probe_run(const char *target, const char *profile_name, const char *unit)
{
	struct target at;
	struct link_peer peer = {.host = at.host, .unit = 1, .timeout_ms = TIMEOUT_MS};
	struct profile profile = {0};
	struct fail fail = {0};
	struct link *link;
	int code = EXIT_USAGE;

	if (!target_read(&at, target)) {
		fprintf(stderr, "collector-pac: --probe %s: expected HOST or HOST:PORT\n", target);
		return EXIT_USAGE;
	}
	peer.port = at.port;
	if (unit != NULL && !number_read(&peer.unit, unit, 0, 255)) {
		fprintf(stderr, "collector-pac: --unit %s: expected a number from 0 to 255\n",
			unit);
		return EXIT_USAGE;
	}
	if (!profiles_load(&profile, profile_name != NULL ? profile_name : "pac3200", &fail)) {
		fprintf(stderr, "collector-pac: --profile: %s\n", fail.text);
		config_free(profile_keys, &profile);
		return code;
	}
	link = link_open(&peer);
	code = meter_print(link, &peer, &profile);
	link_close(link);
	config_free(profile_keys, &profile);
	return code;
}

int profiles_print(void)
{
	for (size_t i = 0; profiles_name(i) != NULL; i++) {
		struct profile profile = {0};

		if (profiles_load(&profile, profiles_name(i), NULL))
			printf("%-10s %s\n", profile.name, profile.label);
		config_free(profile_keys, &profile);
	}
	return EXIT_DONE;
}
