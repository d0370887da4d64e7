/* pac_polls - processor time of polls by collector-pac, against collectd, and against threads that
 * only read the same registers with libmodbus at the same rate.
 *
 *     pac_polls [METERS...]        default: 1 20 100 500
 *
 * So many simulated meters are polled every 500 ms: power and the indices of two tariffs, in turns
 * by bare threads, by collectd (Debian's, if it is installed) and by collector-pac; the latter two
 * publish through a private mosquitto. collectd needs a request for each value, the others two. The
 * cheapest of three turns of 5 s counts: other work on the machine only adds to them. Prints the
 * processor time of a poll, user and system, the ratios, and the resident memory.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <modbus.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIMULATORS   2
#define SIMULATED    250 /* meters of a simulator */
#define METERS_MAX   (SIMULATORS * SIMULATED)
#define PERIOD_MS    500
#define WARM_SECONDS 2
#define RUN_SECONDS  5
#define TURNS	     3
#define COLLECTD     "/usr/sbin/collectd"

static char build[PATH_MAX + 4]; /* folder of the programs */
static char folder[] = "/tmp/pac_polls-XXXXXX";
static int ports[METERS_MAX]; /* of the simulated meters */
static int meters;	      /* how many of them are polled */
static FILE *orders[SIMULATORS], *answers[SIMULATORS];

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

static pid_t start(const char *program, const char *const arguments[4], int in, int out)
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
		execlp(program, program, arguments[0], arguments[1], arguments[2], (char *)NULL);
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

static void simulator_start(int simulator)
{
	char program[sizeof(build) + 16], count[16];
	const char *arguments[4] = {"--count", count};
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		die("pipe");
	snprintf(program, sizeof(program), "%s/sim/pac-sim", build);
	snprintf(count, sizeof(count), "%d", SIMULATED);
	start(program, arguments, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	orders[simulator] = fdopen(in[1], "w");
	answers[simulator] = fdopen(out[0], "r");
	for (int i = 0; i < SIMULATED; i++) {
		if (fscanf(answers[simulator], "%d", &ports[simulator * SIMULATED + i]) != 1)
			die("the simulator does not start");
	}
}

static long requests(void)
{
	long sum = 0, count;

	for (int i = 0; i < SIMULATORS; i++) {
		fputs("requests\n", orders[i]);
		fflush(orders[i]);
		if (fscanf(answers[i], " requests %ld", &count) != 1)
			die("the simulator does not answer");
		sum += count;
	}
	return sum;
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
	due.tv_nsec = index * (PERIOD_MS * 1000000L / meters);
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
	for (int i = 0; i < meters; i++) {
		static int indices[METERS_MAX];
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
	start("mosquitto", (const char *[4]){"-c", name}, -1, -1);
}

/* With an empty outbox: records wait in it, since there is no aggregator to acknowledge them. */
static pid_t collector_start(int broker_port)
{
	static int outboxes;
	char name[64], program[sizeof(build) + 16];
	FILE *file = file_create(name, "collector-pac.json");

	fprintf(file,
		"{\"site\":\"bench\",\"collector\":\"bench\",\"poll_ms\":%d,\n"
		"\"broker\":{\"host\":\"127.0.0.1\",\"port\":%d},\n"
		"\"outbox\":{\"file\":\"%s/outbox-%d\"},\n\"meters\":[",
		PERIOD_MS, broker_port, folder, outboxes++);
	for (int i = 0; i < meters; i++)
		fprintf(file, "%s\n{\"source\":\"m%d\",\"host\":\"127.0.0.1\",\"port\":%d}",
			i == 0 ? "" : ",", i, ports[i]);
	fputs("]}\n", file);
	fclose(file);
	snprintf(program, sizeof(program), "%s/collector-pac", build);
	return start(program, (const char *[4]){"--config", name}, -1, -1);
}

/* -------- collectd -------- */

/* The indices as integers, since it has no type float64. */
static pid_t collectd_start(int broker_port)
{
	char name[64];
	FILE *file = file_create(name, "collectd.conf");

	fprintf(file,
		"Hostname \"bench\"\nBaseDir \"%s\"\nPIDFile \"%s/collectd.pid\"\n"
		"TypesDB \"/usr/share/collectd/types.db\"\nInterval %.3f\n"
		"LoadPlugin modbus\nLoadPlugin mqtt\n"
		"<Plugin mqtt>\n<Publish \"bench\">\nHost \"127.0.0.1\"\nPort \"%d\"\n"
		"ClientId \"collectd\"\n</Publish>\n</Plugin>\n<Plugin modbus>\n"
		"<Data \"power\">\nRegisterBase 65\nRegisterType Float\nType power\n</Data>\n"
		"<Data \"tariff1\">\nRegisterBase 801\nRegisterType Uint64\nType gauge\n"
		"Instance \"tariff1\"\n</Data>\n"
		"<Data \"tariff2\">\nRegisterBase 805\nRegisterType Uint64\nType gauge\n"
		"Instance \"tariff2\"\n</Data>\n",
		folder, folder, PERIOD_MS / 1e3, broker_port);
	for (int i = 0; i < meters; i++)
		fprintf(file,
			"<Host \"m%d\">\nAddress \"127.0.0.1\"\nPort \"%d\"\nInterval %.3f\n"
			"<Slave 1>\nInstance \"pac\"\nCollect \"power\"\nCollect "
			"\"tariff1\"\nCollect \"tariff2\"\n"
			"</Slave>\n</Host>\n",
			i, ports[i], PERIOD_MS / 1e3);
	fputs("</Plugin>\n", file);
	fclose(file);
	return start(COLLECTD, (const char *[4]){"-f", "-C", name}, -1, -1);
}

/* -------- measuring -------- */

struct cost {
	double poll_ms; /* processor time of a poll */
	double share;	/* polls that were done, of those that were due */
	double rss_mb;
};

static double rss_mb(pid_t child)
{
	char name[64];
	long size, resident = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/statm", child);
	file = fopen(name, "r");
	if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2)
		die(name);
	fclose(file);
	return (double)(resident * sysconf(_SC_PAGESIZE)) / 1048576;
}

/* Of a process that polls. */
static struct cost cost(pid_t child, int requests_a_poll)
{
	struct timespec before, after;
	clockid_t clock;
	double polls;

	sleep(WARM_SECONDS);
	if (clock_getcpuclockid(child, &clock) != 0)
		die("the polling program has ended");
	polls = -(double)requests() / requests_a_poll;
	clock_gettime(clock, &before);
	sleep(RUN_SECONDS);
	polls += (double)requests() / requests_a_poll;
	if (clock_gettime(clock, &after) != 0 || polls <= 0)
		die("the polling program has ended");
	return (struct cost){
		.poll_ms = 1e3 / polls *
			   ((double)(after.tv_sec - before.tv_sec) +
			    (double)(after.tv_nsec - before.tv_nsec) / 1e9),
		.share = polls * PERIOD_MS / (RUN_SECONDS * 1e3 * meters),
		.rss_mb = rss_mb(child),
	};
}

static void cost_and_end(struct cost *cheapest, pid_t child, int requests_a_poll)
{
	struct cost now = cost(child, requests_a_poll);

	end(child);
	if (cheapest->poll_ms == 0 || now.poll_ms < cheapest->poll_ms)
		*cheapest = now;
}

/* All polls of a contender are to be done, or its costs mean nothing. */
static void cost_print(const char *name, const struct cost *cost)
{
	printf(", %s %.4f", name, cost->poll_ms);
	if (cost->share < 0.98)
		printf(" (but only %.0f %% of the polls)", 100 * cost->share);
}

static void compare(int broker_port)
{
	struct cost bare = {0}, collectd = {0}, collector = {0};
	bool has_collectd = access(COLLECTD, X_OK) == 0;

	for (int turn = 0; turn < TURNS; turn++) {
		cost_and_end(&bare, bare_start(), 2);
		if (has_collectd)
			cost_and_end(&collectd, collectd_start(broker_port), 3);
		cost_and_end(&collector, collector_start(broker_port), 2);
	}
	printf("pac_polls: %d meters, ms of processor a poll", meters);
	cost_print("bare libmodbus", &bare);
	if (has_collectd)
		cost_print("collectd", &collectd);
	cost_print("collector-pac", &collector);
	printf("; ratio to bare %.2f", collector.poll_ms / bare.poll_ms);
	if (has_collectd)
		printf(", to collectd %.2f", collector.poll_ms / collectd.poll_ms);
	printf("; collector-pac has %.1f MB", collector.rss_mb);
	if (has_collectd)
		printf(", collectd %.1f", collectd.rss_mb);
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const int usual[] = {1, 20, 100, METERS_MAX};
	int port = free_port();

	if (realpath(dirname(argv[0]), build) == NULL)
		die(argv[0]);
	strcat(build, "/..");
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		die(folder);
	atexit(children_end);
	for (int i = 0; i < SIMULATORS; i++)
		simulator_start(i);
	broker_start(port);
	if (access(COLLECTD, X_OK) != 0)
		printf("pac_polls: collectd is not measured: deploy/install-dependencies bench\n");
	for (int i = 0; i < (argc > 1 ? argc - 1 : 4); i++) {
		meters = argc > 1 ? atoi(argv[i + 1]) : usual[i];
		if (meters < 1 || meters > METERS_MAX) {
			fprintf(stderr, "pac_polls: expected numbers from 1 to %d\n", METERS_MAX);
			return 2;
		}
		compare(port);
	}
	return 0;
}
