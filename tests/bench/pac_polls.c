/* pac_polls - processor time of polls by collector-pac, against threads that only read the same
 * registers with libmodbus at the same rate.
 *
 * 100 simulated meters are polled every 500 ms, by bare threads and by collector-pac, which
 * publishes what it reads through a private mosquitto. The cheapest of three turns of 5 s counts:
 * other work on the machine only adds to them. Prints CPU seconds, user and system, for 1000 polls,
 * and their ratio.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <modbus.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define METERS	     100
#define PERIOD_MS    500
#define WARM_SECONDS 2
#define RUN_SECONDS  5
#define TURNS	     3

static char build[PATH_MAX + 4]; /* folder of the programs */
static char folder[] = "/tmp/pac_polls-XXXXXX";
static int ports[METERS];      /* of the simulated meters */
static FILE *orders, *answers; /* of the simulator */

static void die(const char *what)
{
	fprintf(stderr, "pac_polls: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* -------- other programs -------- */

static pid_t children[8];
static int children_count;

static void children_end(void)
{
	char command[sizeof(folder) + 16];

	for (int i = 0; i < children_count; i++)
		kill(children[i], SIGTERM);
	for (int i = 0; i < children_count; i++)
		waitpid(children[i], NULL, 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	(void)!system(command);
}

static pid_t start(const char *program, const char *argument, const char *value, int in, int out)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0) {
		if (in >= 0)
			dup2(in, STDIN_FILENO);
		if (out >= 0)
			dup2(out, STDOUT_FILENO);
		(void)!freopen("log", "a", stderr);
		execlp(program, program, argument, value, (char *)NULL);
		die(program);
	}
	children[children_count++] = child;
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	for (int i = 0; i < children_count; i++) {
		if (children[i] == child)
			children[i--] = children[--children_count];
	}
}

/* -------- the meters -------- */

static void simulator_start(void)
{
	char program[sizeof(build) + 16], count[16];
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		die("pipe");
	snprintf(program, sizeof(program), "%s/sim/pac-sim", build);
	snprintf(count, sizeof(count), "%d", METERS);
	start(program, "--count", count, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	orders = fdopen(in[1], "w");
	answers = fdopen(out[0], "r");
	for (int i = 0; i < METERS; i++) {
		if (fscanf(answers, "%d", &ports[i]) != 1)
			die("the simulator does not start");
	}
}

static long requests(void)
{
	long count = 0;

	fputs("requests\n", orders);
	fflush(orders);
	if (fscanf(answers, " requests %ld", &count) != 1)
		die("the simulator does not answer");
	return count;
}

/* -------- the bare threads -------- */

static void *bare_run(void *argument)
{
	int index = *(int *)argument;
	modbus_t *modbus = modbus_new_tcp("127.0.0.1", ports[index]);
	struct timespec due;
	uint16_t registers[8];

	clock_gettime(CLOCK_MONOTONIC, &due);
	due.tv_sec++;
	due.tv_nsec = index * (PERIOD_MS * 1000000L / METERS);
	modbus_set_slave(modbus, 1);
	if (modbus_connect(modbus) != 0)
		die("connect");
	for (;;) {
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		if (modbus_read_registers(modbus, 65, 6, registers) != 6 ||
		    modbus_read_registers(modbus, 801, 8, registers) != 8)
			die("read");
		due.tv_nsec += PERIOD_MS * 1000000L;
		due.tv_sec += due.tv_nsec / 1000000000;
		due.tv_nsec %= 1000000000;
	}
	return NULL;
}

static pid_t bare_start(void)
{
	pid_t child = fork();

	if (child != 0) {
		children[children_count++] = child;
		return child;
	}
	for (int i = 0; i < METERS; i++) {
		static int indices[METERS];
		pthread_t thread;

		indices[i] = i;
		if (pthread_create(&thread, NULL, bare_run, &indices[i]) != 0)
			die("thread");
	}
	for (;;)
		pause();
}

/* -------- the collector -------- */

static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		die("no free port");
	close(fd);
	return ntohs(address.sin_port);
}

static FILE *file_create(char name[64], const char *base)
{
	FILE *file;

	snprintf(name, 64, "%s/%s", folder, base);
	file = fopen(name, "w");
	if (file == NULL)
		die(name);
	return file;
}

static void broker_start(int port)
{
	char name[64];
	FILE *file = file_create(name, "mosquitto.conf");

	fprintf(file, "listener %d 127.0.0.1\nallow_anonymous true\nlog_type none\n", port);
	fclose(file);
	start("mosquitto", "-c", name, -1, -1);
}

/* With an empty outbox: records wait in it, since there is no aggregator to acknowledge them. */
static pid_t collector_start(int broker_port, int turn)
{
	char name[64], program[sizeof(build) + 16];
	FILE *file = file_create(name, "collector-pac.json");

	fprintf(file,
		"{\"site\":\"bench\",\"collector\":\"bench\",\"poll_ms\":%d,\n"
		"\"broker\":{\"host\":\"127.0.0.1\",\"port\":%d},\n"
		"\"outbox\":{\"file\":\"%s/outbox-%d\"},\n\"meters\":[",
		PERIOD_MS, broker_port, folder, turn);
	for (int i = 0; i < METERS; i++)
		fprintf(file, "%s\n{\"source\":\"m%d\",\"host\":\"127.0.0.1\",\"port\":%d}",
			i == 0 ? "" : ",", i, ports[i]);
	fputs("]}\n", file);
	fclose(file);
	snprintf(program, sizeof(program), "%s/collector-pac", build);
	return start(program, "--config", name, -1, -1);
}

/* -------- measuring -------- */

/* CPU seconds for 1000 polls of a process that polls. */
static double cost(pid_t child)
{
	struct timespec before, after;
	clockid_t clock;
	long polls;

	sleep(WARM_SECONDS);
	if (clock_getcpuclockid(child, &clock) != 0)
		die("the polling program has ended");
	polls = -requests() / 2;
	clock_gettime(clock, &before);
	sleep(RUN_SECONDS);
	polls += requests() / 2;
	if (clock_gettime(clock, &after) != 0 || polls <= 0)
		die("the polling program has ended");
	return 1000.0 / (double)polls *
	       ((double)(after.tv_sec - before.tv_sec) +
		(double)(after.tv_nsec - before.tv_nsec) / 1e9);
}

static double cost_and_end(pid_t child)
{
	double seconds = cost(child);

	end(child);
	return seconds;
}

int main(int argc, char **argv)
{
	double bare = INFINITY, collector = INFINITY;
	int port = free_port();

	(void)argc;
	if (realpath(dirname(argv[0]), build) == NULL)
		die(argv[0]);
	strcat(build, "/..");
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		die(folder);
	atexit(children_end);
	simulator_start();
	broker_start(port);
	for (int turn = 0; turn < TURNS; turn++) {
		bare = fmin(bare, cost_and_end(bare_start()));
		collector = fmin(collector, cost_and_end(collector_start(port, turn)));
	}
	printf("pac_polls: CPU s per 1000 polls: bare libmodbus %.4f, collector-pac %.4f, ratio "
	       "%.2f\n",
	       bare, collector, collector / bare);
	return 0;
}
