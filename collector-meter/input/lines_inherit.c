/* The GPIO lines of one source from one process to the next, through the service manager's
 * descriptor store. */
#include <stdio.h>
#include <unistd.h>

#include "collector-meter/input/descriptor_store.h"
#include "collector-meter/input/gpio_lines.h"
#include "common/process/log.h"

#define BUFFER	  LINE_ROLES /* behind the roles: the edge buffer */
#define NAME_SIZE (ID_SIZE + 16)

/* "SOURCE.pulse" ... and "SOURCE.journal" for the edge buffer, the name that the service manager
 * has kept it by since the first version: an upgrade loses no edge. */
static void descriptor_name(char name[NAME_SIZE], const struct gpio_lines *gpio, int role)
{
	snprintf(name, NAME_SIZE, "%s.%s", gpio->settings->source,
		 role == BUFFER ? "journal" : line_role_name((enum line_role)role));
}

void gpio_lines_store(struct gpio_lines *gpio)
{
	char name[NAME_SIZE];

	gpio->lines.stored = true;
	for (int role = BUFFER; role >= 0 && gpio->lines.stored; role--) {
		int fd = role == BUFFER ? edge_buffer_fd(gpio->lines.buffer)
					: gpio->reader.fds[role];

		if (fd < 0)
			continue;
		descriptor_name(name, gpio, role);
		gpio->lines.stored = descriptor_store_add(name, fd);
	}
}

void gpio_lines_remove_stored(const struct gpio_lines *gpio)
{
	char name[NAME_SIZE];

	for (int role = 0; role <= BUFFER; role++) {
		descriptor_name(name, gpio, role);
		descriptor_store_remove(name);
	}
}

/* Takes the lines' descriptors, and that of the edge buffer. Returns false if nothing was left. */
static bool take_stored(struct gpio_lines *gpio, int *buffer_fd)
{
	char name[NAME_SIZE];
	bool any = false;

	for (int role = 0; role <= BUFFER; role++) {
		int *fd = role == BUFFER ? buffer_fd : &gpio->reader.fds[role];

		descriptor_name(name, gpio, role);
		*fd = descriptor_store_take(name);
		any |= *fd >= 0;
	}
	return any;
}

static bool adopt_buffer(struct gpio_lines *gpio, int fd, struct fail *fail)
{
	if (fd < 0)
		return fail_set(fail, "there is no edge buffer");
	gpio->reader.buffer = edge_buffer_adopt(fd, &gpio->identity, fail);
	gpio->lines.buffer = gpio->reader.buffer;
	if (!gpio->lines.buffer)
		close(fd);
	return gpio->lines.buffer != NULL;
}

/* The service manager drops a line whose chip is gone. Its last edges are in the edge buffer; those
 * of the other lines may still be in the kernel. */
static void check_missing(struct gpio_lines *gpio)
{
	bool missing = false;

	for (int role = 0; role < LINE_ROLES; role++)
		missing |= gpio->settings->lines[role].given && gpio->reader.fds[role] < 0;
	for (int role = 0; missing && role < LINE_ROLES; role++)
		if (gpio->reader.fds[role] >= 0)
			line_reader_drain(&gpio->reader, (enum line_role)role);
	gpio->reader.gone = missing;
}

struct lines *lines_inherit_gpio(const struct meter_settings *settings, size_t source,
				 const struct resume_point *point, struct counter *counter)
{
	struct fail fail = {0};
	struct gpio_lines *gpio = gpio_lines_new(settings, source, &fail);
	int buffer_fd;

	if (!gpio)
		return NULL;
	if (!take_stored(gpio, &buffer_fd)) {
		gpio->lines.close(&gpio->lines, true);
		return NULL;
	}
	if (adopt_buffer(gpio, buffer_fd, &fail)) {
		check_missing(gpio);
		if (line_reader_start(&gpio->reader, &fail) &&
		    edge_buffer_resume(gpio->lines.buffer, point, counter, &fail)) {
			gpio->started = gpio->lines.stored = true;
			return &gpio->lines;
		}
	}
	log_warning("%s: cannot use the lines that the previous process left: %s; they are opened "
		    "again",
		    gpio->settings->source, fail.text);
	gpio->lines.close(&gpio->lines, false);
	/* A line can be opened again once its last copy is closed. */
	descriptor_store_wait();
	return NULL;
}
