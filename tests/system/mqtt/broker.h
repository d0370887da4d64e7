/* broker.h - a real mosquitto for tests: on a free port of 127.0.0.1, with nothing on disk. */
#ifndef TESTS_SYSTEM_MQTT_BROKER_H
#define TESTS_SYSTEM_MQTT_BROKER_H

#include <sys/types.h>

struct broker {
	char folder[40];
	int port;
	pid_t process; /* 0: not running */
};

/* A TCP socket that is connected to a port of 127.0.0.1, or with port 0 bound to a free one there;
 * -1 on failure. */
int broker_socket(int port);

/* Writes a file into the broker's folder. */
void broker_file(const struct broker *broker, const char *name, const char *text);

/* Prepares a broker that does not run yet. `lines`, which may be NULL, are added to its
 * configuration; "@" in them stands for its folder. */
void broker_prepare(struct broker *broker, const char *lines);

/* Starts it and waits until it answers. */
void broker_start(struct broker *broker);

/* Ends the process with a signal, and waits for it. */
void broker_end(struct broker *broker, int signal);

/* Kills it, also if it is stopped, and removes its folder. */
void broker_remove(struct broker *broker);

#endif
