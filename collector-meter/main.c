/* collector-meter - counts the pulses of meters and publishes them. */
#include "collector-meter/commission/monitor.h"
#include "collector-meter/publish/publisher.h"
#include "collector-meter/commission/set_index.h"
#include "collector-meter/settings/settings.h"
#include "collector-meter/meters/station.h"
#include "common/process/daemon.h"

static const char *replay;
static const char *index_wish, *by;
static bool monitoring;

static const struct program_option own_options[] = {
	{.name = "monitor",
	 .help = "print edges, intervals, power and contacts; needs no broker",
	 .flag = &monitoring},
	{.name = "replay",
	 .argument = "FILE",
	 .help = "take edges from FILE (a recording, a FIFO, or -), not from GPIO",
	 .text = &replay},
	{.name = "set-index",
	 .argument = "SOURCE=READING",
	 .help = "set a meter's index to its register's kWh or m3, and exit",
	 .text = &index_wish},
	{.name = "by", .argument = "NAME", .help = "who sets the index", .text = &by},
	{0},
};

static const struct program program = {
	.name = "collector-meter",
	.summary = "counts the pulses of electricity, gas and water meters and publishes them over "
		   "MQTT",
	.options = own_options,
};

/* Reads the meters and tells them to the broker or to the terminal until a signal comes. */
static int run(const struct settings *settings, struct fail *fail)
{
	struct daemon *daemon = daemon_open();
	struct monitor *monitor = NULL;
	struct publisher *publisher = NULL;
	struct station *station = NULL;
	int exit_code = EXIT_FAILED;

	if (!daemon)
		return EXIT_FAILED;
	if (monitoring)
		monitor = monitor_open(settings, daemon, stdout, fail);
	else
		publisher = publisher_open(settings, daemon, fail);
	if (monitor || publisher) {
		struct listener listener =
			monitor ? monitor_listener(monitor) : publisher_listener(publisher);

		station = station_open(settings, daemon, &listener, fail);
	}
	if (station) {
		if (publisher)
			publisher_feeds_from(publisher, station);
		daemon_ready(daemon);
		exit_code = daemon_run(daemon);
	}
	station_close(station);
	publisher_close(publisher);
	monitor_close(monitor);
	daemon_close(daemon);
	return exit_code;
}

int main(int argc, char **argv)
{
	struct options options;
	struct settings settings;
	struct fail fail = {0};
	int exit_code;

	if (!options_read(&options, &program, argc, argv, &exit_code))
		return exit_code;
	log_open(program.name, options.verbose);
	if (!settings_load(&settings, options.config, replay, &fail))
		exit_code = EXIT_CONFIGURATION;
	else if (options.check)
		exit_code = options_checked(&options);
	else if (index_wish)
		exit_code = set_index(&settings, index_wish, by, &fail) ? EXIT_DONE : EXIT_FAILED;
	else
		exit_code = run(&settings, &fail);
	if (fail.text[0])
		log_error("%s", fail.text);
	settings_free(&settings);
	return exit_code;
}
