/* number_text.h - measured values for people: no more digits than the meter has. */
#ifndef COLLECTOR_PAC_PROBE_NUMBER_TEXT_H
#define COLLECTOR_PAC_PROBE_NUMBER_TEXT_H

#include "collector-pac/meter/profile.h"

#define NUMBER_TEXT_SIZE 40

/* Writes a number of the value, rounded to what its registers can express, to three decimals at
 * most. */
void number_text(char text[NUMBER_TEXT_SIZE], const struct register_value *value, double number);

/* Writes `number` rounded to `decimals`, without zeros at its end. */
void rounded_text(char text[NUMBER_TEXT_SIZE], double number, int decimals);

#endif
