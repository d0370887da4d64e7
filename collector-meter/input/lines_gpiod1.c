/* GPIO lines with libgpiod 1.6. */
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector-meter/input/lines_gpiod.h"

const enum gpio_abi gpio_abi = GPIO_ABI_1;

struct gpiod1_line {
	struct gpiod_chip *chip;
	struct gpiod_line *line;
};

static bool no_permission(struct fail *fail)
{
	return fail_set(fail, "no permission to use it: the user must be in the group of "
			      "/dev/gpiochip*: deploy/gpio/install makes it so");
}

/* Lists the chips of this machine, to choose from. */
static bool no_chip(const char *wanted, struct fail *fail)
{
	char chips_here[200] = "";
	struct gpiod_chip_iter *chips;
	struct gpiod_chip *chip;

	if (errno == EACCES || errno == EPERM)
		return no_permission(fail);
	chips = gpiod_chip_iter_new();
	while (chips && (chip = gpiod_chip_iter_next(chips)) != NULL) {
		size_t length = strlen(chips_here);

		snprintf(chips_here + length, sizeof(chips_here) - length, "%s%s (%s, %u lines)",
			 length ? ", " : "", gpiod_chip_label(chip), gpiod_chip_name(chip),
			 gpiod_chip_num_lines(chip));
	}
	if (chips)
		gpiod_chip_iter_free(chips);
	return fail_set(fail, "there is no chip \"%s\", %s%s", wanted,
			chips_here[0] ? "expected one of " : "this machine has no GPIO chip",
			chips_here);
}

static bool find_line(struct gpiod1_line *line, const struct line_settings *settings,
		      struct fail *fail)
{
	if (settings->line[0]) {
		line->line = gpiod_line_find(settings->line);
		if (!line->line && (errno == EACCES || errno == EPERM))
			return no_permission(fail);
		if (!line->line)
			return fail_set(fail, "no chip has a line of this name, see gpioinfo");
		line->chip = gpiod_line_get_chip(line->line);
		return true;
	}
	line->chip = gpiod_chip_open_lookup(settings->chip);
	if (!line->chip)
		return no_chip(settings->chip, fail);
	if (settings->offset >= gpiod_chip_num_lines(line->chip))
		return fail_set(fail, "the chip has only the lines 0 to %u",
				gpiod_chip_num_lines(line->chip) - 1);
	line->line = gpiod_chip_get_line(line->chip, (unsigned int)settings->offset);
	return line->line || fail_set(fail, "%s", strerror(errno));
}

static int request_flags(const struct line_settings *settings)
{
	static const int biases[] = {
		[BIAS_AS_IS] = 0,
		[BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
		[BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
		[BIAS_DISABLED] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
	};

	return biases[settings->bias] |
	       (settings->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
}

static bool request_line(struct gpiod1_line *line, const struct line_settings *settings,
			 struct fail *fail)
{
	const char *consumer;
	int error;

	if (gpiod_line_request_both_edges_events_flags(line->line, "collector-meter",
						       request_flags(settings)) == 0)
		return true;
	error = errno;
	consumer = gpiod_line_consumer(line->line);
	if (error == EBUSY)
		return fail_set(
			fail,
			"the line is in use by \"%s\": stop that program, or choose another line",
			consumer ? consumer : "the kernel");
	return fail_set(fail, "cannot be watched for edges: %s", strerror(error));
}

static int open_line(struct gpiod1_line *line, const struct line_settings *settings, bool *level,
		     struct fail *fail)
{
	int value;

	if (!find_line(line, settings, fail) || !request_line(line, settings, fail))
		return -1;
	value = gpiod_line_get_value(line->line);
	if (value < 0) {
		fail_set(fail, "cannot be read: %s", strerror(errno));
		return -1;
	}
	*level = value;
	return gpio_descriptor(gpiod_line_event_get_fd(line->line), fail);
}

int gpio_line_open(const struct line_settings *settings, bool *level, struct fail *fail)
{
	char name[GPIO_LINE_NAME_SIZE];
	struct gpiod1_line line = {0};
	int fd = open_line(&line, settings, level, fail);

	gpio_line_name(name, settings);
	if (fd < 0)
		fail_at(fail, "%s", name);
	/* This also releases its lines. */
	if (line.chip)
		gpiod_chip_close(line.chip);
	return fd;
}
