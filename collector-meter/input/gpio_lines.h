/* gpio_lines.h - the GPIO lines of one source; for lines_gpio.c and lines_inherit.c only. */
#ifndef COLLECTOR_METER_INPUT_GPIO_LINES_H
#define COLLECTOR_METER_INPUT_GPIO_LINES_H

#include "collector-meter/input/line_reader.h"
#include "collector-meter/input/lines.h"

struct gpio_lines {
	struct lines lines; /* the first field */
	struct line_reader reader;
	size_t source;
	const struct source_settings *settings;
	struct lines_identity identity;
	ns_t start;
	bool start_returned, started;
	bool level_due[LINE_ROLES]; /* on at the start, and still to be returned */
	ns_t newest;		    /* time of the newest edge that was returned */
};

/* Not open yet. NULL with a reason. */
struct gpio_lines *gpio_lines_new(const struct meter_settings *settings, size_t source,
				  struct fail *fail);

/* The service manager's copies of the descriptors: the lines' and the edge buffer's. */
void gpio_lines_store(struct gpio_lines *gpio);
void gpio_lines_remove_stored(const struct gpio_lines *gpio);

#endif
