/* lines_identity.h - which lines an edge buffer belongs to, and the form of their edges. */
#ifndef COLLECTOR_METER_INPUT_LINES_IDENTITY_H
#define COLLECTOR_METER_INPUT_LINES_IDENTITY_H

#include "collector-meter/count/counter.h"

/* How the kernel describes an edge (linux/gpio.h). */
enum gpio_abi {
	GPIO_ABI_1 = 1, /* struct gpioevent_data; libgpiod 1 */
	GPIO_ABI_2 = 2, /* struct gpio_v2_line_event; libgpiod 2 */
};

/* Identifies the lines of a meter: the same text means the same line in the same mode. */
#define LINE_IDENTITY_SIZE 256
struct lines_identity {
	char lines[LINE_ROLES][LINE_IDENTITY_SIZE]; /* "": no such line */
};

#endif
