/* lines_gpiod.h - one GPIO line by libgpiod 1 (lines_gpiod1.c) or 2 (lines_gpiod2.c). */
#ifndef COLLECTOR_METER_LINES_GPIOD_H
#define COLLECTOR_METER_LINES_GPIOD_H

#include "collector-meter/edge.h"
#include "collector-meter/settings.h"

struct gpio_line;

/* Requests the line as an input for both edges. NULL with a reason. */
struct gpio_line *gpio_line_open(const struct line_settings *settings, struct fail *fail);
void gpio_line_close(struct gpio_line *line);

/* Readable when there are edges. */
int gpio_line_fd(const struct gpio_line *line);

/* The level now: 0 or 1; negative, with a reason, on failure. */
int gpio_line_level(struct gpio_line *line, struct fail *fail);

#define GPIO_EDGES 64 /* the most that one call reads */

/* Reads edges (on, t in CLOCK_MONOTONIC, lost); waits if there are none. How many, or negative
 * with a reason. */
int gpio_line_read(struct gpio_line *line, struct edge edges[GPIO_EDGES], struct fail *fail);

/* "line 17 of pinctrl-bcm2711" or "line \"GPIO17\"", for messages. */
#define GPIO_PLACE_SIZE 256
void gpio_place(char text[GPIO_PLACE_SIZE], const struct line_settings *settings);

#endif
