/* broker.h - a real mosquitto for tests: on a free port of 127.0.0.1, with nothing on disk. */
#ifndef TESTS_UNIT_COMMON_BROKER_H
#define TESTS_UNIT_COMMON_BROKER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process/clock.h"

struct broker {
	char folder[40];
	int port;
	pid_t process; /* 0: not running */
};

static inline int broker_socket(int port)
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

static inline int broker_free_port(void)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int fd = broker_socket(0);

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		abort();
	close(fd);
	return ntohs(address.sin_port);
}

/* Writes a file into the broker's folder. */
static inline void broker_file(const struct broker *broker, const char *name, const char *text)
{
	char path[100];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", broker->folder, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

/* Prepares a broker, not running yet. `lines`, which may be NULL, are added to its configuration;
 * "@" in them stands for its folder. */
static inline void broker_prepare(struct broker *broker, const char *lines)
{
	char text[2000];
	size_t length;

	*broker = (struct broker){.folder = "/tmp/mqtt-test-XXXXXX", .port = broker_free_port()};
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

/* Runs it and waits until it answers. */
static inline void broker_start(struct broker *broker)
{
	char path[100];
	ms_t deadline = clock_monotonic() + 10 * MS_PER_SECOND;
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

/* Ends it at once, without a goodbye. */
static inline void broker_kill(struct broker *broker)
{
	if (!broker->process)
		return;
	kill(broker->process, SIGKILL);
	waitpid(broker->process, NULL, 0);
	broker->process = 0;
}

static inline void broker_remove(struct broker *broker)
{
	static const char *const names[] = {"mosquitto.conf", "access", "roles.json", "password"};
	char path[100];

	broker_kill(broker);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", broker->folder, names[i]);
		unlink(path);
	}
	rmdir(broker->folder);
}

#endif
