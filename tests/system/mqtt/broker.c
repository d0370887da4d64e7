#include "tests/system/mqtt/broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process/clock.h"
#include "tests/system/mqtt/patience.h"

int broker_socket(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (port ? connect(fd, (struct sockaddr *)&address, sizeof(address))
		 : bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The kernel gives ports from 32768 on to whoever connects: one of those could be taken before the
 * broker listens, or while it is restarted. */
static int free_port(void)
{
	for (;;) {
		struct sockaddr_in address = {.sin_family = AF_INET};
		uint16_t random;
		int port, fd, result;

		if (getrandom(&random, sizeof(random), 0) < 0)
			abort();
		port = 10000 + random % 20000;
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		address.sin_port = htons((uint16_t)port);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		result = bind(fd, (struct sockaddr *)&address, sizeof(address));
		close(fd);
		if (result == 0)
			return port;
	}
}

void broker_file(const struct broker *broker, const char *name, const char *text)
{
	char path[100];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", broker->folder, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

void broker_prepare(struct broker *broker, const char *lines)
{
	char text[2000];
	size_t length;

	*broker = (struct broker){.folder = "/tmp/mqtt-test-XXXXXX", .port = free_port()};
	if (!mkdtemp(broker->folder))
		abort();
	/* As root, mosquitto would become another user, who cannot read the test's files. */
	length = (size_t)snprintf(text, sizeof(text),
				  "user root\nlistener %d 127.0.0.1\nallow_anonymous true\n"
				  "persistence false\nmax_queued_messages 100000\n"
				  "set_tcp_nodelay true\nlog_dest none\n",
				  broker->port);
	for (const char *c = lines ? lines : ""; *c; c++)
		length += (size_t)(*c == '@' ? snprintf(text + length, sizeof(text) - length, "%s",
							broker->folder)
					     : snprintf(text + length, sizeof(text) - length, "%c",
							*c));
	broker_file(broker, "mosquitto.conf", text);
}

void broker_start(struct broker *broker)
{
	char path[100];
	ms_t deadline = clock_monotonic() + patience(10 * MS_PER_SECOND);
	int fd;

	snprintf(path, sizeof(path), "%s/mosquitto.conf", broker->folder);
	broker->process = fork();
	if (broker->process == 0) {
		/* The test may die by a signal. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/usr/sbin/mosquitto", "mosquitto", "-c", path, (char *)NULL);
		_exit(127);
	}
	while ((fd = broker_socket(broker->port)) < 0) {
		if (clock_monotonic() > deadline || waitpid(broker->process, NULL, WNOHANG) != 0) {
			fprintf(stderr, "mosquitto does not start\n");
			abort();
		}
		usleep(2000);
	}
	close(fd);
}

void broker_end(struct broker *broker, int signal)
{
	if (!broker->process)
		return;
	kill(broker->process, signal);
	waitpid(broker->process, NULL, 0);
	broker->process = 0;
}

void broker_remove(struct broker *broker)
{
	static const char *const names[] = {"mosquitto.conf", "access", "roles.json", "password"};
	char path[100];

	broker_end(broker, SIGKILL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", broker->folder, names[i]);
		unlink(path);
	}
	rmdir(broker->folder);
}
