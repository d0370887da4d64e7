/* The GPIO lines of one source as `lines`.
 *
 * A thread of its own reads them into the buffer as soon as there is something, whatever the
 * program waits for: the kernel keeps 16 edges of a line (ABI 1) and does not tell when it drops
 * more. The program takes edges from the buffer when it has time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "collector-meter/input/descriptor_store.h"
#include "common/process/log.h"
#include "collector-meter/input/lines.h"
#include "collector-meter/input/lines_gpiod.h"

#define READS_AT_ONCE 8	 /* of one line, before the others have their turn */
#define FULL_MS	      10 /* until it looks again whether the journal has room */
#define PRIORITY      10 /* among real-time threads; above everything else, below the kernel's own */

#define NAME_SIZE (ID_SIZE + 16)

struct gpio {
	struct lines lines;
	size_t source;
	const char *name;   /* of the source */
	ns_t start, newest; /* edge that was given */
	bool started, seen;
	bool level_due[LINE_ROLES]; /* on at the start, and still to be told */
	int fds[LINE_ROLES];	    /* -1: there is no such line */
	pthread_t thread;
	bool has_thread;
	int end;	  /* eventfd: ends the thread */
	atomic_bool busy; /* the thread may have taken an edge that is not in the buffer yet */
	atomic_bool gone; /* nothing more will come */
};

int gpio_descriptor(int fd, struct fail *fail)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy >= 0 && fcntl(copy, F_SETFL, O_RDONLY | O_NONBLOCK) == 0)
		return copy;
	fail_set(fail, "cannot be watched for edges: %s", strerror(errno));
	if (copy >= 0)
		close(copy);
	return -1;
}

void gpio_place(char text[GPIO_PLACE_SIZE], const struct line_settings *settings)
{
	if (settings->line[0])
		snprintf(text, GPIO_PLACE_SIZE, "GPIO line \"%s\"", settings->line);
	else
		snprintf(text, GPIO_PLACE_SIZE, "GPIO line %" PRId64 " of \"%s\"", settings->offset,
			 settings->chip);
}

static ns_t now_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* -------- the thread that reads -------- */

#define DEAD (POLLERR | POLLHUP | POLLNVAL)

/* Fills in what to poll: a descriptor below 0 is passed over. */
static void fill_polled(const struct gpio *gpio, struct pollfd polled[LINE_ROLES])
{
	for (int role = 0; role < LINE_ROLES; role++)
		polled[role] = (struct pollfd){.fd = gpio->fds[role], .events = POLLIN};
}

/* Of all lines that have edges; false where the journal is full. */
static bool read_lines(struct gpio *gpio, const struct pollfd polled[LINE_ROLES], bool *sum)
{
	bool room = true;

	for (int role = 0; role < LINE_ROLES; role++) {
		enum edges_read result = EDGES_READ;

		if (polled[role].fd < 0 || !polled[role].revents)
			continue;
		if (!(polled[role].revents & POLLIN))
			result = EDGES_GONE;
		for (int i = 0; i < READS_AT_ONCE && result == EDGES_READ; i++) {
			result = edge_buffer_read(gpio->lines.buffer, (enum line_role)role,
						  polled[role].fd);
			*sum |= result == EDGES_READ;
		}
		if (result == EDGES_NO_ROOM)
			room = false;
		if (result == EDGES_GONE)
			atomic_store(&gpio->gone, true);
	}
	return room;
}

static void wake(int event)
{
	uint64_t one = 1;

	/* It cannot fail but for being woken 2^64 times already. */
	if (write(event, &one, sizeof(one)) < 0)
		return;
}

static void *watch_lines(void *context)
{
	struct gpio *gpio = context;
	struct pollfd polled[LINE_ROLES + 1];
	bool room = true;

	fill_polled(gpio, polled);
	polled[LINE_ROLES] = (struct pollfd){.fd = gpio->end, .events = POLLIN};
	while (!atomic_load(&gpio->gone)) {
		bool news = false;

		if (!room)
			poll(&polled[LINE_ROLES], 1, FULL_MS);
		if (poll(polled, LINE_ROLES + 1, -1) < 0)
			continue;
		if (polled[LINE_ROLES].revents)
			break;
		atomic_store(&gpio->busy, true);
		room = read_lines(gpio, polled, &news);
		atomic_store(&gpio->busy, false);
		if (news || atomic_load(&gpio->gone))
			wake(gpio->lines.fd);
	}
	return NULL;
}

/* At a priority that the rest of the machine's work does not reach, where that is allowed. */
static bool start_thread(struct gpio *gpio, struct fail *fail)
{
	struct sched_param priority = {.sched_priority = PRIORITY};
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&gpio->thread, NULL, watch_lines, gpio);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return fail_set(fail, "no thread: %s", strerror(error));
	gpio->has_thread = true;
	pthread_setschedparam(gpio->thread, SCHED_FIFO, &priority);
	return true;
}

/* -------- what it read -------- */

static bool next_edge(struct gpio *gpio, struct edge *edge)
{
	if (!edge_buffer_next(gpio->lines.buffer, edge))
		return false;
	edge->source = gpio->source;
	if (edge->t > gpio->newest)
		gpio->newest = edge->t;
	return true;
}

/* Whether the lines have nothing that is not in the journal; sets `gone`. */
static bool all_is_read(struct gpio *gpio)
{
	struct pollfd polled[LINE_ROLES];
	bool quiet = true;

	fill_polled(gpio, polled);
	if (poll(polled, LINE_ROLES, 0) < 0)
		return false;
	for (int role = 0; role < LINE_ROLES; role++)
		quiet &= !(polled[role].revents & POLLIN);
	/* In this order: what was taken from a line before we looked is in the buffer when the
	 * thread is not busy any more. */
	quiet &= !atomic_load(&gpio->busy);
	/* Old kernels do not wake the thread when a chip goes. */
	for (int role = 0; quiet && role < LINE_ROLES; role++)
		if (polled[role].revents & DEAD)
			atomic_store(&gpio->gone, true);
	return quiet;
}

static enum lines_event nothing_more(struct gpio *gpio, ns_t before, bool quiet, bool gone,
				     struct fail *fail)
{
	if (gone) {
		if (gpio->newest > gpio->lines.horizon)
			gpio->lines.horizon = gpio->newest;
		fail_set(fail, "%s: the GPIO chip is gone", gpio->name);
		return LINES_FAILED;
	}
	/* The kernel stamps an edge in its interrupt handler and queues it a little later, in a
	 * thread. */
	if (quiet && before - LINES_DELAY > gpio->lines.horizon)
		gpio->lines.horizon = before - LINES_DELAY;
	return LINES_NOTHING;
}

static bool next_level(struct gpio *gpio, struct edge *edge)
{
	for (int role = 0; role < LINE_ROLES; role++) {
		if (!gpio->level_due[role])
			continue;
		gpio->level_due[role] = false;
		*edge = (struct edge){.source = gpio->source,
				      .role = (enum line_role)role,
				      .on = true,
				      .t = gpio->start};
		return true;
	}
	return false;
}

static enum lines_event gpio_next(struct lines *lines, struct edge *edge, struct fail *fail)
{
	struct gpio *gpio = (struct gpio *)lines;
	ns_t before;
	uint64_t times;
	bool quiet, gone;

	if (!gpio->started) {
		gpio->started = true;
		*edge = (struct edge){.source = gpio->source, .t = gpio->start};
		return LINES_START;
	}
	if (next_level(gpio, edge))
		return LINES_LEVEL;
	if (!gpio->seen) {
		gpio->seen = true;
		return LINES_STARTED;
	}
	if (next_edge(gpio, edge))
		return LINES_EDGE;
	/* What comes after this wakes us again. */
	if (read(lines->fd, &times, sizeof(times)) < 0)
		times = 0;
	before = now_monotonic();
	quiet = all_is_read(gpio);
	gone = atomic_load(&gpio->gone);
	if (next_edge(gpio, edge))
		return LINES_EDGE;
	return nothing_more(gpio, before, quiet, gone, fail);
}

/* -------- the service manager's copies -------- */

static void name_copy(char name[NAME_SIZE], const struct gpio *gpio, int role)
{
	snprintf(name, NAME_SIZE, "%s.%s", gpio->name,
		 role == LINE_ROLES ? "edges" : line_role_name((enum line_role)role));
}

static void keep_copies(struct gpio *gpio)
{
	char name[NAME_SIZE];

	name_copy(name, gpio, LINE_ROLES);
	gpio->lines.stored = descriptor_store_keep(name, edge_buffer_fd(gpio->lines.buffer));
	for (int role = 0; role < LINE_ROLES && gpio->lines.stored; role++) {
		if (gpio->fds[role] < 0)
			continue;
		name_copy(name, gpio, role);
		gpio->lines.stored = descriptor_store_keep(name, gpio->fds[role]);
	}
}

static void forget_copies(const struct gpio *gpio)
{
	char name[NAME_SIZE];

	for (int role = 0; role <= LINE_ROLES; role++) {
		name_copy(name, gpio, role);
		descriptor_store_forget(name);
	}
}

/* -------- open and close -------- */

static void gpio_close(struct lines *lines, bool leave)
{
	struct gpio *gpio = (struct gpio *)lines;

	if (gpio->has_thread) {
		wake(gpio->end);
		pthread_join(gpio->thread, NULL);
	}
	if (!leave)
		forget_copies(gpio);
	for (int role = 0; role < LINE_ROLES; role++)
		if (gpio->fds[role] >= 0)
			close(gpio->fds[role]);
	edge_buffer_close(lines->buffer);
	if (lines->fd >= 0)
		close(lines->fd);
	if (gpio->end >= 0)
		close(gpio->end);
	free(gpio);
}

static void identify(struct lines_identity *identity, const struct source_settings *source)
{
	memset(identity, 0, sizeof(*identity));
	for (int role = 0; role < LINE_ROLES; role++) {
		const struct line_settings *line = &source->lines[role];

		if (line->given)
			snprintf(identity->lines[role], LINE_IDENTITY_SIZE,
				 "%s %" PRId64 " \"%s\" bias %d active %s", line->chip,
				 line->offset, line->line, line->bias,
				 line->active_low ? "low" : "high");
	}
}

static struct gpio *gpio_new(const struct meter_settings *settings, size_t source,
			     struct fail *fail)
{
	struct gpio *gpio = calloc(1, sizeof(*gpio));

	if (!gpio) {
		fail_set(fail, "no memory");
		return NULL;
	}
	gpio->lines.next = gpio_next;
	gpio->lines.close = gpio_close;
	gpio->source = source;
	gpio->name = settings_source(settings, source)->source;
	for (int role = 0; role < LINE_ROLES; role++)
		gpio->fds[role] = -1;
	gpio->lines.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	gpio->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (gpio->lines.fd >= 0 && gpio->end >= 0)
		return gpio;
	fail_set(fail, "eventfd: %s", strerror(errno));
	gpio_close(&gpio->lines, true);
	return NULL;
}

/* The level is read after edges were requested, so that none is missed between the two; an edge
 * that is there already tells what the level was before it. */
static bool open_line(struct gpio *gpio, int role, const struct line_settings *settings,
		      struct fail *fail)
{
	struct edge_buffer *buffer = gpio->lines.buffer;
	uint32_t before = edge_buffer_waiting(buffer);
	bool level = false;

	gpio->fds[role] = gpio_line_open(settings, &level, fail);
	if (gpio->fds[role] < 0)
		return false;
	while (edge_buffer_read(buffer, (enum line_role)role, gpio->fds[role]) == EDGES_READ)
		;
	gpio->level_due[role] =
		edge_buffer_waiting(buffer) > before ? !edge_buffer_level(buffer, before) : level;
	return true;
}

static bool open_lines(struct gpio *gpio, const struct source_settings *source, struct fail *fail)
{
	struct lines_identity identity;

	identify(&identity, source);
	gpio->start = gpio->lines.horizon = now_monotonic();
	gpio->lines.buffer = edge_buffer_new(gpio_abi, &identity, fail);
	if (!gpio->lines.buffer)
		return false;
	for (int role = 0; role < LINE_ROLES; role++)
		if (source->lines[role].given && !open_line(gpio, role, &source->lines[role], fail))
			return false;
	return true;
}

struct lines *lines_open_gpio(const struct meter_settings *settings, size_t source,
			      struct fail *fail)
{
	struct gpio *gpio = gpio_new(settings, source, fail);

	if (gpio && open_lines(gpio, settings_source(settings, source), fail) &&
	    start_thread(gpio, fail)) {
		keep_copies(gpio);
		return &gpio->lines;
	}
	fail_at(fail, "%s", settings_source(settings, source)->source);
	if (gpio)
		gpio_close(&gpio->lines, true);
	return NULL;
}

/* -------- what a process before this one left -------- */

/* Takes the lines' descriptors; returns the journal's. True where there is anything. */
static bool take_copies(struct gpio *gpio, int *buffer)
{
	char name[NAME_SIZE];
	bool any;

	name_copy(name, gpio, LINE_ROLES);
	*buffer = descriptor_store_take(name);
	any = *buffer >= 0;
	for (int role = 0; role < LINE_ROLES; role++) {
		name_copy(name, gpio, role);
		gpio->fds[role] = descriptor_store_take(name);
		any |= gpio->fds[role] >= 0;
	}
	return any;
}

static bool adopt_buffer(struct gpio *gpio, int fd, const struct source_settings *source,
			 struct fail *fail)
{
	struct lines_identity identity;

	if (fd < 0)
		return fail_set(fail, "there is no edge buffer");
	identify(&identity, source);
	gpio->lines.buffer = edge_buffer_adopt(fd, &identity, fail);
	if (!gpio->lines.buffer)
		close(fd);
	return gpio->lines.buffer != NULL;
}

/* The service manager lets go of a line whose chip is gone. What had come is in the others and in
 * the journal. */
static void look_for_missing(struct gpio *gpio, const struct source_settings *source)
{
	bool missing = false;

	for (int role = 0; role < LINE_ROLES; role++)
		missing |= source->lines[role].given && gpio->fds[role] < 0;
	for (int role = 0; missing && role < LINE_ROLES; role++)
		while (gpio->fds[role] >= 0 &&
		       edge_buffer_read(gpio->lines.buffer, (enum line_role)role,
					gpio->fds[role]) == EDGES_READ)
			;
	gpio->gone = missing;
}

struct lines *lines_inherit_gpio(const struct meter_settings *settings, size_t source,
				 const struct resume_point *point, struct counter *counter)
{
	const struct source_settings *wanted = settings_source(settings, source);
	struct fail fail = {0};
	struct gpio *gpio = gpio_new(settings, source, &fail);
	int buffer_fd;

	if (!gpio)
		return NULL;
	if (!take_copies(gpio, &buffer_fd)) {
		gpio_close(&gpio->lines, true);
		return NULL;
	}
	if (adopt_buffer(gpio, buffer_fd, wanted, &fail)) {
		look_for_missing(gpio, wanted);
		if (start_thread(gpio, &fail) &&
		    edge_buffer_resume(gpio->lines.buffer, point, counter, &fail)) {
			gpio->started = gpio->seen = true;
			gpio->lines.stored = true;
			return &gpio->lines;
		}
	}
	log_warning("%s: what the process before this one left is of no use: %s; the lines are "
		    "opened anew",
		    gpio->name, fail.text);
	gpio_close(&gpio->lines, false);
	/* A line can be opened again once the last copy of it is closed. */
	descriptor_store_wait();
	return NULL;
}
