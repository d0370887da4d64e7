#include "tests/sim/pac_model.h"

#include <errno.h>
#include <math.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/process/clock.h"

#define UNIT	    1
#define WRONG_UNIT  7
#define CONNECTIONS 128 /* more than a real meter has, for benchmarks */
#define REGISTERS   841

static const char *const fault_names[PAC_FAULTS] = {
	"healthy",   "dead", "slow",	   "refuse",  "garbage",
	"exception", "nan",  "wrong-unit", "trickle", "half-close",
};

const char *pac_fault_name(enum pac_fault fault)
{
	return fault < PAC_FAULTS ? fault_names[fault] : NULL;
}

struct pac_model {
	pac_read *read;
	void *context;
	pthread_t thread;
	bool started;
	int port;
	int wake; /* eventfd: a fault or `stop` was set */

	pthread_mutex_t lock; /* guards the four below */
	enum pac_fault fault;
	int parameter;
	bool stop;
	long requests;

	/* The rest belongs to the meter's thread. */
	modbus_t *modbus;
	modbus_mapping_t *registers;
	uint32_t noise;
	nfds_t watched; /* wake, listener, then one for each connection */
	struct pollfd watch[2 + CONNECTIONS];
};

/* -------- the register map -------- */

/* Returns the number of words of the value at `offset`; 0 if no value starts there. */
static int value_words(int offset)
{
	if (offset % 2 == 0)
		return 0;
	if ((offset >= 1 && offset <= 73) || (offset >= 205 && offset <= 219))
		return 2;
	if (offset >= 801 && offset <= 837 && (offset - 801) % 4 == 0)
		return 4;
	return 0;
}

/* Returns whether the range consists of complete values. */
static bool range_readable(int offset, int count)
{
	int end = offset + count, at = offset;

	while (at < end) {
		int words = value_words(at);

		if (words == 0)
			return false;
		at += words;
	}
	return count > 0 && at == end;
}

static void put_u32(uint16_t *registers, int offset, uint32_t value)
{
	registers[offset] = (uint16_t)(value >> 16);
	registers[offset + 1] = (uint16_t)value;
}

static void put_float(uint16_t *registers, int offset, double value)
{
	float number = (float)value;
	uint32_t bits;

	memcpy(&bits, &number, sizeof(bits));
	put_u32(registers, offset, bits);
}

static void put_double(uint16_t *registers, int offset, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_u32(registers, offset, (uint32_t)(bits >> 32));
	put_u32(registers, offset + 2, (uint32_t)bits);
}

/* A balanced 230/400 V network at 50 Hz with power factor 0.95. */
static void registers_fill(uint16_t *registers, struct pac_reading reading)
{
	const double factor = 0.95, volts = 230.0;
	double watts = reading.power_w, apparent = fabs(watts) / factor;
	double reactive = apparent * sqrt(1 - factor * factor);
	double amperes = apparent / (3 * volts);
	double tariff2 = floor(reading.wh / 4); /* so that the sum of the two is exact */

	for (int phase = 0; phase < 3; phase++) {
		put_float(registers, 1 + 2 * phase, volts);
		put_float(registers, 7 + 2 * phase, volts * sqrt(3));
		put_float(registers, 13 + 2 * phase, amperes);
		put_float(registers, 19 + 2 * phase, apparent / 3);
		put_float(registers, 25 + 2 * phase, watts / 3);
		put_float(registers, 31 + 2 * phase, reactive / 3);
		put_float(registers, 37 + 2 * phase, factor);
		put_float(registers, 43 + 2 * phase, 1.5);
		put_float(registers, 49 + 2 * phase, 4.0);
	}
	put_float(registers, 55, 50.0);
	put_float(registers, 57, volts);
	put_float(registers, 59, volts * sqrt(3));
	put_float(registers, 61, amperes);
	put_float(registers, 63, apparent);
	put_float(registers, 65, watts);
	put_float(registers, 67, reactive);
	put_float(registers, 69, factor);
	put_double(registers, 801, reading.wh - tariff2);
	put_double(registers, 805, tariff2);
	put_double(registers, 817, floor(reading.wh / 4)); /* reactive */
	put_u32(registers, 215, (uint32_t)(reading.pulses % 1000000000));
}

/* -------- one request -------- */

static bool stopping(struct pac_model *model)
{
	bool stop;

	pthread_mutex_lock(&model->lock);
	stop = model->stop;
	pthread_mutex_unlock(&model->lock);
	return stop;
}

static enum pac_fault fault_now(struct pac_model *model)
{
	enum pac_fault fault;

	pthread_mutex_lock(&model->lock);
	fault = model->fault;
	pthread_mutex_unlock(&model->lock);
	return fault;
}

/* Sleeps for `ms`, or until the fault changes. Returns false if the meter must stop. */
static bool pause_for(struct pac_model *model, int ms)
{
	const enum pac_fault fault = fault_now(model);
	const struct timespec step = {.tv_nsec = 10 * 1000 * 1000};
	ms_t until = clock_monotonic() + ms;

	while (!stopping(model) && fault_now(model) == fault && clock_monotonic() < until)
		nanosleep(&step, NULL);
	return !stopping(model);
}

/* Captures the answer of libmodbus in a socket pair, so that it can be sent in pieces. */
static int answer_capture(struct pac_model *model, const uint8_t *request, int size,
			  uint8_t answer[MODBUS_TCP_MAX_ADU_LENGTH])
{
	int pair[2], length;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return 0;
	modbus_set_socket(model->modbus, pair[0]);
	modbus_reply(model->modbus, request, size, model->registers);
	length = (int)recv(pair[1], answer, MODBUS_TCP_MAX_ADU_LENGTH, MSG_DONTWAIT);
	close(pair[0]);
	close(pair[1]);
	return length > 0 ? length : 0;
}

static bool answer_trickle(struct pac_model *model, int fd, const uint8_t *request, int size)
{
	uint8_t answer[MODBUS_TCP_MAX_ADU_LENGTH];
	int length = answer_capture(model, request, size, answer);

	for (int i = 0; i < length; i++) {
		if (send(fd, answer + i, 1, MSG_NOSIGNAL) != 1 || !pause_for(model, 1000) ||
		    fault_now(model) != PAC_TRICKLE)
			return false;
	}
	return true;
}

static bool answer_half(struct pac_model *model, int fd, const uint8_t *request, int size)
{
	uint8_t answer[MODBUS_TCP_MAX_ADU_LENGTH];
	int length = answer_capture(model, request, size, answer);

	(void)!send(fd, answer, (size_t)length / 2, MSG_NOSIGNAL);
	return false;
}

static bool answer_garbage(struct pac_model *model, int fd)
{
	uint8_t noise[64];

	for (size_t i = 0; i < sizeof(noise); i++) {
		model->noise = model->noise * 1664525u + 1013904223u;
		noise[i] = (uint8_t)(model->noise >> 24);
	}
	return send(fd, noise, sizeof(noise), MSG_NOSIGNAL) == (ssize_t)sizeof(noise);
}

/* Answers a request under `fault`. Returns false if the connection must be closed. */
static bool request_answer(struct pac_model *model, int fd, uint8_t *request, int size,
			   enum pac_fault fault, int parameter)
{
	int unit = modbus_get_header_length(model->modbus) - 1; /* its last byte */
	int function = request[unit + 1];
	int offset = request[unit + 2] << 8 | request[unit + 3];
	int count = request[unit + 4] << 8 | request[unit + 5];
	struct pac_reading reading;
	unsigned int exception = 0;

	if (request[unit] != UNIT || fault == PAC_DEAD)
		return true;
	if (fault == PAC_GARBAGE)
		return answer_garbage(model, fd);
	if (fault == PAC_SLOW && !pause_for(model, parameter))
		return false;

	if (function != MODBUS_FC_READ_HOLDING_REGISTERS &&
	    function != MODBUS_FC_READ_INPUT_REGISTERS)
		exception = MODBUS_EXCEPTION_ILLEGAL_FUNCTION;
	else if (fault == PAC_EXCEPTION && parameter != 0)
		exception = (unsigned int)parameter;
	else if (fault == PAC_EXCEPTION || !range_readable(offset, count))
		exception = MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
	if (exception != 0)
		return modbus_reply_exception(model->modbus, request, exception) >= 0;

	reading = model->read(model->context, clock_wall());
	if (fault == PAC_NAN)
		reading.power_w = NAN;
	registers_fill(model->registers->tab_registers, reading);
	memcpy(model->registers->tab_input_registers, model->registers->tab_registers,
	       REGISTERS * sizeof(uint16_t));
	if (fault == PAC_TRICKLE)
		return answer_trickle(model, fd, request, size);
	if (fault == PAC_HALF_CLOSE)
		return answer_half(model, fd, request, size);
	if (fault == PAC_WRONG_UNIT)
		request[unit] = WRONG_UNIT;
	return modbus_reply(model->modbus, request, size, model->registers) >= 0;
}

static bool request_serve(struct pac_model *model, int fd)
{
	uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
	enum pac_fault fault;
	int parameter, size;

	modbus_set_socket(model->modbus, fd);
	size = modbus_receive(model->modbus, request);
	if (size < 0)
		return false;
	pthread_mutex_lock(&model->lock);
	fault = model->fault;
	parameter = model->parameter;
	model->requests++;
	pthread_mutex_unlock(&model->lock);
	return request_answer(model, fd, request, size, fault, parameter);
}

/* -------- the meter's thread -------- */

/* A listening socket on 127.0.0.1, or -1 with a reason. */
static int listener_open(int port, struct fail *fail)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0)
		return fd;
	fail_set(fail, "127.0.0.1:%d: cannot listen: %s", port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void connections_close(struct pac_model *model)
{
	while (model->watched > 2)
		close(model->watch[--model->watched].fd);
}

static void fault_apply(struct pac_model *model)
{
	struct pollfd *listener = &model->watch[1];
	eventfd_t count;
	bool refuse;

	eventfd_read(model->wake, &count);
	refuse = fault_now(model) == PAC_REFUSING;
	if (refuse && listener->fd >= 0) {
		close(listener->fd);
		listener->fd = -1;
		connections_close(model);
	} else if (!refuse && listener->fd < 0) {
		listener->fd = listener_open(model->port, NULL);
	}
}

static void connection_accept(struct pac_model *model)
{
	int fd = accept4(model->watch[1].fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && model->watched < 2 + CONNECTIONS)
		model->watch[model->watched++] = (struct pollfd){.fd = fd, .events = POLLIN};
	else if (fd >= 0)
		close(fd);
}

static void *meter_run(void *argument)
{
	struct pac_model *model = argument;

	while (!stopping(model)) {
		if (poll(model->watch, model->watched, -1) < 0)
			continue;
		for (nfds_t i = model->watched; i-- > 2;) {
			if (model->watch[i].revents == 0 ||
			    request_serve(model, model->watch[i].fd))
				continue;
			close(model->watch[i].fd);
			model->watch[i] = model->watch[--model->watched];
		}
		if (model->watch[1].revents != 0)
			connection_accept(model);
		if (model->watch[0].revents != 0)
			fault_apply(model);
	}
	return NULL;
}

/* -------- opening and closing -------- */

struct pac_model *pac_model_open(int port, pac_read *read, void *context, struct fail *fail)
{
	struct pac_model *model = calloc(1, sizeof(*model));
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	if (model == NULL) {
		fail_set(fail, "out of memory");
		return NULL;
	}
	model->read = read;
	model->context = context;
	model->noise = 1;
	pthread_mutex_init(&model->lock, NULL);
	model->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	model->watch[0] = (struct pollfd){.fd = model->wake, .events = POLLIN};
	model->watch[1] = (struct pollfd){.fd = listener_open(port, fail), .events = POLLIN};
	model->watched = 2;
	model->modbus = modbus_new_tcp("127.0.0.1", 0);
	model->registers = modbus_mapping_new(0, 0, REGISTERS, REGISTERS);
	if (model->watch[1].fd < 0)
		goto failed;
	if (model->wake < 0 || model->modbus == NULL || model->registers == NULL ||
	    getsockname(model->watch[1].fd, (struct sockaddr *)&address, &size) != 0)
		goto failed;
	model->port = ntohs(address.sin_port);
	model->started = pthread_create(&model->thread, NULL, meter_run, model) == 0;
	if (model->started)
		return model;
failed:
	fail_set(fail, "cannot start a simulated meter: %s", strerror(errno));
	pac_model_close(model);
	return NULL;
}

void pac_model_close(struct pac_model *model)
{
	if (model == NULL)
		return;
	if (model->started) {
		pthread_mutex_lock(&model->lock);
		model->stop = true;
		pthread_mutex_unlock(&model->lock);
		eventfd_write(model->wake, 1);
		pthread_join(model->thread, NULL);
	}
	connections_close(model);
	if (model->watch[1].fd >= 0)
		close(model->watch[1].fd);
	if (model->wake >= 0)
		close(model->wake);
	modbus_mapping_free(model->registers);
	modbus_free(model->modbus);
	pthread_mutex_destroy(&model->lock);
	free(model);
}

int pac_model_port(const struct pac_model *model)
{
	return model->port;
}

void pac_model_fault(struct pac_model *model, enum pac_fault fault, int parameter)
{
	pthread_mutex_lock(&model->lock);
	model->fault = fault;
	model->parameter = parameter;
	pthread_mutex_unlock(&model->lock);
	eventfd_write(model->wake, 1);
}

long pac_model_requests(struct pac_model *model)
{
	long requests;

	pthread_mutex_lock(&model->lock);
	requests = model->requests;
	pthread_mutex_unlock(&model->lock);
	return requests;
}

/* -------- a steady load -------- */

struct pac_load {
	pthread_mutex_t lock;
	double power_w;
	double wh;  /* the index at `since` */
	ms_t since; /* monotonic: not affected by steps of the wall clock */
	int64_t pulses;
};

struct pac_load *pac_load_open(double power_w, double wh)
{
	struct pac_load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return NULL;
	pthread_mutex_init(&load->lock, NULL);
	load->power_w = power_w;
	load->wh = wh;
	load->since = clock_monotonic();
	return load;
}

void pac_load_close(struct pac_load *load)
{
	if (load == NULL)
		return;
	pthread_mutex_destroy(&load->lock);
	free(load);
}

static double load_wh(const struct pac_load *load, ms_t now)
{
	return load->wh + load->power_w * (double)(now - load->since) / (double)MS_PER_HOUR;
}

void pac_load_power(struct pac_load *load, double power_w)
{
	ms_t now = clock_monotonic();

	pthread_mutex_lock(&load->lock);
	load->wh = load_wh(load, now);
	load->since = now;
	load->power_w = power_w;
	pthread_mutex_unlock(&load->lock);
}

void pac_load_step(struct pac_load *load, double wh)
{
	pthread_mutex_lock(&load->lock);
	load->wh += wh;
	pthread_mutex_unlock(&load->lock);
}

void pac_load_pulses(struct pac_load *load, int64_t pulses)
{
	pthread_mutex_lock(&load->lock);
	load->pulses += pulses;
	pthread_mutex_unlock(&load->lock);
}

struct pac_reading pac_load_read(void *context, ms_t t)
{
	struct pac_load *load = context;
	struct pac_reading reading;

	(void)t;
	pthread_mutex_lock(&load->lock);
	reading = (struct pac_reading){
		.power_w = load->power_w,
		.wh = load_wh(load, clock_monotonic()),
		.pulses = load->pulses,
	};
	pthread_mutex_unlock(&load->lock);
	return reading;
}
