/* lines_gpiod.h - opens a GPIO line by libgpiod 1 (lines_gpiod1.c) or 2 (lines_gpiod2.c). What
 * follows needs no library: its edges are read as the kernel gives them (journal.h). */
#ifndef COLLECTOR_METER_INPUT_LINES_GPIOD_H
#define COLLECTOR_METER_INPUT_LINES_GPIOD_H

#include "collector-meter/input/edge_buffer.h"
#include "collector-meter/settings/settings.h"

/* How the descriptors of this library's lines tell edges. */
extern const enum gpio_abi gpio_abi;

/* Requests the line as an input for both edges, then reads its level. It is watched as long as the
 * descriptor that is returned, or a copy of it anywhere, is open; reading it does not wait.
 * Negative with a reason. */
int gpio_line_open(const struct line_settings *settings, bool *level, struct fail *fail);

/* A copy of a line's descriptor that reading does not wait for: the library closes its own with
 * what it belongs to. Negative with a reason. */
int gpio_descriptor(int fd, struct fail *fail);

/* "line 17 of pinctrl-bcm2711" or "line \"GPIO17\"", for messages. */
#define GPIO_PLACE_SIZE 256
void gpio_place(char text[GPIO_PLACE_SIZE], const struct line_settings *settings);

#endif
