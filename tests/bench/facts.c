/* facts - the two ends of facts.py: a publisher that floods, and a subscriber that only counts.
 *
 *     facts publish PORT ZONES ROUNDS START
 *         Announces ZONES meters to the broker at 127.0.0.1, prints "announced", waits for a
 *         line, then publishes ROUNDS records of each, 10 s apart from START (ms) on, as fast as
 * the broker takes them. Prints "published" when all are acknowledged.
 *
 *     facts count PORT NUMBER
 *         Subscribes as the aggregator does, prints "ready", and "counted" after NUMBER records.
 *
 * The publisher implements MQTT 3.1.1 itself: packets are prepared, then written at once. */
#include <MQTTAsync.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SITE	   "wattzone/lycee/collector/bench/"
#define PACKET_MAX 400
#define ANSWER	   4 /* bytes of a CONNACK and of a PUBACK */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void print_word(const char *word)
{
	puts(word);
	fflush(stdout);
}

/* -------- the publisher -------- */

struct packets {
	unsigned char *bytes;
	size_t size;
	long count;
};

static void put_text(unsigned char **at, const char *text)
{
	size_t size = strlen(text);

	*(*at)++ = (unsigned char)(size >> 8);
	*(*at)++ = (unsigned char)size;
	memcpy(*at, text, size);
	*at += size;
}

static void put_length(unsigned char **at, size_t length)
{
	for (; length >= 128; length /= 128)
		*(*at)++ = (unsigned char)(length % 128 | 128);
	*(*at)++ = (unsigned char)length;
}

/* Of QoS 1, retained or not. */
static void publish_put(struct packets *packets, const char *topic, const char *payload,
			bool retained)
{
	unsigned char *at = packets->bytes + packets->size;
	uint16_t number = (uint16_t)(packets->count % UINT16_MAX + 1);
	size_t size = strlen(payload);

	*at++ = retained ? 0x33 : 0x32;
	put_length(&at, 2 + strlen(topic) + 2 + size);
	put_text(&at, topic);
	*at++ = (unsigned char)(number >> 8);
	*at++ = (unsigned char)number;
	memcpy(at, payload, size);
	packets->size = (size_t)(at + size - packets->bytes);
	packets->count++;
}

static struct packets packets_new(long count)
{
	struct packets packets = {.bytes = malloc((size_t)count * PACKET_MAX)};

	if (!packets.bytes)
		die("facts: memory");
	return packets;
}

static int broker_connect(int port)
{
	static const unsigned char hello[] = {0x10, 17, 0, 4, 'M', 'Q', 'T', 'T', 4,  2,
					      0,    0,	0, 5, 'b', 'e', 'n', 'c', 'h'};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned char answer[ANSWER];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    write(fd, hello, sizeof(hello)) != sizeof(hello) ||
	    recv(fd, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer) || answer[3] != 0)
		die("facts: broker");
	return fd;
}

/* Writes all packets and reads as many answers. */
static void packets_send(const struct packets *packets, int fd)
{
	unsigned char answers[65536];
	size_t sent = 0;
	size_t awaited = (size_t)packets->count * ANSWER;

	while (awaited) {
		struct pollfd ready = {fd, POLLIN, 0};

		if (sent < packets->size)
			ready.events |= POLLOUT;
		poll(&ready, 1, -1);
		if (ready.revents & POLLOUT) {
			ssize_t size =
				send(fd, packets->bytes + sent, packets->size - sent, MSG_DONTWAIT);

			sent += size > 0 ? (size_t)size : 0;
		}
		if (ready.revents & POLLIN) {
			ssize_t size = recv(fd, answers, sizeof(answers), 0);

			if (size <= 0)
				die("facts: broker");
			awaited -= (size_t)size;
		}
	}
}

static void announce(int fd, int zones)
{
	struct packets packets = packets_new(zones);
	char topic[128], payload[200];

	for (int zone = 0; zone < zones; zone++) {
		snprintf(topic, sizeof(topic), SITE "meter-%d/about", zone);
		snprintf(payload, sizeof(payload),
			 "{\"kind\":\"pac3200\",\"medium\":\"electricity\",\"zone\":\"zone-%d\","
			 "\"label\":\"Zone %d\",\"nominal_w\":60000,\"role\":\"%s\"}",
			 zone, zone, zone == 0 ? "main" : "part");
		publish_put(&packets, topic, payload, true);
	}
	packets_send(&packets, fd);
	free(packets.bytes);
}

static int publish(int port, int zones, int rounds, long long start)
{
	struct packets packets = packets_new((long)zones * rounds);
	int fd = broker_connect(port);
	char topic[128], payload[200];

	for (int round = 0; round < rounds; round++) {
		for (int zone = 0; zone < zones; zone++) {
			snprintf(topic, sizeof(topic), SITE "meter-%d/record", zone);
			snprintf(payload, sizeof(payload),
				 "{\"t\":%lld,\"stream\":\"9f3c001122334455\",\"seq\":%ld,"
				 "\"wh\":%.15g}",
				 start + round * 10000LL, packets.count + 1,
				 1e6 + round * (10 + zone * 0.25));
			publish_put(&packets, topic, payload, false);
		}
	}
	announce(fd, zones);
	print_word("announced");
	getchar();
	packets_send(&packets, fd);
	print_word("published");
	free(packets.bytes);
	close(fd);
	return 0;
}

/* -------- the subscriber -------- */

static sem_t subscribed, counted;
static long missing;

static int on_message(void *context, char *topic, int size, MQTTAsync_message *message)
{
	size_t length = size ? (size_t)size : strlen(topic);

	(void)context;
	if (length > 7 && memcmp(topic + length - 7, "/record", 7) == 0 && --missing == 0)
		sem_post(&counted);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
	(void)context;
	(void)data;
	sem_post(&subscribed);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

	(void)data;
	options.onSuccess5 = on_subscribed;
	MQTTAsync_subscribe(context, SITE "#", 1, &options);
}

static int count(int port, long number)
{
	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
	MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
	MQTTAsync client;
	char address[64];

	missing = number;
	sem_init(&subscribed, 0, 0);
	sem_init(&counted, 0, 0);
	snprintf(address, sizeof(address), "tcp://127.0.0.1:%d", port);
	if (MQTTAsync_createWithOptions(&client, address, "count", MQTTCLIENT_PERSISTENCE_NONE,
					NULL, &create) != MQTTASYNC_SUCCESS)
		return 1;
	MQTTAsync_setCallbacks(client, NULL, NULL, on_message, NULL);
	connect.onSuccess5 = on_connected;
	connect.context = client;
	if (MQTTAsync_connect(client, &connect) != MQTTASYNC_SUCCESS)
		return 1;
	sem_wait(&subscribed);
	print_word("ready");
	sem_wait(&counted);
	print_word("counted");
	/* Its processor time is still to be read. */
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "publish") == 0)
		return publish(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoll(argv[5]));
	if (argc == 4 && strcmp(argv[1], "count") == 0)
		return count(atoi(argv[2]), atol(argv[3]));
	fprintf(stderr, "usage: facts publish PORT ZONES ROUNDS START | facts count PORT NUMBER\n");
	return 64;
}
