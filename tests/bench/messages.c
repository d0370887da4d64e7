/* messages - how fast a session receives, against a bare paho subscriber that only counts.
 *
 * The broker is a child that floods: it accepts a connection and a subscription, then writes the
 * same PUBLISH packets as fast as they are read. Prints, for QoS 0 and 1, messages a second of each
 * (the best of five turns), their ratio, and that of their CPU time. A session has Nagle's
 * algorithm off, so that what it publishes leaves at once; the price is a segment for every
 * acknowledgement of QoS 1. The subscriber is measured with it on and off. */
#include <MQTTAsync.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process/clock.h"
#include "common/mqtt/mqtt.h"
#include "common/mqtt/nagle.h"

#define MESSAGES 200000
#define BLOCK	 50 /* packets that are written at one go */
#define TURNS	 5
#define TOPIC	 "wattzone/school/collector/cuisine/self/record"
#define PAYLOAD                                                                                    \
	"{\"t\":1764000000000,\"stream\":\"0123456789abcdef\",\"seq\":4711,\"wh\":812345678.25}"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* -------- the broker -------- */

static size_t publish_packet(unsigned char *packet, int qos, int id)
{
	size_t topic = strlen(TOPIC);
	size_t payload = strlen(PAYLOAD);
	size_t rest = 2 + topic + (qos ? 2 : 0) + 1 + payload;
	unsigned char *to = packet;

	*to++ = (unsigned char)(0x30 | qos << 1);
	*to++ = (unsigned char)(0x80 | (rest & 0x7f));
	*to++ = (unsigned char)(rest >> 7);
	*to++ = 0;
	*to++ = (unsigned char)topic;
	to = (unsigned char *)memcpy(to, TOPIC, topic) + topic;
	if (qos) {
		*to++ = (unsigned char)(id >> 8);
		*to++ = (unsigned char)id;
	}
	*to++ = 0; /* no properties */
	to = (unsigned char *)memcpy(to, PAYLOAD, payload) + payload;
	return (size_t)(to - packet);
}

/* Writes everything, and reads meanwhile what comes: acknowledgements. */
static void flood(int peer, const unsigned char *from, size_t size)
{
	unsigned char ignored[4096];

	while (size) {
		struct pollfd polled = {.fd = peer, .events = POLLIN | POLLOUT};

		poll(&polled, 1, -1);
		if (polled.revents & POLLIN && recv(peer, ignored, sizeof(ignored), 0) <= 0)
			_exit(0);
		if (polled.revents & POLLOUT) {
			ssize_t written = send(peer, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);

			from += written > 0 ? written : 0;
			size -= written > 0 ? (size_t)written : 0;
		}
	}
}

static void serve(int listening)
{
	static const unsigned char connack[] = {0x20, 3, 0, 0, 0};
	unsigned char packet[300], suback[] = {0x90, 4, 0, 0, 0, 0};
	static unsigned char block[BLOCK * 300];

	for (;;) {
		int peer = accept(listening, NULL, NULL);
		int qos;

		if (recv(peer, packet, sizeof(packet), 0) <= 0)
			_exit(1);
		send(peer, connack, sizeof(connack), MSG_NOSIGNAL);
		/* 0x82, length, id, properties, filter, options: the QoS. */
		if (recv(peer, packet, sizeof(packet), 0) <= 0 || packet[0] != 0x82)
			_exit(1);
		qos = packet[packet[1] + 1] & 3;
		memcpy(suback + 2, packet + 2, 2);
		send(peer, suback, sizeof(suback), MSG_NOSIGNAL);
		for (int i = 0; i < MESSAGES; i += BLOCK) {
			size_t size = 0;

			for (int j = 0; j < BLOCK; j++)
				size += publish_packet(block + size, qos, (i + j) % 60000 + 1);
			flood(peer, block, size);
		}
		while (recv(peer, packet, sizeof(packet), 0) > 0)
			continue;
		close(peer);
	}
}

static int listen_anywhere(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 5) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		die("listen");
	*port = ntohs(address.sin_port);
	return fd;
}

/* -------- the two subscribers -------- */

struct result {
	double rate; /* messages a second */
	double cpu;  /* seconds */
};

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* From the first message to the last. */
static struct {
	ms_t first, last;
	atomic_int count;
	double cpu_before, cpu_after;
} counted;

static void count(void)
{
	if (counted.count == 0) {
		counted.first = clock_monotonic();
		counted.cpu_before = cpu_seconds();
	}
	if (counted.count == MESSAGES - 1) {
		counted.last = clock_monotonic();
		counted.cpu_after = cpu_seconds();
	}
	counted.count++;
}

static struct result result_of_count(void)
{
	return (struct result){
		.rate = MESSAGES * 1000.0 / (double)(counted.last - counted.first),
		.cpu = counted.cpu_after - counted.cpu_before,
	};
}

static MQTTAsync bare;
static int bare_qos;
static int bare_nagle_off; /* at this port; 0: on */

static void bare_up(void *context, MQTTAsync_successData5 *data)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

	(void)context;
	(void)data;
	if (bare_nagle_off)
		nagle_off(bare_nagle_off);
	MQTTAsync_subscribe(bare, TOPIC, bare_qos, &options);
}

static int bare_message(void *context, char *topic, int size, MQTTAsync_message *message)
{
	(void)context;
	(void)size;
	count();
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

static struct result bare_run(int port, int qos, bool nagle)
{
	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
	MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
	char uri[40];

	memset(&counted, 0, sizeof(counted));
	bare_qos = qos;
	bare_nagle_off = nagle ? 0 : port;
	snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%d", port);
	if (MQTTAsync_createWithOptions(&bare, uri, "bare", MQTTCLIENT_PERSISTENCE_NONE, NULL,
					&create) != MQTTASYNC_SUCCESS)
		die("paho");
	MQTTAsync_setCallbacks(bare, NULL, NULL, bare_message, NULL);
	connect.onSuccess5 = bare_up;
	MQTTAsync_connect(bare, &connect);
	while (counted.count < MESSAGES)
		usleep(1000);
	MQTTAsync_destroy(&bare);
	return result_of_count();
}

static void session_message(void *context, const struct mqtt_message *message)
{
	(void)context;
	(void)message;
	count();
}

static struct result session_run(int port, int qos)
{
	struct mqtt_config config = mqtt_defaults;
	struct mqtt_handler handler = {.message = session_message};
	struct fail fail = {0};
	struct mqtt *mqtt;

	memset(&counted, 0, sizeof(counted));
	strcpy(config.host, "127.0.0.1");
	config.port = port;
	mqtt = mqtt_open(&config, "session", NULL, &handler, &fail);
	mqtt_subscribe(mqtt, TOPIC, qos);
	while (counted.count < MESSAGES) {
		struct pollfd polled = {.fd = mqtt_fd(mqtt), .events = POLLIN};

		poll(&polled, 1, 1000);
		mqtt_dispatch(mqtt);
	}
	mqtt_close(mqtt, 0);
	return result_of_count();
}

static struct result better(struct result a, struct result b)
{
	return (struct result){
		.rate = a.rate > b.rate ? a.rate : b.rate,
		.cpu = a.cpu < b.cpu ? a.cpu : b.cpu,
	};
}

static void compare(int port, int qos)
{
	struct result paho = {.cpu = 1e9};
	struct result equal = paho;
	struct result session = paho;

	for (int i = 0; i < TURNS; i++) {
		paho = better(paho, bare_run(port, qos, true));
		equal = better(equal, bare_run(port, qos, false));
		session = better(session, session_run(port, qos));
	}
	printf("messages of QoS %d: session %.0f/s, bare paho %.0f/s, without Nagle %.0f/s, ratios "
	       "%.2f and %.2f; CPU ratios %.2f and %.2f\n",
	       qos, session.rate, paho.rate, equal.rate, paho.rate / session.rate,
	       equal.rate / session.rate, session.cpu / paho.cpu, session.cpu / equal.cpu);
}

int main(void)
{
	int port;
	int listening = listen_anywhere(&port);
	pid_t broker = fork();

	if (broker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listening);
	}
	close(listening);
	/* The session logs that it is connected. */
	if (!freopen("/dev/null", "w", stderr))
		die("/dev/null");
	for (int qos = 0; qos < 2; qos++)
		compare(port, qos);
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	return 0;
}
