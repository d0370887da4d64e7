/* The GPIO lines of one source as `lines`. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "collector-meter/lines.h"
#include "collector-meter/lines_gpiod.h"

struct input {
	struct gpio_line *line;
	bool level_due; /* its level at the start is still to be told */
	bool level;
	int used, count; /* of `edges` */
	struct edge edges[GPIO_EDGES];
};

struct gpio {
	struct lines lines;
	size_t source;
	const char *name; /* of the source, for messages */
	ns_t start;
	bool started;
	struct input inputs[LINE_ROLES];
};

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

/* Fills the empty queue of `input` with what the kernel has; false on failure. */
static bool refill(struct input *input, struct fail *fail)
{
	struct pollfd readable = {.fd = gpio_line_fd(input->line), .events = POLLIN};

	input->used = input->count = 0;
	if (poll(&readable, 1, 0) <= 0)
		return true;
	if (readable.revents & (POLLERR | POLLHUP | POLLNVAL))
		return fail_set(fail, "the GPIO chip is gone");
	input->count = gpio_line_read(input->line, input->edges, fail);
	return input->count >= 0;
}

static enum lines_event gpio_next(struct lines *lines, struct edge *edge, struct fail *fail)
{
	struct gpio *gpio = (struct gpio *)lines;
	ns_t before = now_monotonic();

	if (!gpio->started) {
		gpio->started = true;
		*edge = (struct edge){.source = gpio->source, .t = gpio->start};
		return LINES_START;
	}
	for (int role = 0; role < LINE_ROLES; role++) {
		struct input *input = &gpio->inputs[role];

		if (!input->line)
			continue;
		if (input->level_due) {
			input->level_due = false;
			*edge = (struct edge){.source = gpio->source,
					      .role = (enum line_role)role,
					      .on = input->level,
					      .t = gpio->start};
			return LINES_LEVEL;
		}
		if (input->used >= input->count && !refill(input, fail)) {
			fail_at(fail, "%s", gpio->name);
			return LINES_FAILED;
		}
		if (input->used < input->count) {
			*edge = input->edges[input->used++];
			edge->source = gpio->source;
			edge->role = (enum line_role)role;
			return LINES_EDGE;
		}
	}
	/* The kernel stamps an edge in its interrupt handler and queues it a little later, in a
	 * thread. */
	if (before - LINES_DELAY > lines->horizon)
		lines->horizon = before - LINES_DELAY;
	return LINES_NOTHING;
}

static void gpio_close(struct lines *lines)
{
	struct gpio *gpio = (struct gpio *)lines;

	for (int role = 0; role < LINE_ROLES; role++)
		gpio_line_close(gpio->inputs[role].line);
	if (lines->fd >= 0)
		close(lines->fd);
	free(gpio);
}

/* The level is read after edges were requested, so that none is missed between the two; an edge
 * that is there already tells what the level was before it. */
static bool open_input(struct gpio *gpio, struct input *input, const struct line_settings *settings,
		       struct fail *fail)
{
	struct epoll_event event = {.events = EPOLLIN};
	int level;

	input->line = gpio_line_open(settings, fail);
	if (!input->line)
		return false;
	level = gpio_line_level(input->line, fail);
	if (level < 0 || !refill(input, fail))
		return false;
	input->level = input->count ? !input->edges[0].on : level;
	input->level_due = true;
	if (epoll_ctl(gpio->lines.fd, EPOLL_CTL_ADD, gpio_line_fd(input->line), &event) < 0)
		return fail_set(fail, "epoll: %s", strerror(errno));
	return true;
}

struct lines *lines_open_gpio(const struct settings *settings, size_t source, struct fail *fail)
{
	static const struct lines_operations operations = {gpio_next, gpio_close};
	const struct source_settings *wanted = settings_source(settings, source);
	struct gpio *gpio = calloc(1, sizeof(*gpio));

	if (!gpio) {
		fail_set(fail, "no memory");
		return NULL;
	}
	gpio->lines.operations = &operations;
	gpio->source = source;
	gpio->name = wanted->source;
	gpio->start = gpio->lines.horizon = now_monotonic();
	gpio->lines.fd = epoll_create1(EPOLL_CLOEXEC);
	if (gpio->lines.fd < 0) {
		fail_set(fail, "epoll: %s", strerror(errno));
		goto failed;
	}
	for (int role = 0; role < LINE_ROLES; role++)
		if (wanted->lines[role].given &&
		    !open_input(gpio, &gpio->inputs[role], &wanted->lines[role], fail))
			goto failed;
	return &gpio->lines;
failed:
	fail_at(fail, "%s", gpio->name);
	gpio_close(&gpio->lines);
	return NULL;
}
