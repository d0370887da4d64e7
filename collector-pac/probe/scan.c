#include "collector-pac/probe/scan.h"

#include <stdio.h>
#include <unistd.h>

#include "collector-pac/poll/link.h"
#include "collector-pac/probe/diagnosis.h"
#include "collector-pac/probe/recognition.h"
#include "collector-pac/probe/target.h"
#include "collector-pac/profiles/profiles.h"
#include "common/process/options.h"

#define UNITS	   247
#define TIMEOUT_MS 1000
#define PAUSE_MS   50 /* leaves the line to others that poll it */

/* A device that answers to every unit id is not recognised again and again. */
#define RECOGNISED_MAXIMUM 32

/* A gateway that is gone is not asked for all units. */
#define UNCONNECTED_MAXIMUM 3

struct scan {
	struct link *link;
	struct link_peer peer;
	int found, late, unconnected;
	struct link_result last; /* the newest that is no answer */
};

static void progress_print(const struct scan *scan, int unit)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\runit %d of %d, %d found \r", unit, UNITS, scan->found);
}

static void progress_clear(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

static void unit_print(const struct scan *scan, int unit)
{
	struct recognition recognition = {0};
	struct profile profile;

	progress_clear();
	if (scan->found <= RECOGNISED_MAXIMUM)
		recognition = recognition_run(scan->link);
	if (recognition.count == 0) {
		printf("unit %3d answers%s\n", unit,
		       scan->found <= RECOGNISED_MAXIMUM ? ", but no built-in profile fits" : "");
	} else {
		if (profiles_load(&profile, recognition.names[0], NULL))
			printf("unit %3d: %s, --profile %s\n", unit, profile.label, profile.name);
		config_free(profile_keys, &profile);
	}
	fflush(stdout);
}

/* Any answer will do, an exception as well, unless it is that of a gateway. */
static void unit_scan(struct scan *scan, int unit)
{
	uint16_t registers[1];
	struct link_result result;

	progress_print(scan, unit);
	link_unit(scan->link, unit);
	result = link_read(scan->link, 3, 0, 1, registers);
	scan->unconnected = link_unconnected(result.outcome) ? scan->unconnected + 1 : 0;
	scan->late += result.outcome == LINK_LATE;
	if (link_silent(&result)) {
		scan->last = result;
		return;
	}
	scan->found++;
	unit_print(scan, unit);
}

static int scan_end(const struct scan *scan)
{
	progress_clear();
	if (scan->unconnected > 0) {
		diagnosis_print(&scan->peer, &scan->last);
		return EXIT_FAILED;
	}
	if (scan->found == UNITS)
		printf("All units answer: this is one device that ignores the unit id.\n");
	if (scan->late > 0)
		fprintf(stderr,
			"%d answers came after more than %d ms, so units may be missing: try those "
			"that you expect with --probe and --unit.\n",
			scan->late, TIMEOUT_MS);
	if (scan->found == 0)
		fprintf(stderr,
			"%s, port %d accepts the connection, but no unit from 1 to %d answers.\n",
			scan->peer.host, scan->peer.port, UNITS);
	return scan->found > 0 ? EXIT_DONE : EXIT_FAILED;
}

int scan_run(const char *text)
{
	struct target target;
	struct scan scan = {0};

	if (!target_read(&target, text)) {
		fprintf(stderr, "collector-pac: --scan %s: expected HOST or HOST:PORT\n", text);
		return EXIT_USAGE;
	}
	scan.peer = (struct link_peer){.host = target.host,
				       .port = target.port,
				       .unit = 1,
				       .timeout_ms = TIMEOUT_MS,
				       .request_delay_ms = PAUSE_MS};
	scan.link = link_open(&scan.peer);
	for (int unit = 1; unit <= UNITS && scan.unconnected < UNCONNECTED_MAXIMUM; unit++)
		unit_scan(&scan, unit);
	link_close(scan.link);
	return scan_end(&scan);
}
