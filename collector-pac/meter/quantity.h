/* quantity.h - the units in which meters give power and energy. */
#ifndef COLLECTOR_PAC_METER_QUANTITY_H
#define COLLECTOR_PAC_METER_QUANTITY_H

#include <stdbool.h>

enum quantity {
	QUANTITY_POWER,	   /* in W */
	QUANTITY_ENERGY,   /* in Wh */
	QUANTITY_REACTIVE, /* reactive energy, in varh */
	QUANTITY_PULSES,
};

/* Gives the base units in one `unit`: 1000 for "kWh". An empty unit is the base unit. Returns false
 * if it is no unit of the quantity. */
bool quantity_unit(enum quantity quantity, const char *unit, double *base);

/* Returns the units, for errors. */
const char *quantity_units(enum quantity quantity);

#endif
