#include "collector-pac/probe/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector-pac/meter/wiring.h"
#include "collector-pac/poll/link.h"
#include "collector-pac/probe/diagnosis.h"
#include "collector-pac/probe/number_text.h"
#include "collector-pac/probe/recognition.h"
#include "collector-pac/probe/target.h"
#include "collector-pac/profiles/profiles.h"
#include "common/process/options.h"

#define TIMEOUT_MS 2000
#define PAUSE_MS   20 /* between the requests of a recognition */

/* What became of reading a meter. */
enum probed {
	PROBED_READ,	/* power and index, as far as the profile has them */
	PROBED_PARTLY,	/* it answers, but they cannot be read */
	PROBED_NOTHING, /* it does not answer */
};

/* -------- values -------- */

static void value_print(const struct register_block *block, const struct register_value *value,
			const uint16_t *registers)
{
	double number = block_decode(block, value, registers);
	char text[NUMBER_TEXT_SIZE] = "-";

	if (!isnan(number))
		number_text(text, value, number);
	printf("  %-34s %20s", value->name, text);
	if (value->unit[0] != '\0' && strcmp(value->unit, "bits") != 0)
		printf(" %s", value->unit);
	printf("%s\n", isnan(number) ? "  (not available, or not plausible)" : "");
}

static void block_print(const struct register_block *block, const uint16_t *registers)
{
	for (size_t i = 0; i < block->values.count; i++)
		value_print(block, block_value(block, i), registers);
}

static void wiring_print(const struct wiring *wiring)
{
	char texts[WIRING_FAULTS][WIRING_TEXT_SIZE];
	size_t count = wiring_faults(wiring, texts);

	for (size_t i = 0; i < count; i++)
		printf("%sWiring: %s.\n", i == 0 ? "\n" : "", texts[i]);
}

static void total_print(const char *name, double total, int decimals, const char *unit)
{
	char text[NUMBER_TEXT_SIZE];

	rounded_text(text, total, decimals);
	printf(isnan(total) ? "%s unknown" : "%s %s %s", name, text, unit);
}

/* A counter of pulses has no power. */
static void totals_print(const struct profile *profile, const struct totals *totals)
{
	printf("\nWould be published: ");
	if (profile->power_w.count > 0) {
		total_print("power", totals->power_w, 1, "W");
		printf(", ");
	}
	total_print("index", totals_index(totals), 2,
		    profile_counts_pulses(profile) ? "pulses" : "Wh");
	printf("\n");
}

static void unknown_print(const char *name)
{
	fprintf(stderr,
		"The meter answers, but %s not available or not plausible. Is the meter wired and "
		"under voltage? Is it this model?\n",
		name);
}

static enum probed totals_judge(const struct profile *profile, const struct totals *totals)
{
	bool power = profile->power_w.count == 0 || !isnan(totals->power_w);
	bool index = !isnan(totals_index(totals));

	fflush(stdout);
	if (!power || !index)
		unknown_print(power   ? "the index is"
			      : index ? "the power is"
				      : "power and index are");
	return power && index ? PROBED_READ : PROBED_PARTLY;
}

static void refusal_print(const struct link_peer *peer, const struct link_result *result)
{
	char reason[200];

	link_explain(reason, result, peer);
	printf("  (%s)\n", reason);
}

/* Reads and prints every block. After an exception the other blocks are still read; the result is a
 * failure only if power or index need the block. */
static enum probed meter_print(struct link *link, const struct link_peer *peer,
			       const struct profile *profile)
{
	struct totals totals = totals_start(profile);
	struct wiring wiring = wiring_start();
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
			wiring_add(&wiring, block, registers);
		} else if (!link_silent(&result)) {
			refusal_print(peer, &result);
			if (block_is_polled(block) && refusal.outcome == LINK_DONE)
				refusal = result;
		} else {
			diagnosis_print(peer, &result);
			return PROBED_NOTHING;
		}
	}
	if (refusal.outcome != LINK_DONE) {
		diagnosis_print(peer, &refusal);
		return PROBED_PARTLY;
	}
	totals_print(profile, &totals);
	wiring_print(&wiring);
	return totals_judge(profile, &totals);
}

/* -------- profiles -------- */

/* From `first`. */
static void names_print(FILE *to, const struct recognition *recognition, size_t first)
{
	for (size_t i = first; i < recognition->count; i++)
		fprintf(to, "%s%s", i > first ? ", " : "", recognition->names[i]);
	fprintf(to, "\n");
}

/* Names other profiles if the one used does not fit. */
static void hint_print(struct link *link, const struct profile *used, enum probed probed)
{
	struct recognition recognition;

	if (probed == PROBED_NOTHING ||
	    (probed == PROBED_READ && (used->signature.count == 0 || recognition_fits(link, used))))
		return;
	recognition = recognition_run(link);
	for (size_t i = 0; i < recognition.count; i++) {
		if (strcmp(recognition.names[i], used->name) == 0)
			return;
	}
	if (recognition.count == 0)
		return;
	fprintf(stderr, "\nThe answers of this meter fit another --profile: ");
	names_print(stderr, &recognition, 0);
}

/* Reads the meter with a given profile. */
static int profile_probe(struct link_peer *peer, const char *name)
{
	struct profile profile;
	struct fail fail = {0};
	int code = EXIT_USAGE;

	if (profiles_load(&profile, name, &fail)) {
		struct link *link;
		enum probed probed;

		peer->connect_delay_ms = profile.connect_delay_ms;
		peer->request_delay_ms = profile.request_delay_ms;
		link = link_open(peer);
		probed = meter_print(link, peer, &profile);
		hint_print(link, &profile, probed);
		link_close(link);
		code = probed == PROBED_READ ? EXIT_DONE : EXIT_FAILED;
	} else {
		fprintf(stderr, "collector-pac: --profile: %s\n", fail.text);
	}
	config_free(profile_keys, &profile);
	return code;
}

/* Reads the meter with the profile that fits best. */
static int recognised_probe(struct link_peer *peer)
{
	struct recognition recognition;
	struct link *link;

	peer->request_delay_ms = PAUSE_MS;
	link = link_open(peer);
	recognition = recognition_run(link);
	link_close(link);
	if (recognition.silence.outcome != LINK_DONE) {
		diagnosis_print(peer, &recognition.silence);
		return EXIT_FAILED;
	}
	if (recognition.count == 0) {
		fprintf(stderr,
			"%s, port %d, unit %d answers, but no built-in profile fits. If you know "
			"the model: --profile with one of --profiles, or with a file.\n",
			peer->host, peer->port, peer->unit);
		return EXIT_FAILED;
	}
	printf("The answers fit profile %s", recognition.names[0]);
	if (recognition.count > 1) {
		printf("; also ");
		names_print(stdout, &recognition, 1);
		printf("Use --profile if you know the model.");
	}
	printf("\n");
	return profile_probe(peer, recognition.names[0]);
}

int probe_run(const char *target, const char *profile_name, const char *unit)
{
	struct target at;
	struct link_peer peer = {.host = at.host, .unit = 1, .timeout_ms = TIMEOUT_MS};

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
	return profile_name != NULL ? profile_probe(&peer, profile_name) : recognised_probe(&peer);
}

#define PROFILE_LINE "%-22s %-18s %-48s %s\n"

int profiles_print(void)
{
	printf(PROFILE_LINE, "name", "maker", "model", "tried");
	for (size_t i = 0; profiles_name(i) != NULL; i++) {
		struct profile profile = {0};

		if (profiles_load(&profile, profiles_name(i), NULL))
			printf(PROFILE_LINE, profile.name,
			       profile.maker[0] != '\0' ? profile.maker : "-",
			       profile.model[0] != '\0' ? profile.model : profile.label,
			       profile.tried ? "yes" : "no");
		config_free(profile_keys, &profile);
	}
	return EXIT_DONE;
}
