/* collector-meter - counts the pulses of meters and publishes them. */
#include "collector-meter/commission/monitor.h"
#include "collector-meter/commission/set_index.h"
#include "collector-meter/meters/meters.h"
#include "collector-meter/publish/meter_publisher.h"
#include "collector-meter/settings/settings.h"
#include "common/collector/reporter.h"
#include "common/process/loop.h"

static const char *replay;
static const char *index_text, *by;
static bool monitoring;

static const struct program_option own_options[] = {
	{.name = "monitor",
	 .help = "print edges, intervals, power and contacts; needs no broker",
	 .flag = &monitoring},
	{.name = "replay",
	 .argument = "FILE",
	 .help = "read edges from FILE (a recording, a FIFO, or -), not from GPIO",
	 .text = &replay},
	{.name = "set-index",
	 .argument = "SOURCE=READING",
	 .help = "set a meter's index to its register's kWh or m3, and exit",
	 .text = &index_text},
	{.name = "by", .argument = "NAME", .help = "who sets the index", .text = &by},
	{0},
};

static const struct program program = {
	.name = "collector-meter",
	.summary = "counts the pulses of electricity, gas and water meters and publishes them over "
		   "MQTT",
	.options = own_options,
};

/* Counts the pulses of the meters, for the broker or the terminal, until a signal ends it. */
static int run(const struct meter_settings *settings, struct fail *fail)
{
	struct loop *loop = loop_open();
	struct monitor *monitor = NULL;
	struct meter_publisher *publisher = NULL;
	struct meters *meters = NULL;
	int exit_code = EXIT_FAILED;

	if (!loop)
		return EXIT_FAILED;
	if (monitoring)
		monitor = monitor_open(settings, loop, stdout);
	else
		publisher = meter_publisher_open(settings, loop, fail);
	if (monitor || publisher) {
		struct meter_sink sink =
			monitor ? monitor_sink(monitor) : meter_publisher_sink(publisher);

		meters = meters_open(settings, loop, &sink, fail);
	}
	if (meters) {
		if (publisher)
			meter_publisher_set_meters(publisher, meters);
		loop_ready(loop);
		exit_code = loop_run(loop);
	}
	meters_close(meters);
	meter_publisher_close(publisher);
	monitor_close(monitor);
	loop_close(loop);
	return exit_code;
}

static int check(const struct meter_settings *settings, const struct options *options)
{
	const struct reporter_settings reported = {
		.site = settings->site,
		.collector = settings->collector,
		.broker = &settings->broker,
		.outbox = &settings->outbox,
	};
	bool running = false;

	if (!options->online)
		return options_checked(options);
	return options_checked_online(options, reporter_check(&reported, &running));
}

int main(int argc, char **argv)
{
	struct options options;
	struct meter_settings settings;
	struct fail fail = {0};
	int exit_code;

	if (!options_read(&options, &program, argc, argv, &exit_code))
		return exit_code;
	log_open(program.name, options.verbose);
	if (!settings_load(&settings, options.config, replay, &fail))
		exit_code = EXIT_CONFIGURATION;
	else if (options.check)
		exit_code = check(&settings, &options);
	else if (index_text)
		exit_code = set_index(&settings, index_text, by, &fail) ? EXIT_DONE : EXIT_FAILED;
	else
		exit_code = run(&settings, &fail);
	if (fail.text[0])
		log_error("%s", fail.text);
	settings_free(&settings);
	return exit_code;
}
