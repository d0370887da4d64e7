/* lines_gpiod.h - opens a GPIO line with libgpiod 1 (lines_gpiod1.c) or 2 (lines_gpiod2.c). Its
 * edges are then read without the library, as the kernel delivers them (edge_buffer.h). */
#ifndef COLLECTOR_METER_INPUT_LINES_GPIOD_H
#define COLLECTOR_METER_INPUT_LINES_GPIOD_H

#include "collector-meter/input/edge_buffer.h"
#include "collector-meter/settings/settings.h"

/* How the descriptors of this library's lines deliver edges. */
extern const enum gpio_abi gpio_abi;

/* Requests the line as an input for both edges, then reads its level. Edges are queued as long as
 * the returned descriptor, or a copy of it in any process, is open; reading it does not block.
 * Negative with a reason. */
int gpio_line_open(const struct line_settings *settings, bool *level, struct fail *fail);

/* Returns a copy of a line's descriptor that does not block: the library closes its own. Negative
 * with a reason. */
int gpio_descriptor(int fd, struct fail *fail);

/* "GPIO line 17 of \"pinctrl-bcm2711\"" or "GPIO line \"GPIO17\"", for messages. */
#define GPIO_LINE_NAME_SIZE 256
void gpio_line_name(char text[GPIO_LINE_NAME_SIZE], const struct line_settings *settings);

#endif
