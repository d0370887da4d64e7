/* GPIO lines with libgpiod 2. */
#include <dirent.h>
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/input/lines_gpiod.h"

#define KERNEL_BUFFER 1024 /* edges; the kernel queues no more for a request */

const enum gpio_abi gpio_abi = GPIO_ABI_2;

struct gpiod2_line {
	struct gpiod_chip *chip;
	unsigned int offset;
	struct gpiod_line_request *request;
};

/* -------- finding the chip and the line -------- */

/* The configuration names a chip by its label, its name or its path. */
static bool is_called(struct gpiod_chip *chip, const char *wanted)
{
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
	bool called;

	if (!info)
		return false;
	called = strcmp(gpiod_chip_info_get_label(info), wanted) == 0 ||
		 strcmp(gpiod_chip_info_get_name(info), wanted) == 0 ||
		 strcmp(gpiod_chip_get_path(chip), wanted) == 0;
	gpiod_chip_info_free(info);
	return called;
}

/* Opens the chip /dev/`name`. NULL if it is not a chip, or may not be opened, which sets `denied`.
 */
static struct gpiod_chip *open_device(const char *name, bool *denied)
{
	char path[300];
	struct gpiod_chip *chip;

	if (strncmp(name, "gpiochip", 8) != 0)
		return NULL;
	snprintf(path, sizeof(path), "/dev/%s", name);
	if (!gpiod_is_gpiochip_device(path))
		return NULL;
	chip = gpiod_chip_open(path);
	if (!chip && (errno == EACCES || errno == EPERM))
		*denied = true;
	return chip;
}

static void add_chip(char *known, size_t size, struct gpiod_chip *chip)
{
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
	size_t length = strlen(known);

	if (!info)
		return;
	snprintf(known + length, size - length, "%s%s (%s, %zu lines)", length ? ", " : "",
		 gpiod_chip_info_get_label(info), gpiod_chip_info_get_name(info),
		 gpiod_chip_info_get_num_lines(info));
	gpiod_chip_info_free(info);
}

/* Returns true if this is the chip of `settings`; sets the line's offset. */
static bool matches(struct gpiod_chip *chip, const struct line_settings *settings,
		    unsigned int *offset)
{
	int found;

	if (!settings->line[0]) {
		*offset = (unsigned int)settings->offset;
		return is_called(chip, settings->chip);
	}
	found = gpiod_chip_get_line_offset_from_name(chip, settings->line);
	*offset = (unsigned int)found;
	return found >= 0;
}

static bool not_found(const struct line_settings *settings, bool denied, const char *known,
		      struct fail *fail)
{
	if (denied)
		return fail_set(fail, "no permission to use it: the user must be in the group of "
				      "/dev/gpiochip*: deploy/gpio/install makes it so");
	if (settings->line[0])
		return fail_set(fail, "no chip has a line of this name, see gpioinfo");
	return fail_set(fail, "there is no chip \"%s\", %s%s", settings->chip,
			known[0] ? "expected one of " : "this machine has no GPIO chip", known);
}

static bool find_line(struct gpiod2_line *line, const struct line_settings *settings,
		      struct fail *fail)
{
	char known[200] = "";
	bool denied = false;
	DIR *devices = opendir("/dev");
	struct dirent *device;

	while (devices && !line->chip && (device = readdir(devices)) != NULL) {
		struct gpiod_chip *chip = open_device(device->d_name, &denied);

		if (!chip)
			continue;
		add_chip(known, sizeof(known), chip);
		if (matches(chip, settings, &line->offset))
			line->chip = chip;
		else
			gpiod_chip_close(chip);
	}
	if (devices)
		closedir(devices);
	return line->chip || not_found(settings, denied, known, fail);
}

/* -------- requesting it -------- */

static struct gpiod_line_config *line_config(const struct line_settings *wanted,
					     unsigned int offset)
{
	static const enum gpiod_line_bias biases[] = {
		[BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
		[BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
		[BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
		[BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
	};
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *config = gpiod_line_config_new();

	if (!settings || !config ||
	    gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) < 0 ||
	    gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH) < 0 ||
	    gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC) < 0 ||
	    gpiod_line_settings_set_bias(settings, biases[wanted->bias]) < 0)
		goto failed;
	gpiod_line_settings_set_active_low(settings, wanted->active_low);
	if (gpiod_line_config_add_line_settings(config, &offset, 1, settings) < 0)
		goto failed;
	gpiod_line_settings_free(settings);
	return config;
failed:
	gpiod_line_settings_free(settings);
	gpiod_line_config_free(config);
	return NULL;
}

static bool request_failed(struct gpiod2_line *line, int error, struct fail *fail)
{
	struct gpiod_line_info *info = gpiod_chip_get_line_info(line->chip, line->offset);
	const char *consumer = info ? gpiod_line_info_get_consumer(info) : NULL;

	if (!info)
		fail_set(fail, "the chip has no such line, see gpioinfo");
	else if (error == EBUSY)
		fail_set(fail,
			 "the line is in use by \"%s\": stop that program, or choose another line",
			 consumer ? consumer : "the kernel");
	else
		fail_set(fail, "cannot be watched for edges: %s", strerror(error));
	gpiod_line_info_free(info);
	return false;
}

static bool request_line(struct gpiod2_line *line, const struct line_settings *settings,
			 struct fail *fail)
{
	struct gpiod_line_config *config = line_config(settings, line->offset);
	struct gpiod_request_config *request = gpiod_request_config_new();

	if (config && request) {
		gpiod_request_config_set_consumer(request, "collector-meter");
		gpiod_request_config_set_event_buffer_size(request, KERNEL_BUFFER);
		line->request = gpiod_chip_request_lines(line->chip, request, config);
	}
	if (!line->request)
		request_failed(line, errno, fail);
	gpiod_request_config_free(request);
	gpiod_line_config_free(config);
	return line->request != NULL;
}

/* -------- the interface -------- */

static int open_line(struct gpiod2_line *line, const struct line_settings *settings, bool *level,
		     struct fail *fail)
{
	enum gpiod_line_value value;

	if (!find_line(line, settings, fail) || !request_line(line, settings, fail))
		return -1;
	value = gpiod_line_request_get_value(line->request, line->offset);
	if (value == GPIOD_LINE_VALUE_ERROR) {
		fail_set(fail, "cannot be read: %s", strerror(errno));
		return -1;
	}
	*level = value == GPIOD_LINE_VALUE_ACTIVE;
	return gpio_descriptor(gpiod_line_request_get_fd(line->request), fail);
}

int gpio_line_open(const struct line_settings *settings, bool *level, struct fail *fail)
{
	char name[GPIO_LINE_NAME_SIZE];
	struct gpiod2_line line = {0};
	int fd = open_line(&line, settings, level, fail);

	gpio_line_name(name, settings);
	if (fd < 0)
		fail_at(fail, "%s", name);
	if (line.request)
		gpiod_line_request_release(line.request);
	if (line.chip)
		gpiod_chip_close(line.chip);
	return fd;
}
