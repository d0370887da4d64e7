/* school - a simulated lycée: recordings of single days, and a site that is running.
 *
 *     school day --date YYYY-MM-DD
 *         The edges of the main meter on that day, as a recording for collector-meter, on standard
 *         output. Days of 24 hours have the loads of a winter day with round numbers: 5712 kWh in
 *         seven periods; those on which clocks change have 100 kW throughout.
 *
 *     school live --pipe FIFO [--since SECONDS]
 *         Serves the PAC meters on free ports of 127.0.0.1, prints `NAME PORT` for each, and writes
 *         the edges of the main meter into the FIFO: those since SECONDS (a full hour; by default
 *         midnight of yesterday) as fast as they are read, then in real time, with a line of time
 *         every second. Ends when the reader closes the FIFO.
 *
 *     school history --zone NAME [--since SECONDS]
 *         The records of a PAC meter every 10 s until now, on standard output, a payload a line.
 *
 *     school ports COUNT
 *         Free TCP ports of 127.0.0.1, one a line.
 *
 * A running site is a function of time: with the same --since, `live` continues what `history`
 * printed. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/process/clock.h"
#include "common/contract/fact.h"
#include "aggregator/config/timezone.h"
#include "tests/sim/edges_model.h"
#include "tests/sim/pac_model.h"
#include "tests/sim/school_model.h"

#define RECORD_MS (10 * MS_PER_SECOND)
#define PORTS_MAX 64

static const char usage[] = "usage: school day --date YYYY-MM-DD\n"
			    "       school live --pipe FIFO [--since SECONDS]\n"
			    "       school history --zone NAME [--since SECONDS]\n"
			    "       school ports COUNT\n";

struct arguments {
	const char *date, *pipe, *zone;
	const char *since;
	const char *count;
};

/* -------- a day of round numbers -------- */

static const struct period {
	int until; /* hour of local time */
	int64_t watts;
} winter_day[] = {
	{6, 96000},   {8, 240000},  {10, 384000}, {18, 336000},
	{20, 288000}, {22, 192000}, {24, 120000},
};

struct day {
	ms_t begin, end;
	const struct period *period; /* NULL where clocks change: one period of 100 kW */
	ms_t from, until;	     /* of the period, which has this many pulses */
	int64_t pulses, given;
};

static void day_period(struct day *day, ms_t from, ms_t until, int64_t watts)
{
	day->from = from;
	day->until = until;
	day->pulses = watts * (until - from) / MJ_PER_PULSE;
	day->given = 0;
}

static bool day_next_period(struct day *day)
{
	if (day->until == day->end)
		return false;
	if (!day->period) {
		day_period(day, day->begin, day->end, 100000);
		return true;
	}
	day_period(day, day->until, day->begin + day->period->until * MS_PER_HOUR,
		   day->period->watts);
	day->period++;
	return true;
}

/* Pulses are spaced evenly. The first comes after a quarter of their interval, so that none falls
 * on a full minute. */
static int64_t day_pulse(void *context)
{
	struct day *day = context;

	if (day->given == day->pulses && !day_next_period(day))
		return INT64_MAX;
	return day->from * NS_PER_MS + multiply_divide((day->until - day->from) * NS_PER_MS,
						       4 * day->given++ + 1, 4 * day->pulses);
}

static void edge_print(FILE *file, const struct edge *edge)
{
	char text[EDGE_TEXT_SIZE];

	edge_text(text, edge);
	fprintf(file, "%s\n", text);
}

/* Prints the initial levels of a recording, one second before its first edge. */
static void levels_print(FILE *file, const struct civil_zone *zone, ms_t begin)
{
	struct school_contacts contacts = school_contacts(zone, begin);
	const int levels[EDGE_LINES] = {
		[EDGE_OFF_PEAK] = contacts.off_peak,
		[EDGE_PEAK] = contacts.peak,
	};

	for (enum edge_line line = 0; line < EDGE_LINES; line++)
		edge_print(file,
			   &(struct edge){line, levels[line], begin * NS_PER_MS - NS_PER_SECOND});
}

static bool day_print(const struct civil_zone *zone, const struct arguments *arguments,
		      struct fail *fail)
{
	struct day day = {0};
	struct edges edges;

	if (!arguments->date || !civil_parse(&day.begin, zone, arguments->date))
		return fail_set(fail, "day: --date expects a date such as 2013-01-15");
	day.begin = civil_day_start(zone, day.begin);
	day.end = civil_day_end(zone, day.begin);
	day.until = day.begin;
	day.period = day.end - day.begin == MS_PER_DAY ? winter_day : NULL;
	edges_start(&edges, zone, day.begin, day_pulse, &day);

	printf("# the main meter on %s: seconds since 1970, line, level\n", arguments->date);
	levels_print(stdout, zone, day.begin);
	/* Midnight's top closes the day's last window. */
	while (edges_peek(&edges)->t_ns <= day.end * NS_PER_MS + NS_PER_SECOND) {
		struct edge edge = edges_next(&edges);

		edge_print(stdout, &edge);
	}
	return true;
}

/* -------- the site that is running -------- */

/* Reads --since, or takes yesterday's midnight. */
static bool school_since(struct school *school, const struct arguments *arguments,
			 struct fail *fail)
{
	char *end;

	if (!arguments->since) {
		ms_t today = civil_day_start(school->zone, clock_wall());

		school->since = civil_day_start(school->zone, today - 1);
		return true;
	}
	school->since = strtoll(arguments->since, &end, 10) * MS_PER_SECOND;
	if (*end || end == arguments->since || school->since % MS_PER_HOUR != 0 ||
	    school->since < 0 || school->since > clock_wall())
		return fail_set(
			fail,
			"--since expects the seconds of a full hour in the past, found \"%s\"",
			arguments->since);
	return true;
}

static bool history_print(const struct civil_zone *zone, const struct arguments *arguments,
			  struct fail *fail)
{
	struct school school = {.zone = zone};
	enum school_zone meter = arguments->zone ? school_find(arguments->zone) : SCHOOL_METERS;
	struct record record = {.mark = MARK_NONE, .off_peak = UNKNOWN, .peak = UNKNOWN};
	ms_t now = clock_wall();

	if (meter == SCHOOL_METERS)
		return fail_set(fail, "history: --zone expects the name of a meter, found \"%s\"",
				arguments->zone ? arguments->zone : "");
	if (!school_since(&school, arguments, fail))
		return false;
	/* One stream for every meter and start. */
	snprintf(record.stream, sizeof(record.stream), "%016" PRIx64,
		 (uint64_t)now << 4 | (uint64_t)meter);
	for (record.t = school.since; record.t < now; record.t += RECORD_MS) {
		char *text;

		record.seq++;
		record.wh = (double)school_index(&school, meter, record.t) / (double)MWH_PER_WH;
		text = record_encode(&record);
		if (!text || puts(text) == EOF)
			return fail_set(fail, "history: %s", strerror(errno));
		free(text);
	}
	return true;
}

/* The kitchen's gas meter is at the digital input of its PAC: gas is used in proportion to
 * electricity, 1 kWh for 1 kWh, at 0.1 m3 of 11.2 kWh a pulse. */
#define MWH_PER_GAS_PULSE (1120 * MWH_PER_WH)

struct school_meter {
	const struct school *school;
	enum school_zone zone;
	struct pac_model *model;
};

static struct pac_reading meter_read(void *context, ms_t t)
{
	const struct school_meter *meter = context;
	const mwh_t index = school_index(meter->school, meter->zone, t);

	return (struct pac_reading){
		.power_w = (double)school_power(meter->school, meter->zone, t),
		.wh = (double)index / (double)MWH_PER_WH,
		.pulses = index / MWH_PER_GAS_PULSE,
	};
}

static int64_t live_pulse(void *context)
{
	return school_pulses_next(context) * NS_PER_MS;
}

static void sleep_until(int64_t t_ns)
{
	struct timespec until = {.tv_sec = t_ns / NS_PER_SECOND, .tv_nsec = t_ns % NS_PER_SECOND};

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

/* Writes edges and seconds, past ones at once and others at their time. Returns when the pipe is
 * closed. */
static void live_write(FILE *pipe, struct edges *edges)
{
	int64_t second = clock_wall() / MS_PER_SECOND + 1;

	while (!ferror(pipe)) {
		bool is_edge = edges_peek(edges)->t_ns <= second * NS_PER_SECOND;
		int64_t due = is_edge ? edges_peek(edges)->t_ns : second * NS_PER_SECOND;

		if (due > clock_wall() * NS_PER_MS) {
			fflush(pipe);
			sleep_until(due);
		}
		if (is_edge) {
			struct edge edge = edges_next(edges);

			edge_print(pipe, &edge);
		} else {
			fprintf(pipe, "%" PRId64 "\n", second++);
		}
	}
}

static bool live_run(const struct civil_zone *zone, const struct arguments *arguments,
		     struct fail *fail)
{
	struct school school = {.zone = zone};
	struct school_pulses pulses;
	struct edges edges;
	static struct school_meter meters[SCHOOL_METERS];
	FILE *pipe;

	if (!arguments->pipe)
		return fail_set(fail, "live: --pipe expects the name of a FIFO");
	if (!school_since(&school, arguments, fail))
		return false;
	for (enum school_zone i = 0; i < SCHOOL_METERS; i++) {
		struct school_meter *meter = &meters[i];

		meter->school = &school;
		meter->zone = i;
		meter->model = pac_model_open(0, meter_read, meter, fail);
		if (!meter->model)
			return fail_at(fail, "live");
		printf("%s %d\n", school_names[i], pac_model_port(meter->model));
	}
	fflush(stdout);

	signal(SIGPIPE, SIG_IGN);
	pipe = fopen(arguments->pipe, "we");
	if (!pipe)
		return fail_set(fail, "live: --pipe: %s", strerror(errno));
	levels_print(pipe, zone, school.since);
	school_pulses_start(&pulses, &school);
	edges_start(&edges, zone, school.since, live_pulse, &pulses);
	live_write(pipe, &edges);
	fclose(pipe);
	for (int i = 0; i < SCHOOL_METERS; i++)
		pac_model_close(meters[i].model);
	return fail_set(fail, "live: %s is no longer read", arguments->pipe);
}

/* -------- ports -------- */

/* All ports stay bound until the last is found, so they differ. */
static bool ports_print(const struct arguments *arguments, struct fail *fail)
{
	int count = arguments->count ? atoi(arguments->count) : 0;

	if (count < 1 || count > PORTS_MAX)
		return fail_set(fail, "ports: expected a number from 1 to %d", PORTS_MAX);
	while (count--) {
		struct sockaddr_in address = {.sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t size = sizeof(address);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
		    getsockname(fd, (struct sockaddr *)&address, &size) != 0)
			return fail_set(fail, "ports: %s", strerror(errno));
		printf("%d\n", ntohs(address.sin_port));
	}
	return true;
}

static bool arguments_read(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {
		{"date", required_argument, NULL, 'd'},
		{"pipe", required_argument, NULL, 'p'},
		{"since", required_argument, NULL, 's'},
		{"zone", required_argument, NULL, 'z'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			arguments->date = optarg;
		else if (option == 'p')
			arguments->pipe = optarg;
		else if (option == 's')
			arguments->since = optarg;
		else if (option == 'z')
			arguments->zone = optarg;
		else
			return false;
	}
	if (optind < argc)
		arguments->count = argv[optind++];
	return optind == argc;
}

int main(int argc, char **argv)
{
	static struct civil_zone zone;
	struct arguments arguments = {0};
	struct fail fail = {0};
	const char *command = argc > 1 ? argv[1] : "";
	bool done;

	if (argc < 2 || !arguments_read(&arguments, argc - 1, argv + 1)) {
		fputs(usage, stderr);
		return 64;
	}
	if (!timezone_load(&zone, "Europe/Paris", &fail)) {
		fprintf(stderr, "school: %s\n", fail.text);
		return EXIT_FAILURE;
	}
	if (strcmp(command, "day") == 0) {
		done = day_print(&zone, &arguments, &fail);
	} else if (strcmp(command, "live") == 0) {
		done = live_run(&zone, &arguments, &fail);
	} else if (strcmp(command, "history") == 0) {
		done = history_print(&zone, &arguments, &fail);
	} else if (strcmp(command, "ports") == 0) {
		done = ports_print(&arguments, &fail);
	} else {
		fputs(usage, stderr);
		return 64;
	}
	if (done && fflush(stdout) != 0)
		done = fail_set(&fail, "standard output: %s", strerror(errno));
	if (!done)
		fprintf(stderr, "school: %s\n", fail.text);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
