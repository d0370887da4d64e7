/* pac-sim - simulated PAC3200 meters on 127.0.0.1, with faults.
 *
 *     pac-sim [--port N] [--power W] [--energy WH] [--count N] [--fault NAME[:PARAMETER]]
 *
 * Prints the port of each meter on a line of its own, then executes lines of its standard input
 * until "quit" or a signal (an end of file does not stop it):
 *
 *     [METER] healthy|dead|refuse|garbage|nan|wrong-unit|trickle|half-close
 *     [METER] slow MS | exception CODE
 *     [METER] power W | step WH | fall WH | pulses N
 *     requests
 *
 * METER is a number from 1; without it the line applies to all meters. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/pac_model.h"

#define COUNT_MAX                                                                                  \
	250 /* libmodbus aborts on descriptors of 1024 and more; a meter takes up to four */

struct sim_meter {
	struct pac_model *model;
	struct pac_load *load;
};

static struct sim_meter meters[COUNT_MAX];
static int meters_open;

static const char usage[] = "usage: pac-sim [--port N] [--power W] [--energy WH] [--count N] "
			    "[--fault NAME[:PARAMETER]]\n";

/* Executes a command for one meter. Returns false if it is unknown. */
static bool meter_command(struct sim_meter *meter, const char *name, double number)
{
	for (enum pac_fault fault = 0; fault < PAC_FAULTS; fault++) {
		if (strcmp(name, pac_fault_name(fault)) == 0) {
			pac_model_fault(meter->model, fault, (int)number);
			return true;
		}
	}
	if (strcmp(name, "power") == 0)
		pac_load_power(meter->load, number);
	else if (strcmp(name, "step") == 0)
		pac_load_step(meter->load, number);
	else if (strcmp(name, "fall") == 0)
		pac_load_step(meter->load, -number);
	else if (strcmp(name, "pulses") == 0)
		pac_load_pulses(meter->load, (int64_t)number);
	else
		return false;
	return true;
}

static void requests_print(void)
{
	long requests = 0;

	for (int i = 0; i < meters_open; i++)
		requests += pac_model_requests(meters[i].model);
	printf("requests %ld\n", requests);
	fflush(stdout);
}

/* Executes "[METER] NAME [NUMBER]". Returns false on "quit". */
static bool line_execute(const char *line)
{
	char name[32] = "";
	double number = 0;
	int first = 0, last = meters_open, skip = 0, meter;
	bool known = false;

	if (sscanf(line, " %d%n", &meter, &skip) == 1 && meter >= 1 && meter <= meters_open) {
		first = meter - 1;
		last = meter;
	}
	if (sscanf(line + skip, "%31s %lf", name, &number) < 1)
		return true;
	if (strcmp(name, "quit") == 0)
		return false;
	if (strcmp(name, "requests") == 0) {
		requests_print();
		return true;
	}
	for (int i = first; i < last; i++)
		known = meter_command(&meters[i], name, number);
	if (!known)
		fprintf(stderr, "pac-sim: unknown command: %s", line);
	return true;
}

static void commands_execute(void)
{
	char line[200];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!line_execute(line))
			return;
	}
	/* Without input the meters run until a signal. */
	for (;;)
		pause();
}

static bool meters_start(int port, int count, double power_w, double wh)
{
	struct fail fail = {0};

	for (int i = 0; i < count; i++) {
		struct sim_meter *meter = &meters[i];

		meter->load = pac_load_open(power_w, wh);
		if (meter->load != NULL)
			meter->model = pac_model_open(port == 0 ? 0 : port + i, pac_load_read,
						      meter->load, &fail);
		if (meter->model == NULL) {
			fprintf(stderr, "pac-sim: %s\n", fail.text);
			return false;
		}
		meters_open++;
		printf("%d\n", pac_model_port(meter->model));
	}
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'},	  {"power", required_argument, NULL, 'w'},
		{"energy", required_argument, NULL, 'e'}, {"count", required_argument, NULL, 'n'},
		{"fault", required_argument, NULL, 'f'},  {0},
	};
	double power_w = 48000, wh = 812345678.25;
	int port = 0, count = 1, option;
	char fault[64] = "";

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p': port = atoi(optarg); break;
		case 'w': power_w = atof(optarg); break;
		case 'e': wh = atof(optarg); break;
		case 'n': count = atoi(optarg); break;
		case 'f': snprintf(fault, sizeof(fault), "%s", optarg); break;
		default: fputs(usage, stderr); return 64;
		}
	}
	if (optind < argc || count < 1 || count > COUNT_MAX) {
		fputs(usage, stderr);
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!meters_start(port, count, power_w, wh))
		return 1;
	if (fault[0] != '\0') {
		char *colon = strchr(fault, ':');

		if (colon != NULL)
			*colon = ' ';
		line_execute(fault);
	}
	commands_execute();
	for (int i = 0; i < meters_open; i++) {
		pac_model_close(meters[i].model);
		pac_load_close(meters[i].load);
	}
	return 0;
}
