/* The GPIO lines of one source as `lines`: a line_reader moves edges into the edge buffer, and the
 * program takes them from there when it has time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector-meter/input/gpio_lines.h"
#include "collector-meter/input/lines_gpiod.h"
#include "common/base/memory.h"
#include "common/process/clock.h"

/* -------- both versions of libgpiod -------- */

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

void gpio_line_name(char text[GPIO_LINE_NAME_SIZE], const struct line_settings *settings)
{
	if (settings->line[0])
		snprintf(text, GPIO_LINE_NAME_SIZE, "GPIO line \"%s\"", settings->line);
	else
		snprintf(text, GPIO_LINE_NAME_SIZE, "GPIO line %" PRId64 " of \"%s\"",
			 settings->offset, settings->chip);
}

/* -------- events -------- */

static enum lines_event next_at_start(struct gpio_lines *gpio, struct edge *edge)
{
	*edge = (struct edge){.source = gpio->source, .t = gpio->start};
	if (!gpio->start_returned) {
		gpio->start_returned = true;
		return LINES_START;
	}
	for (int role = 0; role < LINE_ROLES; role++) {
		if (!gpio->level_due[role])
			continue;
		gpio->level_due[role] = false;
		edge->role = (enum line_role)role;
		edge->on = true;
		return LINES_LEVEL;
	}
	gpio->started = true;
	return LINES_STARTED;
}

static bool next_edge(struct gpio_lines *gpio, struct edge *edge)
{
	if (!edge_buffer_next(gpio->lines.buffer, edge))
		return false;
	edge->source = gpio->source;
	if (edge->t > gpio->newest)
		gpio->newest = edge->t;
	return true;
}

static enum lines_event gpio_next(struct lines *lines, struct edge *edge, struct fail *fail)
{
	struct gpio_lines *gpio = (struct gpio_lines *)lines;
	uint64_t times;
	bool idle, gone;
	ns_t horizon;

	if (!gpio->started)
		return next_at_start(gpio, edge);
	if (next_edge(gpio, edge))
		return LINES_EDGE;
	/* Edges that are read after this make the descriptor readable again. */
	if (read(lines->fd, &times, sizeof(times)) < 0)
		times = 0;
	/* The kernel stamps an edge in its interrupt handler and queues it a little later, in a
	 * thread. */
	horizon = clock_moment().monotonic - LINES_DELAY;
	idle = line_reader_is_idle(&gpio->reader);
	gone = atomic_load(&gpio->reader.gone);
	if (next_edge(gpio, edge))
		return LINES_EDGE;
	if (gone)
		horizon = gpio->newest;
	if ((idle || gone) && horizon > lines->horizon)
		lines->horizon = horizon;
	if (!gone)
		return LINES_NOTHING;
	fail_set(fail, "%s: the GPIO chip is gone", gpio->settings->source);
	return LINES_FAILED;
}

/* -------- open and close -------- */

static void gpio_close(struct lines *lines, bool store)
{
	struct gpio_lines *gpio = (struct gpio_lines *)lines;

	if (!store)
		gpio_lines_remove_stored(gpio);
	line_reader_close(&gpio->reader);
	free(gpio);
}

static void identify(struct lines_identity *identity, const struct source_settings *source)
{
	for (int role = 0; role < LINE_ROLES; role++) {
		const struct line_settings *line = &source->lines[role];

		if (line->given)
			snprintf(identity->lines[role], LINE_IDENTITY_SIZE,
				 "%s %" PRId64 " \"%s\" bias %d active %s", line->chip,
				 line->offset, line->line, line->bias,
				 line->active_low ? "low" : "high");
	}
}

struct gpio_lines *gpio_lines_new(const struct meter_settings *settings, size_t source,
				  struct fail *fail)
{
	struct gpio_lines *gpio = allocate(1, sizeof(*gpio));

	gpio->source = source;
	gpio->settings = settings_source(settings, source);
	identify(&gpio->identity, gpio->settings);
	gpio->lines.next = gpio_next;
	gpio->lines.close = gpio_close;
	if (!line_reader_open(&gpio->reader, fail)) {
		gpio_close(&gpio->lines, true);
		return NULL;
	}
	gpio->lines.fd = gpio->reader.ready;
	return gpio;
}

/* The level is read after edges were requested, so that none is missed between the two; an edge
 * that is there already shows what the level was before it. */
static bool open_line(struct gpio_lines *gpio, enum line_role role, struct fail *fail)
{
	struct edge_buffer *buffer = gpio->lines.buffer;
	uint32_t before = edge_buffer_waiting(buffer);
	bool level = false;

	gpio->reader.fds[role] = gpio_line_open(&gpio->settings->lines[role], &level, fail);
	if (gpio->reader.fds[role] < 0)
		return false;
	line_reader_drain(&gpio->reader, role);
	gpio->level_due[role] =
		edge_buffer_waiting(buffer) > before ? !edge_buffer_level(buffer, before) : level;
	return true;
}

static bool open_lines(struct gpio_lines *gpio, struct fail *fail)
{
	gpio->start = gpio->lines.horizon = clock_moment().monotonic;
	gpio->reader.buffer = edge_buffer_new(gpio_abi, &gpio->identity, fail);
	gpio->lines.buffer = gpio->reader.buffer;
	if (!gpio->lines.buffer)
		return false;
	for (int role = 0; role < LINE_ROLES; role++)
		if (gpio->settings->lines[role].given &&
		    !open_line(gpio, (enum line_role)role, fail))
			return false;
	return line_reader_start(&gpio->reader, fail);
}

struct lines *lines_open_gpio(const struct meter_settings *settings, size_t source,
			      struct fail *fail)
{
	struct gpio_lines *gpio = gpio_lines_new(settings, source, fail);

	if (gpio && open_lines(gpio, fail)) {
		gpio_lines_store(gpio);
		return &gpio->lines;
	}
	fail_at(fail, "%s", settings_source(settings, source)->source);
	/* It stored nothing. */
	if (gpio)
		gpio_close(&gpio->lines, true);
	return NULL;
}
