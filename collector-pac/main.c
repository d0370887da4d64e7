/* collector-pac - power and energy index of Modbus TCP meters, published over MQTT. */
#include <stdio.h>

#include "collector-pac/publish/pac_publisher.h"
#include "collector-pac/probe/probe.h"
#include "collector-pac/check/reach.h"
#include "common/collector/reporter.h"
#include "collector-pac/probe/scan.h"

static const char *probe, *scan, *profile, *unit;
static bool profiles;

static const struct program_option program_options[] = {
	{"probe", "HOST[:PORT]", "read one meter once, print its values or what is wrong", &probe,
	 NULL},
	{"profile", "NAME", "with --probe: the meter's profile (default: the one that fits)",
	 &profile, NULL},
	{"unit", "N", "with --probe: its Modbus unit id (default 1)", &unit, NULL},
	{"scan", "HOST[:PORT]", "list the units that answer behind a gateway", &scan, NULL},
	{"profiles", NULL, "list the built-in profiles", NULL, &profiles},
	{0},
};

static const struct program program = {
	.name = "collector-pac",
	.summary = "publishes power and energy index of Modbus TCP meters",
	.options = program_options,
};

static int run(const struct pac_settings *settings)
{
	struct fail fail = {0};
	struct loop *loop = loop_open();
	struct pac_publisher *publisher = NULL;
	int code = EXIT_FAILED;

	if (loop != NULL)
		publisher = pac_publisher_open(settings, loop, &fail);
	if (publisher != NULL) {
		loop_ready(loop);
		code = loop_run(loop);
	} else if (loop != NULL) {
		log_error("%s", fail.text);
	}
	pac_publisher_close(publisher);
	loop_close(loop);
	return code;
}

/* Meters are left alone while another process polls them: a gateway may allow one connection. */
static int check(const struct pac_settings *settings, const struct options *options)
{
	const struct reporter_settings reported = {
		.site = settings->site,
		.collector = settings->collector,
		.broker = &settings->broker,
		.outbox = &settings->outbox,
	};
	bool running = false;
	int findings;

	if (!options->online)
		return options_checked(options);
	findings = reporter_check(&reported, &running);
	if (!running)
		findings += reach_meters(settings);
	return options_checked_online(options, findings);
}

int main(int argc, char **argv)
{
	struct options options;
	struct pac_settings settings;
	struct fail fail = {0};
	int code;

	if (!options_read(&options, &program, argc, argv, &code))
		return code;
	if (probe != NULL)
		return probe_run(probe, profile, unit);
	if (profile != NULL || unit != NULL) {
		fprintf(stderr, "%s: --%s needs --probe HOST; try --help\n", program.name,
			profile != NULL ? "profile" : "unit");
		return EXIT_USAGE;
	}
	if (scan != NULL)
		return scan_run(scan);
	if (profiles)
		return profiles_print();

	log_open(program.name, options.verbose);
	if (!settings_load(&settings, options.config, &fail)) {
		log_error("%s", fail.text);
		code = EXIT_CONFIGURATION;
	} else {
		if (options.check)
			settings_hint(&settings, stderr);
		code = options.check ? check(&settings, &options) : run(&settings);
	}
	settings_free(&settings);
	return code;
}
